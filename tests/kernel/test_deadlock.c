/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite deadlock: the IPI/page-table-lock deadlock, on demand, and the fix under the same schedule.
 *
 * One CPU holds a PTL and flushes: it waits for every CPU of the address space to acknowledge. A
 * speculative fault on another CPU has turned interrupts off, so that the tables it walks stay, and
 * wants that PTL. If it waits for it, neither goes on: the flush waits for the acknowledgement, the
 * fault for the lock. With one try and a way back there is no wait and so no cycle (INV-4).
 *
 * The schedule makes the two meet every time: whoever is about to flush stops, lock held, until all
 * faults stand before the lock with interrupts off; they stop there until the lock is held.
 *
 * Pairs: zap (munmap with a full gather batch, hazard 9.1a), cow (the page of zeroes replaced,
 * 9.2),
 * storm (every other CPU faults, 9.3), each with ptl=spin, which must deadlock and be proved, and
 * with ptl=abort, which must not. Controls: where nothing is flushed with the lock held, or where
 * interrupts are open while waiting, the same schedule and the same waiting do no harm.
 */
#include "lab/sync.h"
#include "lab/watchdog.h"
#include "arch/mmu.h"
#include "arch/tlb.h"
#include "mm/gather.h"
#include "mm/tlb.h"
#include "tests/kernel/test.h"

#if LAB
/* The faults begin when the tree is at rest again, or one might find it busy and go classic. */
#define ZAP_SCHEDULE                                                                               \
	"munmap_unlinked>spf_begin,zap_ptl_held>spf_before_ptl,spf_before_ptl*%u>zap_ptl_held"
#define COW_SCHEDULE "spf_before_ptl*%u>cow_flush_ptl"

struct race {
	const char *program, *schedule, *ptl;
	unsigned int faulters, passages; /* of spf_before_ptl that the flusher waits for */
	unsigned int pages; /* 0: the program has no such option */
	bool deadlock;
};

struct race_result {
	struct process_result process;
	u64 flushes_under_ptl, flushes_after; /* of main, from GO to END */
	u64 refused; /* tries for the PTL that did not get it, in the same time */
	unsigned int reports;
};

static void race_run(struct test_run *t, const struct race *race, struct race_result *result)
{
	unsigned int reports = watchdog_reports();
	char schedule[128], why[200];

	snprintf(schedule, sizeof(schedule), race->schedule, race->passages);
	if (sync_arm(schedule))
		test_error(t, "bad schedule %s", schedule);
	watchdog_expect(race->deadlock);
	test_program(t, FAULT_PATH_SPF, race->ptl, &result->process, race->program, "--faulters",
		     test_number(race->faulters), race->pages ? "--pages" : NULL,
		     test_number(race->pages));
	watchdog_expect(false);
	if (sync_disarm(why, sizeof(why)))
		test_error(t, "%s", why);
	result->reports = watchdog_reports() - reports;
	result->flushes_under_ptl =
		sync_reached(SYNC_gather_full_ptl) + sync_reached(SYNC_cow_flush_ptl);
	result->refused = sync_reached(SYNC_spf_ptl_refused);
	result->flushes_after = sync_reached(SYNC_gather_flush);
	test_note(t, "schedule=%s ptl=%s reports=%u refused=%lu", schedule, race->ptl,
		  result->reports, (unsigned long)result->refused);
}

static const char *flusher(const struct race *race)
{
	return race->pages ? "munmap" : "a write to the zero page";
}

/* The cycle forms, is proved, and is broken; the program ends well all the same. */
static void expect_deadlock(struct test_run *t, struct race *race)
{
	struct race_result result;

	if (tlb_flush_mode != TLB_FLUSH_IPI) {
		test_skip(t, "nobody is waited for with flush=tlbie");
		return;
	}
	race->deadlock = true;
	race_run(t, race, &result);
	EXPECT_OP(t, result.reports, >=, 1);
	EXPECT_EQ(t, watchdog_last_kind(), WATCHDOG_IPI_LOCK);
	EXPECT_EQ(t, result.flushes_under_ptl, 1);
	test_shown(t, "%s against %u fault%s that wait%s for its lock: deadlock, proved and broken",
		   flusher(race), race->faulters, race->faulters == 1 ? "" : "s",
		   race->faulters == 1 ? "s" : "");
}

/* The same schedule: no report, and each speculating CPU gave up exactly once. */
static void expect_aborts(struct test_run *t, const struct race *race)
{
	struct race_result result;

	race_run(t, race, &result);
	EXPECT_EQ(t, result.reports, 0);
	EXPECT_EQ(t, result.refused, race->faulters);
	EXPECT_OP(t, result.process.faults.spf[SPF_TRYLOCK], >=, race->faulters);
	EXPECT_EQ(t, result.flushes_under_ptl, 1);
	test_shown(t, "%s, same schedule with trylock: no deadlock, %lu of %u faults gave up once",
		   flusher(race), (unsigned long)result.refused, race->faulters);
}

/* Nothing was flushed with the lock held, so waiting for the lock did no harm. */
static void expect_flush_after(struct test_run *t, const struct race *race)
{
	struct race_result result;

	race_run(t, race, &result);
	EXPECT_EQ(t, result.reports, 0);
	EXPECT_EQ(t, result.flushes_under_ptl, 0);
	EXPECT_EQ(t, result.flushes_after, 1);
}

