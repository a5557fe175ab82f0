/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite watchdog, deadlocks: it names each kind, breaks it, and is silent about what is only slow
 * or only looks like a cycle. What does not move at all is in test_stall.c.
 */
#include "kernel/cmdline.h"
#include "kernel/mutex.h"
#include "kernel/srcu.h"
#include "lab/sync.h"
#include "lab/watchdog.h"
#include "mm/mm.h"
#include "mm/tlb.h"
#include "tests/kernel/test.h"

#if LAB
static DEFINE_SPINLOCK(lock_a);
static DEFINE_SPINLOCK(lock_b);
static DEFINE_SPINLOCK(lock_c);
static u64 both, broken;

static void count(u64 *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
}

/* A real deadlock is also a possible one: lockdep has its say as well. */
static void expect_reports(bool expected)
{
	lockdep_expect(expected ? LOCKDEP_EXPECT_REPORTS : LOCKDEP_EXPECT_NOTHING);
	watchdog_expect(expected);
}

static void take_in_own_order(void *arg)
{
	struct spinlock *first = cpu_id() ? &lock_b : &lock_a;
	struct spinlock *second = cpu_id() ? &lock_a : &lock_b;

	(void)arg;
	spin_lock(first);
	count(&both);
	if (test_spin_until(&both, 2) && spin_lock_breakable(second))
		spin_unlock(second);
	else
		count(&broken);
	spin_unlock(first);
}

/* Both CPUs hold one lock before either asks for the other's: the deadlock is certain. */
TEST(watchdog, abba, "two locks taken in opposite orders are found, named and broken",
     .min_cpus = 2)
{
	unsigned int reports = watchdog_reports();

	both = broken = 0;
	expect_reports(true);
	if (!test_on_cpus(2, take_in_own_order, NULL))
		test_error(t, "no memory for threads");
	expect_reports(false);
	EXPECT_EQ(t, watchdog_reports(), reports + 1);
	EXPECT_EQ(t, watchdog_last_kind(), WATCHDOG_ABBA);
	EXPECT_OP(t, broken, >=, 1);
}

TEST(watchdog, self, "a lock taken twice by one CPU is found, named and broken")
{
	unsigned int reports = watchdog_reports();

	expect_reports(true);
	spin_lock(&lock_a);
	EXPECT(t, !spin_lock_breakable(&lock_a));
	spin_unlock(&lock_a);
	expect_reports(false);
	EXPECT_EQ(t, watchdog_reports(), reports + 1);
	EXPECT_EQ(t, watchdog_last_kind(), WATCHDOG_SELF);
}

/* --- waits inside waits --- */

/*
 * CPU 0's thread waits for lock_a, interrupts on; a timer's function interrupts it and waits for
 * lock_b, which CPU 2 holds. CPU 1 holds lock_a and then waits for lock_c.
 *
 * If the thread took lock_c before it began to wait, that is a deadlock of CPUs 0 and 1, though
 * CPU 0 waits for neither of them at the moment. If the function took it, it is none: CPU 2 lets
 * lock_b go, so the function lets lock_c go, so CPU 1 lets lock_a go.
 */
static struct {
	bool in_handler; /* who takes lock_c */
	u64 prepared, inside;
	unsigned int reports;
	struct timer timer;
} nest;

static void nest_handler(struct timer *timer)
{
	if (!this_cpu()->waits.nr) { /* came before the thread waited */
		timer_set(timer, time_ns() + NSEC_PER_MSEC);
		return;
	}
	if (nest.in_handler)
		spin_lock(&lock_c);
	count(&nest.inside);
	spin_lock(&lock_b);
	spin_unlock(&lock_b);
	if (nest.in_handler)
		spin_unlock(&lock_c);
}

static void nest_wait_outside(void)
{
	if (!nest.in_handler)
		spin_lock(&lock_c);
	timer_set(&nest.timer, time_ns() + 5 * NSEC_PER_MSEC);
	if (spin_lock_breakable(&lock_a))
		spin_unlock(&lock_a);
	else
		count(&broken);
	if (!nest.in_handler)
		spin_unlock(&lock_c);
}

