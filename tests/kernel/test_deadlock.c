/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite deadlock: the IPI/page-table-lock deadlock, on demand, and the fix under the same schedule
 * (tests/kernel/ptl_race.h).
 *
 * Pairs: zap (munmap with a full gather batch, hazard 9.1a), cow (the page of zeroes replaced,
 * 9.2), storm (every other CPU faults, 9.3), each with ptl=spin, which must deadlock and be proved,
 * and with ptl=abort, which must not. Controls: where nothing is flushed with the lock held, or
 * where interrupts are open while waiting, the same schedule and the same waiting do no harm.
 */
#include "lab/watchdog.h"
#include "arch/tlb.h"
#include "mm/gather.h"
#include "mm/tlb.h"
#include "tests/kernel/ptl_race.h"

#if LAB
static const char *flusher(const struct ptl_race *race)
{
	return race->pages ? "munmap" : "a write to the zero page";
}

/* The cycle forms, is proved, and is broken; the program ends well all the same. */
static void expect_deadlock(struct test_run *t, struct ptl_race *race)
{
	struct ptl_race_result result;

	if (tlb_flush_mode != TLB_FLUSH_IPI) {
		test_skip(t, "nobody is waited for with flush=tlbie");
		return;
	}
	race->deadlock = true;
	ptl_race_run(t, race, &result);
	EXPECT_OP(t, result.reports, >=, 1);
	EXPECT_EQ(t, watchdog_last_kind(), WATCHDOG_IPI_LOCK);
	EXPECT_EQ(t, result.flushes_under_ptl, 1);
	test_shown(t, "%s against %u fault%s that wait%s for its lock: deadlock, proved and broken",
		   flusher(race), race->faulters, race->faulters == 1 ? "" : "s",
		   race->faulters == 1 ? "s" : "");
}

/* The same schedule: no report, and each speculating CPU gave up exactly once. */
static void expect_aborts(struct test_run *t, const struct ptl_race *race)
{
	struct ptl_race_result result;

	ptl_race_run(t, race, &result);
	EXPECT_EQ(t, result.reports, 0);
	EXPECT_EQ(t, result.refused, race->faulters);
	EXPECT_OP(t, result.process.faults.spf[SPF_TRYLOCK], >=, race->faulters);
	EXPECT_EQ(t, result.flushes_under_ptl, 1);
	test_shown(t, "%s, same schedule with trylock: no deadlock, %lu of %u faults gave up once",
		   flusher(race), (unsigned long)result.refused, race->faulters);
}

/* Nothing was flushed with the lock held, so waiting for the lock did no harm. */
static void expect_flush_after(struct test_run *t, const struct ptl_race *race)
{
	struct ptl_race_result result;

	ptl_race_run(t, race, &result);
	EXPECT_EQ(t, result.reports, 0);
	EXPECT_EQ(t, result.flushes_under_ptl, 0);
	EXPECT_EQ(t, result.flushes_after, 1);
}

/*
 * The counter-proof: the same blocking lock, the same schedule, but the flush is the machine's
 * broadcast. Nobody waits for an acknowledgement, so there is no cycle: the IPI was its cause.
 */
static void expect_no_cycle_with_broadcast(struct test_run *t, const struct ptl_race *race)
{
	enum tlb_flush_mode flush = tlb_flush_mode;
	struct ptl_race_result result;

	if (!ARCH_TLB_BROADCAST) {
		test_skip(t, "this machine has no broadcast invalidation");
		return;
	}
	tlb_flush_mode = TLB_FLUSH_TLBIE;
	ptl_race_run(t, race, &result);
	tlb_flush_mode = flush;
	EXPECT_EQ(t, result.reports, 0);
	EXPECT_EQ(t, result.flushes_under_ptl, 1);
	test_shown(t, "%s with broadcast flush, same schedule, same waiting: no deadlock",
		   flusher(race));
}

TEST(deadlock, zap_spin, "munmap flushes with the PTL held, a fault waits for it: deadlock",
     .min_cpus = 2)
{
	struct ptl_race race = ptl_race_zap("spin", 1, ptl_race_pages());

	expect_deadlock(t, &race);
}

TEST(deadlock, zap_abort, "the same schedule with trylock: one abort, no deadlock", .min_cpus = 2)
{
	struct ptl_race race = ptl_race_zap("abort", 1, ptl_race_pages());

	expect_aborts(t, &race);
}

TEST(deadlock, cow_spin, "a write replaces the zero page under the PTL: deadlock", .min_cpus = 2)
{
	struct ptl_race race = ptl_race_cow("spin", 1);

	expect_deadlock(t, &race);
}

TEST(deadlock, cow_abort, "the same schedule with trylock: one abort, no deadlock", .min_cpus = 2)
{
	struct ptl_race race = ptl_race_cow("abort", 1);

	expect_aborts(t, &race);
}

TEST(deadlock, storm_spin, "every other CPU waits for the PTL: deadlock", .min_cpus = 2)
{
	struct ptl_race race = ptl_race_zap("spin", nr_cpus - 1, ptl_race_pages());

	expect_deadlock(t, &race);
}

TEST(deadlock, storm_abort, "the same schedule with trylock: one abort a CPU", .min_cpus = 2)
{
	struct ptl_race race = ptl_race_zap("abort", nr_cpus - 1, ptl_race_pages());

	expect_aborts(t, &race);
}

TEST(deadlock, zap_broadcast, "munmap with a broadcast flush: waiting is harmless", .min_cpus = 2)
{
	struct ptl_race race = ptl_race_zap("spin", 1, ptl_race_pages());

	expect_no_cycle_with_broadcast(t, &race);
}

TEST(deadlock, cow_broadcast, "the zero page replaced with a broadcast flush: harmless",
     .min_cpus = 2)
{
	struct ptl_race race = ptl_race_cow("spin", 1);

	expect_no_cycle_with_broadcast(t, &race);
}

/* Control: fewer pages than the batch. The flush comes after the unlock, the waiter gets the lock.
 * */
TEST(deadlock, control_small_unmap, "an unmap smaller than the batch: waiting is harmless",
     .min_cpus = 2)
{
	struct ptl_race race = ptl_race_zap("spin", 1, gather_batch / 2);

	expect_flush_after(t, &race);
}

/* Control: the unmap that deadlocked, with a batch that holds it. */
TEST(deadlock, control_large_batch, "a batch larger than the unmap: waiting is harmless",
     .min_cpus = 2)
{
	struct ptl_race race = ptl_race_zap("spin", 1, ptl_race_pages());
	unsigned int batch = gather_batch;

	gather_batch = GATHER_BATCH_MAX;
	expect_flush_after(t, &race);
	gather_batch = batch;
}

/* Control: the flush is made with the lock held, but who waits for it opens interrupts. */
TEST(deadlock, control_interrupts_on, "waiting with interrupts open in between is harmless",
     .min_cpus = 2)
{
	struct ptl_race race = ptl_race_zap("loop", 1, ptl_race_pages());
	struct ptl_race_result result;

	ptl_race_run(t, &race, &result);
	EXPECT_EQ(t, result.reports, 0);
	EXPECT_EQ(t, result.flushes_under_ptl, 1);
	EXPECT_OP(t, result.refused, >=, 1);
}
#endif
