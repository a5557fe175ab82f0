/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `firsttouch --pages N`: N first writes in a fresh 2 MiB range.
 *
 * Speculation never makes a page table (INV-2): the first write finds none, gives up with reason
 * no_pmd and is handled classically; the table is there then, and the other N - 1 are handled
 * speculatively. For that the VMA has its anon_vma from a write in another 2 MiB range, made
 * before, and nothing else faults in between. On the classic path all N are classic. The counters
 * of the address space must agree (INV-9).
 */
#include "tests/user/util.h"

#define SPAN (8 * 1024 * 1024UL) /* aligned to itself, so in one table of the level above */

static unsigned long sum_aborts(const struct fl_counts *before, const struct fl_counts *after)
{
	unsigned long sum = 0;

	for (size_t i = 0; i < sizeof(after->aborts) / sizeof(after->aborts[0]); i++)
		sum += after->aborts[i] - before->aborts[i];
	return sum;
}

static void check_counts(const struct fl_counts *before, const struct fl_counts *after,
			 unsigned long pages)
{
	bool spf = !strcmp(fl_path_name(), "spf");
	unsigned long ok = after->spf_ok - before->spf_ok;
	unsigned long classic = after->classic - before->classic;
	unsigned long attempts = after->spf_attempts - before->spf_attempts;
	unsigned long no_pmd = after->aborts[FL_ABORT_NO_PMD] - before->aborts[FL_ABORT_NO_PMD];
	unsigned long aborts = sum_aborts(before, after);

	printf("%s: %lu first writes: %lu speculative, %lu classic, %lu of them after no_pmd\n",
	       fl_path_name(), pages, ok, classic, no_pmd);
	check(after->faults - before->faults == pages, "%lu faults",
	      (unsigned long)(after->faults - before->faults));
	check(classic == (spf ? 1 : pages), "%lu classic faults", classic);
	check(ok == (spf ? pages - 1 : 0), "%lu speculative faults", ok);
	check(no_pmd == (spf ? 1 : 0), "%lu times no_pmd", no_pmd);
	check(attempts == ok + aborts && aborts == no_pmd, "%lu attempts, %lu given up", attempts,
	      aborts);
}

static int firsttouch_main(int argc, char **argv)
{
	static struct fl_counts before, after;
	unsigned long pages = TABLE_SPAN / page_size();
	const struct user_option options[] = {{"pages", OPTION_NUMBER, &pages}, {0}};
	char *region;
	bool counted;

	parse_options(argc, argv, options);
	if (pages < 1 || pages > TABLE_SPAN / page_size())
		usage("--pages is 1 to %lu", (unsigned long)(TABLE_SPAN / page_size()));
	region = map_island(SPAN, SPAN);
	warm_up();
	*page_word(region, 0) = 1;
	counted = fl_get_counts(&before);
	for (unsigned long i = 0; i < pages; i++)
		*page_word(region + TABLE_SPAN, i) = i + 1;
	fl_get_counts(&after);
	for (unsigned long i = 0; i < pages; i++)
		check(*page_word(region + TABLE_SPAN, i) == i + 1, "page %lu lost its value", i);
	if (counted)
		check_counts(&before, &after, pages);
	return 0;
}

USER_PROGRAM("firsttouch", firsttouch_main, "first writes in 2 MiB: one classic, the rest not");
