/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mutant that is on, its counter, and the record of what tests reach. Set once at boot, by the
 * boot CPU; the counters are plain and not exact when CPUs race. No locks: any context.
 */
#include "lab/mutant.h"

#if LAB && MUTANTS
#include "arch/console.h"
#include "arch/power.h"
#include "kernel/atomic.h"
#include "kernel/cmdline.h"
#include "kernel/errno.h"
#include "kernel/exit.h"
#include "kernel/printk.h"
#include "kernel/run.h"
#include "kernel/string.h"

u32 mutant_now;

static u64 hits;
static u32 announced;
static bool parsed; /* the command line is, so that control_print knows its channel */
static u8 reached[MUTANTS + 1];

static void announce(void)
{
	static const char line[] = "mutant_hits=1\n";

	if (parsed)
		control_print(line);
	else
		arch_console_write(CONSOLE_CONTROL, line, sizeof(line) - 1);
}

bool mutant_reach(u32 id)
{
	if (READ_ONCE(mutant_now) == MUTANT_RECORD) {
		WRITE_ONCE(reached[id], 1);
		return false;
	}
	WRITE_ONCE(hits, hits + 1);
	/* At once: whoever meets the defect may not live to tell. */
	if (!READ_ONCE(announced) && !cmpxchg(&announced, 0, 1))
		announce();
	return true;
}

void mutant_choose(const char *words)
{
	for (; *words; words++) {
		char word[sizeof(cmdline.mutant)];
		size_t n = 0;

		if (strncmp(words, "mutant=", 7))
			continue;
		for (words += 7; words[n] && words[n] != ' ';)
			n++;
		strlcpy(word, words, min(n + 1, sizeof(word)));
		mutant_set(word);
		parsed = false;
		return;
	}
}

int mutant_set(const char *word)
{
	u64 number = 0;

	parsed = true;
	if (!strcmp(word, "record"))
		number = MUTANT_RECORD;
	else if (word[0] && (parse_u64(word, &number) || !number || number > MUTANTS))
		return -EINVAL;
	WRITE_ONCE(mutant_now, (u32)number);
	return 0;
}

void mutant_report_hits(void)
{
	if (mutant_now && mutant_now != MUTANT_RECORD)
		control_print("mutant_hits=%lu\n", (unsigned long)hits);
}

/* One line for each 256 mutants of which some were reached: bits, the lowest number first. */
static void report_reached(const char *who)
{
	for (u32 base = 0; base <= MUTANTS; base += 256) {
		char text[65] = "";
		u8 any = 0;

		for (u32 digit = 0; digit < 64; digit++) {
			u8 bits = 0;

			for (u32 bit = 0; bit < 4 && base + digit * 4 + bit <= MUTANTS; bit++)
				bits |= (u8)(xchg(&reached[base + digit * 4 + bit], 0) << bit);
			snprintf(text + digit, 2, "%x", bits);
			any |= bits;
		}
		if (any)
			control_print("reach_%s_%u=%s\n", who, base, text);
	}
}

void mutant_after_boot(void)
{
	if (mutant_now == MUTANT_RECORD)
		report_reached("boot");
}

void mutant_after_test(const char *suite, const char *name, bool failed)
{
	char who[96];

	if (mutant_now == MUTANT_RECORD) {
		snprintf(who, sizeof(who), "%s.%s", suite, name);
		report_reached(who);
	} else if (mutant_now && failed) {
		mutant_report_hits();
		arch_exit(EXIT_FAIL);
	}
}
#endif