/*
 * The counter-proof: the same blocking lock, the same schedule, but the flush is the machine's
 * broadcast. Nobody waits for an acknowledgement, so there is no cycle: the IPI was its cause.
 */
static void expect_no_cycle_with_broadcast(struct test_run *t, const struct race *race)
{
	enum tlb_flush_mode flush = tlb_flush_mode;
	struct race_result result;

	if (!ARCH_TLB_BROADCAST) {
		test_skip(t, "this machine has no broadcast invalidation");
		return;
	}
	tlb_flush_mode = TLB_FLUSH_TLBIE;
	race_run(t, race, &result);
	tlb_flush_mode = flush;
	EXPECT_EQ(t, result.reports, 0);
	EXPECT_EQ(t, result.flushes_under_ptl, 1);
	test_shown(t, "%s with broadcast flush, same schedule, same waiting: no deadlock",
		   flusher(race));
}

static struct race zap_race(const char *ptl, unsigned int faulters, unsigned int pages)
{
	return (struct race){ .program = "zap", .schedule = ZAP_SCHEDULE, .ptl = ptl,
			      .faulters = faulters, .passages = faulters, .pages = pages };
}

/* The flusher's own fault passes spf_before_ptl too. */
static struct race cow_race(const char *ptl, unsigned int faulters)
{
	return (struct race){ .program = "cow", .schedule = COW_SCHEDULE, .ptl = ptl,
			      .faulters = faulters, .passages = faulters + 1 };
}

#define TABLE_PAGES ((unsigned int)(PMD_SIZE / PAGE_SIZE))

/* More pages than the batch holds, however it is set, within one table and with room for others. */
static unsigned int more_than_batch(void)
{
	return min(gather_batch + 8, TABLE_PAGES - 4 < 200 ? TABLE_PAGES - 4 : 200);
}

TEST(deadlock, zap_spin, "munmap flushes with the PTL held, a fault waits for it: deadlock",
     .min_cpus = 2)
{
	struct race race = zap_race("spin", 1, more_than_batch());

	expect_deadlock(t, &race);
}

TEST(deadlock, zap_abort, "the same schedule with trylock: one abort, no deadlock", .min_cpus = 2)
{
	struct race race = zap_race("abort", 1, more_than_batch());

	expect_aborts(t, &race);
}

TEST(deadlock, cow_spin, "a write replaces the zero page under the PTL: deadlock", .min_cpus = 2)
{
	struct race race = cow_race("spin", 1);

	expect_deadlock(t, &race);
}

TEST(deadlock, cow_abort, "the same schedule with trylock: one abort, no deadlock", .min_cpus = 2)
{
	struct race race = cow_race("abort", 1);

	expect_aborts(t, &race);
}

TEST(deadlock, storm_spin, "every other CPU waits for the PTL: deadlock", .min_cpus = 2)
{
	struct race race = zap_race("spin", nr_cpus - 1, more_than_batch());

	expect_deadlock(t, &race);
}

TEST(deadlock, storm_abort, "the same schedule with trylock: one abort a CPU", .min_cpus = 2)
{
	struct race race = zap_race("abort", nr_cpus - 1, more_than_batch());

	expect_aborts(t, &race);
}

TEST(deadlock, zap_broadcast, "munmap with a broadcast flush: waiting is harmless", .min_cpus = 2)
{
	struct race race = zap_race("spin", 1, more_than_batch());

	expect_no_cycle_with_broadcast(t, &race);
}

TEST(deadlock, cow_broadcast, "the zero page replaced with a broadcast flush: harmless",
     .min_cpus = 2)
{
	struct race race = cow_race("spin", 1);

	expect_no_cycle_with_broadcast(t, &race);
}

/* Control: fewer pages than the batch. The flush comes after the unlock, the waiter gets the lock.
 * */
TEST(deadlock, control_small_unmap, "an unmap smaller than the batch: waiting is harmless",
     .min_cpus = 2)
{
	struct race race = zap_race("spin", 1, gather_batch / 2);

	expect_flush_after(t, &race);
}

/* Control: the unmap that deadlocked, with a batch that holds it. */
TEST(deadlock, control_large_batch, "a batch larger than the unmap: waiting is harmless",
     .min_cpus = 2)
{
	struct race race = zap_race("spin", 1, more_than_batch());
	unsigned int batch = gather_batch;

	gather_batch = GATHER_BATCH_MAX;
	expect_flush_after(t, &race);
	gather_batch = batch;
}

/* Control: the flush is made with the lock held, but who waits for it opens interrupts. */
TEST(deadlock, control_interrupts_on, "waiting with interrupts open in between is harmless",
     .min_cpus = 2)
{
	struct race race = zap_race("loop", 1, more_than_batch());
	struct race_result result;

	race_run(t, &race, &result);
	EXPECT_EQ(t, result.reports, 0);
	EXPECT_EQ(t, result.flushes_under_ptl, 1);
	EXPECT_OP(t, result.refused, >=, 1);
}
#endif
