/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mutant that is on, its counter, and the record of what tests reach. Set once at boot, by the
 * boot CPU; the counters are plain and not exact when CPUs race. No locks: any context.
 */
#include "lab/mutant.h"

#if LAB && MUTANTS
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
static u8 reached[MUTANTS + 1];

bool mutant_reach(u32 id)
{
	if (READ_ONCE(mutant_now) == MUTANT_RECORD) {
		WRITE_ONCE(reached[id], 1);
		return false;
	}
	WRITE_ONCE(hits, hits + 1);
	/* At once: whoever meets the defect may not live to tell. */
	if (!READ_ONCE(announced) && !cmpxchg(&announced, 0, 1))
		control_print("mutant_hits=1\n");
	return true;
}

/* The value of @name in @words, up to the next space, in @value; or nothing. */
static void find_word(const char *words, const char *name, char *value, size_t size)
{
	size_t len = strlen(name);

	value[0] = '\0';
	while (*words) {
		size_t n = 0;

		while (words[n] && words[n] != ' ')
			n++;
		if (n >= len && !strncmp(words, name, len))
			strlcpy(value, words + len, min(n - len + 1, size));
		words += n + (words[n] == ' ');
	}
}

/* Hits are told at once, so it must be known where. A wrong word is left to mutant_set. */
void mutant_choose_early(const char *words)
{
	char value[16];

	find_word(words, "channels=", value, sizeof(value));
	cmdline.split_channels = !strcmp(value, "split");
	find_word(words, "mutant=", value, sizeof(value));
	mutant_set(value);
}

int mutant_set(const char *word)
{
	u64 number = 0;

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