/* For as many looks as a deadlock takes, and some more; or until it is proved. */
static void nest_hold_lock_b(void)
{
	u64 end;

	test_spin_until(&nest.inside, 1);
	for (end = time_ns() + 60 * NSEC_PER_MSEC; time_ns() < end;)
		barrier();
	while (!nest.in_handler && watchdog_reports() == nest.reports &&
	       time_ns() < end + wait_limit_ns / 2)
		cpu_relax();
}

static void nest_cpu(void *arg)
{
	struct spinlock *own = cpu_id() == 1 ? &lock_a : &lock_b;

	(void)arg;
	if (cpu_id() == 0) {
		test_spin_until(&nest.prepared, 2);
		nest_wait_outside();
		return;
	}
	spin_lock(own);
	count(&nest.prepared);
	if (cpu_id() == 1) {
		test_spin_until(&nest.inside, 1);
		spin_lock(&lock_c);
		spin_unlock(&lock_c);
	} else {
		nest_hold_lock_b();
	}
	spin_unlock(own);
}

static void nest_run(struct test_run *t, bool in_handler)
{
	nest.in_handler = in_handler;
	nest.prepared = nest.inside = broken = 0;
	nest.reports = watchdog_reports();
	timer_init(&nest.timer, nest_handler);
	expect_reports(true);
	watchdog_expect(!in_handler);
	if (!test_on_cpus(3, nest_cpu, NULL))
		test_error(t, "no memory for threads");
	expect_reports(false);
	EXPECT_EQ(t, nest.inside, 1);
}

TEST(watchdog, nested, "a cycle through a wait that another wait interrupted is found",
     .min_cpus = 3)
{
	nest_run(t, false);
	EXPECT_EQ(t, watchdog_reports(), nest.reports + 1);
	EXPECT_EQ(t, watchdog_last_kind(), WATCHDOG_ABBA);
	EXPECT_EQ(t, broken, 1);
}

TEST(watchdog, nested_is_silent, "a lock of an interrupt does not wait for what it interrupted",
     .min_cpus = 3)
{
	nest_run(t, true);
	EXPECT_EQ(t, watchdog_reports(), nest.reports);
	EXPECT_EQ(t, broken, 0);
}

/* --- threads that sleep --- */

static struct rwsem sem_a, sem_b;
static struct srcu reading;

static void sleep_in_own_order(void *arg)
{
	struct rwsem *first = arg, *second = arg == &sem_a ? &sem_b : &sem_a;

	down_write(first);
	count(&both);
	test_await(&both, 2);
	if (down_write_breakable(second))
		up_write(second);
	else
		count(&broken);
	up_write(first);
}

/* A thread for @first and one for @second; both end. */
static void run_pair(void (*first)(void *), void *first_arg, void (*second)(void *),
		     void *second_arg)
{
	struct thread *a = thread_create("first", first, first_arg, -1);
	struct thread *b = thread_create("second", second, second_arg, -1);

	if (IS_ERR(a) || IS_ERR(b))
		panic("no memory for the test");
	thread_start(a);
	thread_start(b);
	thread_join(a);
	thread_join(b);
}

static void expect_sleeping(struct test_run *t, unsigned int reports, unsigned int wanted)
{
	EXPECT_EQ(t, watchdog_reports(), reports + wanted);
	if (wanted)
		EXPECT_EQ(t, watchdog_last_kind(), WATCHDOG_SLEEPING);
	EXPECT_EQ(t, broken, wanted);
}

/* As abba, but the threads sleep: no CPU waits for anything. */
TEST(watchdog, sleeping_abba, "two mutexes taken in opposite orders are found and broken")
{
	unsigned int reports = watchdog_reports();

	rwsem_init(&sem_a, "sem_a");
	rwsem_init(&sem_b, "sem_b");
	both = broken = 0;
	expect_reports(true);
	run_pair(sleep_in_own_order, &sem_a, sleep_in_own_order, &sem_b);
	expect_reports(false);
	EXPECT_EQ(t, watchdog_reports(), reports + 1);
	EXPECT_EQ(t, watchdog_last_kind(), WATCHDOG_SLEEPING);
	EXPECT_OP(t, broken, >=, 1);
}

static void wait_for_readers(void *arg)
{
	(void)arg;
	down_write(&sem_a);
	count(&both);
	test_await(&both, 2);
	synchronize_srcu(&reading);
	up_write(&sem_a);
}

