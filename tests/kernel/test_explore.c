/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite explore: scenarios without a schedule of their own.
 *
 * In each a thread faults while another changes the address space, once or a few times, and the
 * program checks what must hold in whatever order the two go (tests/user/meet.c, zap.c). Run as
 * they are they show little: the two hardly meet. They are there for explore=, which runs each
 * under many schedules, and for preempt=, which repeats one: docs/exploration.md.
 */
#include "mm/gather.h"
#include "mm/vma_walk.h"
#include "tests/kernel/test.h"

static void scenario(struct test_run *t, const char *change)
{
	struct process_result result;

	test_program(t, t->path, NULL, &result, "meet", "--change", change);
}

TEST(explore, unmap, "a write meets the unmapping of its VMA", .min_cpus = 2, .both_paths = true,
     .explorable = true)
{
	scenario(t, "unmap");
}

TEST(explore, table, "a write meets the freeing of its page table", .min_cpus = 2,
     .both_paths = true, .explorable = true)
{
	scenario(t, "table");
}

TEST(explore, protect, "a write meets the protection of its page, which splits the VMA",
     .min_cpus = 2, .both_paths = true, .explorable = true)
{
	scenario(t, "protect");
}

TEST(explore, rights, "writes by an old translation meet the protection of their page",
     .min_cpus = 2, .both_paths = true, .explorable = true)
{
	scenario(t, "rights");
}

TEST(explore, replace, "accesses meet the replacing of their page", .min_cpus = 2,
     .both_paths = true, .explorable = true)
{
	scenario(t, "replace");
}

/* Without loops a walk is short, whatever rotation it meets (hazard 7.7). */
TEST(explore, map, "faults in holes meet the mapping and unmapping around them", .min_cpus = 2,
     .both_paths = true, .explorable = true)
{
	vma_walk_longest = 0;
	scenario(t, "map");
	EXPECT_OP(t, vma_longest_walk(), <, 40);
}

/* More pages than a batch holds: some are flushed with the lock of the page table held (INV-4). */
TEST(explore, zap, "a write meets the unmapping of other pages under its page table",
     .min_cpus = 2, .both_paths = true, .explorable = true)
{
	struct process_result result;

	test_program(t, t->path, NULL, &result, "zap", "--faulters", "1", "--pages",
		     test_number(min(gather_batch + 8, 200u)));
}
