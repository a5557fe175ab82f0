/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite paths: that each fault path serves what it should, and which one did.
 */
#include "kernel/errno.h"
#include "kernel/string.h"
#include "arch/mmu.h"
#include "arch/uaccess.h"
#include "lab/sync.h"
#include "tests/kernel/test.h"

/*
 * Speculation makes no page table, so the first write in a fresh 2 MiB range is classic
 * (reason no_pmd), and every further one is speculative. The program counts its own faults.
 */
TEST(paths, first_touch, "N first writes in fresh 2 MiB: 1 classic, N-1 speculative",
     .both_paths = true)
{
	unsigned int pages = min(200u, (unsigned int)(PMD_SIZE / PAGE_SIZE)); /* of a table */
	struct process_result result;

	test_program(t, t->path, NULL, &result, "firsttouch", "--pages", test_number(pages));
	test_note_faults(t, &result.faults);
	if (t->path == FAULT_PATH_CLASSIC)
		EXPECT_EQ(t, result.faults.spf_attempts, 0);
	else
		EXPECT_OP(t, result.faults.spf[SPF_OK], >=, pages - 1);
	if (t->path == FAULT_PATH_SPF)
		test_shown(t, "%u first writes in fresh 2 MiB: 1 classic fault, %u speculative",
			   pages, pages - 1);
}

TEST(paths, every_cpu_faults, "a thread on each CPU writes pages of its own", .both_paths = true)
{
	struct process_result result;

	test_program(t, t->path, NULL, &result, "spread", "--threads", test_number(nr_cpus));
	test_note_faults(t, &result.faults);
}

/* The counters of a run with @rounds faults of each kind. */
static struct fault_stats kinds(struct test_run *t, unsigned int rounds)
{
	struct process_result result;

	test_program(t, t->path, NULL, &result, "kinds", "--rounds", test_number(rounds));
	return result.faults;
}

/*
 * Each kind of fault has its counter. Two runs differ by a number of faults of each kind, all else
 * is the same; so their counters differ by just that number.
 */
TEST(paths, kinds_counted, "N more faults of each kind add N to its counter", .both_paths = true)
{
	struct fault_stats few = kinds(t, 10), many = kinds(t, 90);

	EXPECT_EQ(t, many.zero_read - few.zero_read, 80);
	EXPECT_EQ(t, many.zero_cow - few.zero_cow, 80);
	EXPECT_EQ(t, many.anon_write - few.anon_write, 160); /* the program's and the kernel's */
	EXPECT_EQ(t, many.wp_reuse - few.wp_reuse, 80);
	EXPECT_EQ(t, many.signals - few.signals, 80);
	EXPECT_EQ(t, many.uaccess - few.uaccess, 80);
	EXPECT_EQ(t, many.spurious - few.spurious, 0);
	/* Only a region's first write needs classic help; its reads never do. */
	EXPECT_EQ(t, many.spf[SPF_NO_ANON_VMA] - few.spf[SPF_NO_ANON_VMA], 0);
}

/* Both paths have a name, by which the command line finds them, and no other word does. */
TEST(paths, names, "each path is found by its name, and nothing by another word")
{
	enum fault_path found = NR_FAULT_PATHS;

	for (unsigned int path = 0; path < NR_FAULT_PATHS; path++) {
		EXPECT_EQ(t, fault_path_by_name(fault_path_name((enum fault_path)path), &found), 0);
		EXPECT_EQ(t, found, path);
	}
	EXPECT_EQ(t, fault_path_by_name("another", &found), -EINVAL);
	EXPECT_EQ(t, found, NR_FAULT_PATHS - 1);
}

/* A thread of the kernel has no address space that a fault could be served in. */
TEST(paths, no_address_space, "user memory cannot be had by a thread that has none")
{
	u64 value;

	EXPECT_EQ(t, copy_from_user(&value, (const void *)0x20000000UL, sizeof(value)), -EFAULT);
}

#if LAB
/*
 * The point of the series: a writer is parked while it holds mmap_sem for writing. Faults in
 * another VMA go on speculatively, a thousand of them; a classic one waits until the writer goes.
 */
TEST(paths, parked_writer, "1000 speculative faults complete while a writer holds mmap_sem",
     .min_cpus = 3)
{
	struct process_result result;

	test_scheduled(t, "prctl_pass>munmap_write_held", &result, "parked");
	test_note_faults(t, &result.faults);
	EXPECT_OP(t, result.faults.spf[SPF_OK], >=, 1000);
	test_shown(t, "1000 speculative faults went on while a writer held mmap_sem");
}
#endif