static void want_lock_in_section(void *arg)
{
	int idx = srcu_read_lock(&reading);

	(void)arg;
	count(&both);
	test_await(&both, 2);
	if (down_write_breakable(&sem_a))
		up_write(&sem_a);
	else
		count(&broken);
	srcu_read_unlock(&reading, idx);
}

static void prepare_srcu(void)
{
	rwsem_init(&sem_a, "sem_a");
	if (!reading.cpu && srcu_init(&reading, "reading"))
		panic("no memory for the test");
	both = broken = 0;
}

/* What mmap_sem and vma_srcu would do if a grace period were awaited with the semaphore held and a
 * speculative fault went classic inside its read section. */
TEST(watchdog, srcu_cycle, "a grace period that waits for a reader that waits for its holder")
{
	unsigned int reports = watchdog_reports();

	prepare_srcu();
	expect_reports(true);
	run_pair(wait_for_readers, NULL, want_lock_in_section, NULL);
	expect_reports(false);
	expect_sleeping(t, reports, 1);
}

static void want_lock_after_section(void *arg)
{
	int idx = srcu_read_lock(&reading);

	(void)arg;
	count(&both);
	test_await(&both, 2);
	thread_sleep_ns(100 * NSEC_PER_MSEC); /* sleep: what is tested */
	srcu_read_unlock(&reading, idx);
	if (down_write_breakable(&sem_a))
		up_write(&sem_a);
	else
		count(&broken);
}

TEST(watchdog, srcu_slow_is_silent, "a reader that is late and then wants the lock is no deadlock")
{
	unsigned int reports = watchdog_reports();

	prepare_srcu();
	run_pair(wait_for_readers, NULL, want_lock_after_section, NULL);
	expect_sleeping(t, reports, 0);
}

static void read_twice(void *arg)
{
	(void)arg;
	down_read(&sem_a);
	count(&both);
	while (!(READ_ONCE(sem_a.state) & RWSEM_WAITERS))
		thread_yield();
	down_read(&sem_a);
	up_read(&sem_a);
	up_read(&sem_a);
}

static void write_once(void *arg)
{
	(void)arg;
	test_await(&both, 1);
	if (down_write_breakable(&sem_a))
		up_write(&sem_a);
	else
		count(&broken);
}

/* Readers may share, but the second read stands behind the writer who waits for the first. */
TEST(watchdog, read_twice, "reading twice with a writer in between is found")
{
	unsigned int reports = watchdog_reports();

	rwsem_init(&sem_a, "sem_a");
	both = broken = 0;
	expect_reports(true);
	run_pair(read_twice, NULL, write_once, NULL);
	expect_reports(false);
	expect_sleeping(t, reports, 1);
}

/*
 * The same if the writer, on CPU 0, is held up between its place in the queue and its sleep until
 * the reader stands behind it: which of the two waits is the older one must follow the queue.
 */
TEST(watchdog, read_twice_late_writer, "who waits behind whom is known by the queue",
     .min_cpus = 2)
{
	unsigned int reports = watchdog_reports();
	struct thread *writer, *reader;
	char why[200] = "";

	rwsem_init(&sem_a, "sem_a");
	both = broken = 0;
	if (sync_arm("rwsem_queued@cpu1*1>rwsem_queued@cpu0*1") || sync_go())
		panic("bad schedule");
	expect_reports(true);
	writer = test_start("writer", write_once, 0);
	reader = test_start("reader", read_twice, 1);
	thread_join(writer);
	thread_join(reader);
	expect_reports(false);
	EXPECT_EQ(t, sync_disarm(why, sizeof(why)), 0);
	expect_sleeping(t, reports, 1);
}

/* --- what is only slow --- */

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

/*
 * What the host keeps from the late CPU when it hears again must fit into a tenth. That is nothing
 * in replay, much where the host runs each CPU for itself.
 */
static u64 slow_limit_ns(void)
{
	if (cmdline.mode == MODE_REPLAY)
		return 200 * NSEC_PER_MSEC;
	if (cmdline.mode == MODE_INTERLEAVED)
		return NSEC_PER_SEC;
	return min(4 * NSEC_PER_SEC, watchdog_limit_ns / 2); /* not yet a missing one */
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
	wait_limit_ns = slow_limit_ns();
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
