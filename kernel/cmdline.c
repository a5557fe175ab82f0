/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's command line: one table of words, each with its parser and its place.
 *
 * Runs once on the boot CPU before anything else looks at the result; no locks. What only another
 * part can judge (ptl, spf, bug, sched, test) is stored as it came and judged there.
 * docs/command-line.md is the same table for people.
 */
#include "kernel/cmdline.h"
#include "kernel/errno.h"
#include "kernel/printk.h"
#include "kernel/string.h"
#include "kernel/time.h"
#include "lab/quarantine.h"
#include "mm/gather.h"

struct cmdline cmdline = {
	.fault = FAULT_PATH_SPF,
	.ptl = "abort",
	.seed = 1,
	.gather = 16,
	.limit_s = 20,
	.pagealloc = LAB ? PAGE_CHECKS_POISON : PAGE_CHECKS_PLAIN,
	.quarantine = QUARANTINE_DEFAULT,
};

struct word {
	const char *name;
	int (*parse)(const struct word *word, const char *value); /* 0 or -EINVAL */
	void *place;
	u64 min, max; /* of a number; of a text, its size in max */
	const char *accepts;
};

static int parse_text(const struct word *word, const char *value)
{
	return strlcpy(word->place, value, word->max) < word->max ? 0 : -EINVAL;
}

static int parse_number(const struct word *word, const char *value)
{
	u64 n;

	if (parse_u64(value, &n) || n < word->min || n > word->max)
		return -EINVAL;
	*(u64 *)word->place = n;
	return 0;
}

static int parse_fault(const struct word *word, const char *value)
{
	cmdline.fault_given = true;
	return fault_path_by_name(value, word->place);
}

static int parse_mode(const struct word *word, const char *value)
{
	static const char *const names[] = {
		[MODE_KVM] = "kvm",
		[MODE_INTERLEAVED] = "interleaved",
		[MODE_PARALLEL] = "parallel",
		[MODE_REPLAY] = "replay",
	};

	for (unsigned int mode = MODE_KVM; mode < ARRAY_SIZE(names); mode++) {
		if (strcmp(value, names[mode]))
			continue;
		*(enum run_mode *)word->place = mode;
		return 0;
	}
	return -EINVAL;
}

static int parse_lockdep(const struct word *word, const char *value)
{
	static const char *const names[] = {
		[LOCKDEP_MODE_ON] = "on",
		[LOCKDEP_MODE_OFF] = "off",
		[LOCKDEP_MODE_GRAPH] = "graph",
	};

	for (unsigned int mode = LOCKDEP_MODE_ON; mode < ARRAY_SIZE(names); mode++) {
		if (strcmp(value, names[mode]))
			continue;
		*(enum lockdep_mode *)word->place = mode;
		return 0;
	}
	return -EINVAL;
}

static int parse_flag(const struct word *word, const char *value)
{
	if (strcmp(value, "0") && strcmp(value, "1"))
		return -EINVAL;
	*(bool *)word->place = value[0] == '1';
	return 0;
}

static int parse_watchdog(const struct word *word, const char *value)
{
	cmdline.watchdog_given = true;
	cmdline.watchdog_off = !strcmp(value, "off");
	return cmdline.watchdog_off ? 0 : parse_number(word, value);
}

static int parse_switch(const struct word *word, const char *value)
{
	if (strcmp(value, "on") && strcmp(value, "off"))
		return -EINVAL;
	*(bool *)word->place = !strcmp(value, "on");
	return 0;
}

static int parse_channels(const struct word *word, const char *value)
{
	if (strcmp(value, "split") && strcmp(value, "one"))
		return -EINVAL;
	*(bool *)word->place = !strcmp(value, "split");
	return 0;
}

static int parse_pagealloc(const struct word *word, const char *value)
{
	static const char *const names[] = {
		[PAGE_CHECKS_PLAIN] = "plain",
		[PAGE_CHECKS_POISON] = "poison",
		[PAGE_CHECKS_DEBUG] = "debug",
	};

	for (unsigned int i = 0; i < (LAB ? ARRAY_SIZE(names) : PAGE_CHECKS_PLAIN + 1U); i++) {
		if (strcmp(value, names[i]))
			continue;
		*(enum page_checks *)word->place = (enum page_checks)i;
		return 0;
	}
	return -EINVAL;
}

