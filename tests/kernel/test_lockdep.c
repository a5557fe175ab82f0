/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite lockdep: it finds the deadlocks of the speculative page fault series in runs in which
 * nothing hangs, and does not find them in the series' own fixes.
 *
 * - The page-table lock against acknowledgements (hazard 9.1). A munmap flushes with the lock held;
 *   when it is through, a fault on another CPU tries for a lock that nobody holds, by a policy that
 *   would have waited, interrupts off. There is no contention: the watchdog has nothing to see.
 * - i_mmap_rwsem against vm_sequence (hazard 5.1): the report that made patch 05 of the series,
 *   with the same three classes in its cycle; and reclaim, which made a cycle of patch 05.
 *
 * All are orders in which programs' system calls take locks of the kernel; each has its negative.
 */
#include "kernel/string.h"
#include "lab/bug.h"
#include "lab/lockdep.h"
#include "lab/sync.h"
#include "lab/watchdog.h"
#include "mm/gather.h"
#include "mm/tlb.h"
#include "tests/kernel/test.h"

#if LAB
static bool lockdep_missing(struct test_run *t)
{
	if (!lockdep_is_on())
		test_skip(t, "lockdep=off");
	return !lockdep_is_on();
}

/* Reports that @ptl brings about where the fault begins when the unmapping is done. */
static unsigned int run_one_after_the_other(struct test_run *t, const char *ptl)
{
	unsigned int reports = lockdep_reports(), watchdogs = watchdog_reports();
	unsigned int pages = min(gather_batch + 8, 200u);
	struct process_result result;
	char why[200];

	if (sync_arm("spf_begin>munmap_write_held,munmap_done>spf_begin"))
		test_error(t, "bad schedule");
	test_program(t, FAULT_PATH_SPF, ptl, &result, "zap", "--faulters", "1", "--pages",
		     test_number(pages));
	if (sync_disarm(why, sizeof(why)))
		test_error(t, "%s", why);
	EXPECT_OP(t, sync_reached(SYNC_gather_full_ptl), >=, 1);
	EXPECT_EQ(t, sync_reached(SYNC_spf_ptl_refused), 0);
	EXPECT_EQ(t, watchdog_reports(), watchdogs);
	return lockdep_reports() - reports;
}

TEST(lockdep, ptl_wait_without_race, "ptl=spin is reported though nobody ever waits",
     .min_cpus = 2)
{
	if (lockdep_missing(t))
		return;
	if (tlb_flush_mode != TLB_FLUSH_IPI) {
		test_skip(t, "nobody is waited for with flush=tlbie");
		return;
	}
	lockdep_expect(LOCKDEP_EXPECT_REPORTS);
	EXPECT_EQ(t, run_one_after_the_other(t, "spin"), 1);
	EXPECT_EQ(t, lockdep_last_kind(), LOCKDEP_IPI);
	EXPECT(t, !strcmp(lockdep_last_cycle(), "ptl (spinlock) -> ipi_ack -> ptl (spinlock)") ||
			  !strcmp(lockdep_last_cycle(), "ipi_ack -> ptl (spinlock) -> ipi_ack"));
	lockdep_expect(LOCKDEP_EXPECT_NOTHING);
	test_shown(t, "the deadlock of ptl=spin was found in a run in which nothing waited");
}

/* The same program, the same schedule: neither way waits with interrupts off. */
TEST(lockdep, ptl_try_without_race, "ptl=abort and ptl=loop are not reported", .min_cpus = 2)
{
	if (lockdep_missing(t))
		return;
	EXPECT_EQ(t, run_one_after_the_other(t, "abort"), 0);
	EXPECT_EQ(t, run_one_after_the_other(t, "loop"), 0);
}

/* Runs `holes` with one of the switches of mm/vma_order.h on; the number of reports. */
static unsigned int run_holes(struct test_run *t, enum bug_id id)
{
	unsigned int reports = lockdep_reports();
	bool was_on = bug_switches[id].on;
	struct process_result result;
	u64 hits = bug_hits(id);

	bug_set(id, true);
	test_program(t, FAULT_PATH_SPF, NULL, &result, "holes");
	bug_set(id, was_on);
	EXPECT_OP(t, bug_hits(id), >, hits);
	return lockdep_reports() - reports;
}

static void expect_cycle(struct test_run *t, enum bug_id id, unsigned int reports,
			 const char *cycle)
{
	lockdep_expect(LOCKDEP_EXPECT_REPORTS);
	EXPECT_EQ(t, run_holes(t, id), reports);
	lockdep_expect(LOCKDEP_EXPECT_NOTHING);
	EXPECT_EQ(t, lockdep_last_kind(), LOCKDEP_CYCLE);
	if (strcmp(lockdep_last_cycle(), cycle))
		test_fail(t, "expected %s, got %s", cycle, lockdep_last_cycle());
	test_shown(t, "%s: %s", bug_switches[id].name, cycle);
}

/* The section that takes i_mmap_rwsem is against the declared order, too, and comes first. */
TEST(lockdep, i_mmap_patch_04, "vm_sequence opened before i_mmap_rwsem: the report of patch 05")
{
	if (!lockdep_missing(t))
		expect_cycle(t, BUG_rmap_locks_p04, 2,
			     "vm_sequence -> vm_sequence/1 -> i_mmap_rwsem -> vm_sequence");
}

TEST(lockdep, i_mmap_patch_05, "i_mmap_rwsem taken before vm_sequence: nothing to report")
{
	if (!lockdep_missing(t))
		EXPECT_EQ(t, run_holes(t, BUG_rmap_locks), 0);
}

TEST(lockdep, reclaim_in_section, "an allocation that may reclaim, with vm_sequence open")
{
	if (!lockdep_missing(t))
		expect_cycle(t, BUG_alloc_in_section, 1,
			     "fs_reclaim -> i_mmap_rwsem -> vm_sequence -> fs_reclaim");
}
#endif
