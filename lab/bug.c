/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of bug switches. Set at boot or by tests while nothing else runs; read anywhere.
 */
#include "lab/bug.h"

#if LAB
#include "kernel/errno.h"
#include "kernel/printk.h"
#include "kernel/run.h"
#include "kernel/string.h"

struct bug_switch bug_switches[NR_BUGS] = {
#define X(n, w) [BUG_##n] = { .name = #n, .what = (w) },
	BUG_LIST(X)
#undef X
};

bool bug_hit(enum bug_id id)
{
	WRITE_ONCE(bug_switches[id].hits, bug_switches[id].hits + 1);
	return true;
}

void bug_set(enum bug_id id, bool on)
{
	WRITE_ONCE(bug_switches[id].on, on);
}

u64 bug_hits(enum bug_id id)
{
	return READ_ONCE(bug_switches[id].hits);
}

static int bug_set_one(const char *name, size_t len)
{
	for (unsigned int i = 0; i < NR_BUGS; i++)
		if (strlen(bug_switches[i].name) == len &&
		    !strncmp(bug_switches[i].name, name, len)) {
			bug_set((enum bug_id)i, true);
			return 0;
		}
	printk("error: bug=%.*s: no such bug switch", (int)len, name);
	return -EINVAL;
}

int bug_set_list(const char *names)
{
	while (*names) {
		const char *comma = strchr(names, ',');
		size_t len = comma ? (size_t)(comma - names) : strlen(names);

		if (bug_set_one(names, len))
			return -EINVAL;
		names += len + (comma != NULL);
	}
	return 0;
}

void bug_report_hits(void)
{
	for (unsigned int i = 0; i < NR_BUGS; i++)
		if (bug_switches[i].on || bug_switches[i].hits)
			control_print("bug_%s_hits=%lu\n", bug_switches[i].name,
				      (unsigned long)bug_switches[i].hits);
}

void bug_print_list(void)
{
	for (unsigned int i = 0; i < NR_BUGS; i++)
		printk("bug %-20s %s", bug_switches[i].name, bug_switches[i].what);
}
#endif