#define TEXT(n, what) { #n, parse_text, cmdline.n, 0, sizeof(cmdline.n), what }

static const struct word words[] = {
	TEXT(test, "globs of test names, comma-separated"),
	{ "fault", parse_fault, &cmdline.fault, 0, 0, "classic or spf" },
	TEXT(ptl, "the name of a PTL policy"),
	TEXT(spf, "the name of a preset of the speculative path"),
	TEXT(bug, "names of bug switches, comma-separated"),
	TEXT(sched, "orders of sync points, comma-separated"),
	TEXT(mutant, "the number of a mutant, or record"),
	TEXT(explore, "a number of schedules, or all"),
	TEXT(explore_from, "a test and the number of its schedule, SUITE.TEST:K"),
	{ "explore_stop", parse_flag, &cmdline.explore_stop, 0, 0, "0 or 1" },
	TEXT(preempt, "preemptions CPU:POINT*N, comma-separated, or none"),
	TEXT(trace, "all, or what to trace, comma-separated"),
	{ "seed", parse_number, &cmdline.seed, 0, U64_MAX, "a number" },
	{ "gather", parse_number, &cmdline.gather, 1, GATHER_BATCH_MAX, "1 to 512 pages" },
	{ "pagealloc", parse_pagealloc, &cmdline.pagealloc, 0, 0,
	  LAB ? "plain, poison or debug" : "plain; poison and debug need a kernel with LAB=1" },
	{ "quarantine", parse_number, &cmdline.quarantine, 1, QUARANTINE_MAX, "1 to 65536 pages" },
	{ "cpus", parse_number, &cmdline.cpus, 1, NR_CPUS, "a number of CPUs" },
	{ "limit", parse_number, &cmdline.limit_s, 1, 1000000, "1 to 1000000 seconds" },
	{ "watchdog", parse_watchdog, &cmdline.watchdog_s, 1, 1000000,
	  "1 to 1000000 seconds, or off" },
	{ "mode", parse_mode, &cmdline.mode, 0, 0, "kvm, interleaved, parallel or replay" },
	{ "channels", parse_channels, &cmdline.split_channels, 0, 0, "split or one" },
	TEXT(exec, "the path of a program in the initrd"),
	TEXT(list, "what to list"),
	TEXT(show, "what to explain"),
	TEXT(flush, "ipi or tlbie"),
	TEXT(free, "ipi or rcu"),
	TEXT(grade, "the grade of the machine"),
	{ "lockdep", parse_lockdep, &cmdline.lockdep, 0, 0, "on, off or graph" },
	{ "shadow", parse_switch, &cmdline.shadow, 0, 0, "on or off" },
	{ "probe", parse_flag, &cmdline.probe, 0, 0, "0 or 1" },
	{ "probes", parse_flag, &cmdline.probes, 0, 0, "0 or 1" },
};

static const struct word *word_find(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(words[i].name, name))
			return &words[i];
	return NULL;
}

/* @text is one word, name=value, and is cut in two in place. */
static int parse_word(char *text)
{
	char *value = strchr(text, '=');
	const struct word *word;

	if (value)
		*value++ = '\0';
	word = word_find(text);
	if (!word) {
		printk("command line: unknown word '%s'", text);
		return -EINVAL;
	}
	if (!value || word->parse(word, value)) {
		printk("command line: bad value in '%s=%s': %s", text, value ? value : "",
		       word->accepts);
		return -EINVAL;
	}
	return 0;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

int cmdline_parse(const char *text)
{
	char word[600];
	int error = 0;

	for (;;) {
		size_t n = 0;

		while (is_space(*text))
			text++;
		if (!*text)
			break;
		while (text[n] && !is_space(text[n]))
			n++;
		strlcpy(word, text, min(n + 1, sizeof(word)));
		if (parse_word(word))
			error = -EINVAL;
		text += n;
	}
	gather_batch = (unsigned int)cmdline.gather;
	wait_limit_ns = cmdline.limit_s * NSEC_PER_SEC;
	return error;
}
