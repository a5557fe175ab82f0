/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite watchdog: it names each kind of deadlock, and is silent about what is only slow.
 */
#include "lab/watchdog.h"
#include "mm/mm.h"
#include "mm/tlb.h"
#include "tests/kernel/test.h"

#if LAB
static DEFINE_SPINLOCK(lock_a);
static DEFINE_SPINLOCK(lock_b);
static u64 both, broken;

static void take_in_own_order(void *arg)
{
	struct spinlock *first = cpu_id() ? &lock_b : &lock_a;
	struct spinlock *second = cpu_id() ? &lock_a : &lock_b;

	(void)arg;
	spin_lock(first);
	__atomic_add_fetch(&both, 1, __ATOMIC_SEQ_CST);
	if (test_spin_until(&both, 2) && spin_lock_breakable(second))
		spin_unlock(second);
	else
		__atomic_add_fetch(&broken, 1, __ATOMIC_SEQ_CST);
	spin_unlock(first);
}

/* Both CPUs hold one lock before either asks for the other's: the deadlock is certain. */
TEST(watchdog, abba, "two locks taken in opposite orders are found, named and broken",
     .min_cpus = 2)
{
	unsigned int reports = watchdog_reports();

	both = broken = 0;
	lockdep_expect(LOCKDEP_EXPECT_REPORTS);
	watchdog_expect(true);
	if (!test_on_cpus(2, take_in_own_order, NULL))
		test_error(t, "no memory for threads");
	watchdog_expect(false);
	lockdep_expect(LOCKDEP_EXPECT_NOTHING);
	EXPECT_EQ(t, watchdog_reports(), reports + 1);
	EXPECT_EQ(t, watchdog_last_kind(), WATCHDOG_ABBA);
	EXPECT_OP(t, broken, >=, 1);
}

TEST(watchdog, self, "a lock taken twice by one CPU is found, named and broken")
{
	unsigned int reports = watchdog_reports();

	lockdep_expect(LOCKDEP_EXPECT_REPORTS);
	watchdog_expect(true);
	spin_lock(&lock_a);
	EXPECT(t, !spin_lock_breakable(&lock_a));
	spin_unlock(&lock_a);
	watchdog_expect(false);
	lockdep_expect(LOCKDEP_EXPECT_NOTHING);
	EXPECT_EQ(t, watchdog_reports(), reports + 1);
	EXPECT_EQ(t, watchdog_last_kind(), WATCHDOG_SELF);
}

static struct mm *slow_mm;
static u64 deaf;

/* Has slow_mm loaded and hears no interrupt for nine tenths of the limit. */
static void answer_late(void *arg)
{
	unsigned long flags;
	u64 start;

	(void)arg;
	if (cpu_id() != 1)
		return;
	mm_switch(slow_mm);
	flags = irq_save();
	__atomic_store_n(&deaf, 1, __ATOMIC_SEQ_CST);
	/* Without cpu_relax: in replay mode a relaxed wait of virtual time takes minutes. */
	for (start = time_ns(); time_ns() - start < wait_limit_ns / 10 * 9;)
		barrier();
	irq_restore(flags);
	mm_switch(NULL);
}

/* The CPU is deaf but waits for nothing: slow, not deadlocked, and nothing must be reported. */
TEST(watchdog, slow_ack_is_silent, "an acknowledgement that takes 90% of the limit is no deadlock",
     .min_cpus = 2)
{
	unsigned int reports = watchdog_reports();
	u64 limit = wait_limit_ns, start;
	struct thread *thread;

	if (tlb_flush_mode != TLB_FLUSH_IPI) {
		test_skip(t, "nobody is waited for with flush=tlbie");
		return;
	}
	slow_mm = mm_create();
	thread = thread_create("late", answer_late, NULL, 1);
	if (!slow_mm || IS_ERR(thread))
		panic("no memory for the test");
	deaf = 0;
	wait_limit_ns = 200 * NSEC_PER_MSEC;
	thread_start(thread);
	if (!test_await(&deaf, 1))
		test_error(t, "the late CPU did not start");
	start = time_ns();
	tlb_flush_range(slow_mm, 0x10000, 0x20000);
	test_note(t, "acknowledged_after_ms=%lu",
		  (unsigned long)((time_ns() - start) / NSEC_PER_MSEC));
	wait_limit_ns = limit;
	thread_join(thread);
	mm_put(slow_mm);
	EXPECT_EQ(t, watchdog_reports(), reports);
}
#endif
