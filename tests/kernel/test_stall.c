/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite watchdog, what does not move: each kind of stall is provoked, reported, and ends when the
 * report has come; and for each there is something much like it that must not be reported.
 *
 * The limit is STALL_NS meanwhile, and SILENT_NS where nothing may be reported, which the host's
 * other load must not make a stall of. A stall lasts until it is reported or the host turned out to
 * give a CPU no time, which is inconclusive and skips the test; without either it ends after the
 * limit of all waits, and the test fails.
 */
#include "kernel/mutex.h"
#include "kernel/srcu.h"
#include "lab/bug.h"
#include "arch/nmi.h"
#include "mm/mm.h"
#include "mm/tlb.h"
#include "tests/kernel/stall.h"

#if LAB
/* --- a CPU --- */

static void spin_deaf(void *arg)
{
	unsigned long flags = irq_save();

	(void)arg;
	stall_count();
	if (stall.kind == WATCHDOG_NONE)
		stall_spin_for(SILENT_NS / 8);
	else
		stall_spin();
	irq_restore(flags);
}

TEST(watchdog, hung_cpu, "a CPU that takes no interrupt is found by its NMIs", .min_cpus = 2)
{
	stall.cpu = 1;
	stall_begin(WATCHDOG_HUNG_CPU);
	stall_await_thread(stall_start(spin_deaf, 1));
	stall_end(t);
}

TEST(watchdog, deaf_cpu_is_silent, "a CPU that takes no interrupt for an eighth of the limit",
     .min_cpus = 2)
{
	stall_begin(WATCHDOG_NONE);
	stall_await_thread(stall_start(spin_deaf, 1));
	stall_end(t);
}

static void spin_in_kernel(void *arg)
{
	(void)arg;
	stall_spin();
}

/* Its ticks come, but nothing else ever happens on it. */
TEST(watchdog, hung_in_kernel, "a CPU that does nothing but tick is found by itself")
{
	stall.cpu = nr_cpus - 1;
	stall_begin(WATCHDOG_HUNG_CPU);
	thread_join(stall_start(spin_in_kernel, (int)nr_cpus - 1));
	stall_end(t);
}

static void yield_in_kernel(void *arg)
{
	(void)arg;
	for (u64 end = time_ns() + SILENT_NS / 4 * 5; time_ns() < end;) {
		stall_spin_for(NSEC_PER_MSEC);
		thread_yield();
	}
}

TEST(watchdog, busy_kernel_is_silent, "a thread of the kernel that lets others run is not hung")
{
	stall_begin(WATCHDOG_NONE);
	thread_join(stall_start(yield_in_kernel, (int)nr_cpus - 1));
	stall_end(t);
}

/* A CPU that is stuck and answers no NMI may be one that the host does not run: here it just does
 * not answer. Nothing red may come of it. */
TEST(watchdog, starved_is_inconclusive, "a CPU that answers no NMI is called starved, not hung",
     .min_cpus = 2)
{
	if (cmdline.mode == MODE_REPLAY) {
		test_skip(t, "a second without an answer is minutes in replay mode");
		return;
	}
	stall.cpu = 1;
	stall_begin(WATCHDOG_HUNG_CPU);
	watchdog_expect(false);
	bug_set(BUG_nmi_unanswered, true);
	stall_await_thread(stall_start(spin_deaf, 1));
	bug_set(BUG_nmi_unanswered, false);
	watchdog_limit_ns = stall.limit_ns;
	EXPECT_OP(t, bug_hits(BUG_nmi_unanswered), >, 0);
	EXPECT_EQ(t, watchdog_inconclusive(), stall.inconclusive + 1);
	EXPECT_EQ(t, watchdog_reports(), stall.reports);
}

/* --- all CPUs --- */

static void spin_all(void *arg)
{
	unsigned long flags;

	(void)arg;
	stall_count();
	test_await(&stall.begun, nr_cpus);
	flags = irq_save();
	stall_spin();
	irq_restore(flags);
}

/* Nobody is left to look: an NMI does, from a timer, or from the runner, which sees no CPU with
 * interrupts on for some seconds. */
TEST(watchdog, all_stuck, "all CPUs with interrupts off are found though none of them looks")
{
	u64 limit = wait_limit_ns;

	if (!arch_nmi_timer_start()) {
		if (cmdline.mode == MODE_REPLAY) {
			test_skip(t, "in replay mode nobody sends an NMI to this machine");
			return;
		}
		wait_limit_ns = 3 * limit; /* the runner notices when the host lets it */
	}
	stall_begin(WATCHDOG_ALL_STUCK);
	if (!test_on_cpus(nr_cpus, spin_all, NULL))
		test_error(t, "no memory for threads");
	stall_end(t);
	wait_limit_ns = limit;
	test_shown(t, "%u of %u CPUs stuck with interrupts off: found and printed", nr_cpus,
		   nr_cpus);
}

/* --- a shootdown --- */

static struct mm *shot_mm;

static void hold_mm_deaf(void *arg)
{
	unsigned long flags;

	(void)arg;
	mm_switch(shot_mm);
	flags = irq_save();
	stall_count();
	if (stall.kind == WATCHDOG_NONE)
		stall_spin_for(SILENT_NS / 16);
	else
		stall_spin();
	irq_restore(flags);
	mm_switch(NULL);
}

static void shoot(struct test_run *t, enum watchdog_kind kind)
{
	struct thread *thread;

	if (tlb_flush_mode != TLB_FLUSH_IPI) {
		test_skip(t, "nobody is waited for with flush=tlbie");
		return;
	}
	shot_mm = mm_create();
	if (!shot_mm)
		panic("no memory for the test");
	stall_begin(kind);
	thread = stall_start(hold_mm_deaf, 1);
	if (!test_await(&stall.begun, 1))
		test_error(t, "the deaf CPU did not start");
	tlb_flush_range(shot_mm, 0x10000, 0x20000);
	thread_join(thread);
	stall_end(t);
	mm_put(shot_mm);
}

TEST(watchdog, missing_ack, "a CPU that does not acknowledge a shootdown is named",
     .min_cpus = 2)
{
	shoot(t, WATCHDOG_MISSING_ACK);
}

TEST(watchdog, late_ack_is_silent, "an acknowledgement after an eighth of the limit is only late",
     .min_cpus = 2)
{
	shoot(t, WATCHDOG_NONE);
}

/* --- threads --- */

static struct wait_queue never_wq = WAIT_QUEUE_INIT(never_wq);
static struct rwsem held_sem;
static struct srcu stalled;

static void sleep_until_noticed(void *arg)
{
	(void)arg;
	wait_event(&never_wq, stall_noticed());
}

/* Keeps this CPU awake until the stall was noticed, and wakes who waits for that. */
static void watch_stall(void)
{
	for (u64 deadline = stall_deadline(); !stall_noticed() && time_ns() < deadline;) {
		stall_spin_for(NSEC_PER_MSEC);
		thread_yield();
	}
	wake_up_all(&never_wq);
}

TEST(watchdog, hung_thread, "a thread whose event never comes is named, with its stack")
{
	struct thread *thread;

	stall_begin(WATCHDOG_HUNG_THREAD);
	thread = stall_start(sleep_until_noticed, -1);
	watch_stall();
	thread_join(thread);
	stall_end(t);
}

/* It ends with a hang report on request, in which they are listed. */
TEST(watchdog, user_sleep_is_silent, "threads that sleep by user mode's wish are not hung")
{
	unsigned int held = watchdog_reports_of(WATCHDOG_LOCK_HELD);
	struct process_result result;

	/* Where the host is slow, the program's end alone may keep a CPU busy for the limit: only
	 * what is said of threads counts. */
	stall_begin(WATCHDOG_HUNG_THREAD);
	watchdog_limit_ns = SILENT_NS;
	test_program(t, FAULT_PATH_SPF, NULL, &result, "asleep", "--ms",
		     test_number(2 * SILENT_NS / NSEC_PER_MSEC));
	watchdog_limit_ns = stall.limit_ns;
	watchdog_expect(false);
	EXPECT_EQ(t, watchdog_reports_of(WATCHDOG_HUNG_THREAD), stall.of_kind);
	EXPECT_EQ(t, watchdog_reports_of(WATCHDOG_LOCK_HELD), held);
}

/* Naps that no watchdog takes for a wait: who does this is at fault itself. */
static void nap_until_noticed(void)
{
	bool silent = stall.kind == WATCHDOG_NONE;
	u64 deadline = silent ? time_ns() + 2 * SILENT_NS : stall_deadline();

	stall_count();
	while ((silent || !stall_noticed()) && time_ns() < deadline)
		thread_sleep_ns(NSEC_PER_MSEC); /* sleep: what is tested */
}

static void read_lock_long(void *arg)
{
	(void)arg;
	down_read(&held_sem);
	nap_until_noticed();
	up_read(&held_sem);
}

static void want_to_write(void *arg)
{
	(void)arg;
	test_await(&stall.begun, 2);
	down_write(&held_sem);
	up_write(&held_sem);
}

/* The semaphore's word has only the number of its readers; the report names them. */
TEST(watchdog, lock_held, "readers that do not let a lock go are named to who wants to write")
{
	struct thread *threads[3];

	rwsem_init(&held_sem, "held_sem");
	stall_begin(WATCHDOG_LOCK_HELD);
	threads[0] = stall_start(read_lock_long, -1);
	threads[1] = stall_start(read_lock_long, -1);
	threads[2] = stall_start(want_to_write, -1);
	watch_stall();
	for (unsigned int i = 0; i < ARRAY_SIZE(threads); i++)
		thread_join(threads[i]);
	stall_end(t);
}

/* --- a queue --- */

static struct thread *passers[2];

static bool is_queued(const struct thread *thread)
{
	return wait_sample(&thread->lab.waits, 0).object == &held_sem;
}

static void await_queued(const struct thread *thread)
{
	for (u64 deadline = stall_deadline(); !is_queued(thread) && time_ns() < deadline;)
		thread_yield();
}

static void hold_once(void *arg)
{
	(void)arg;
	down_write(&held_sem);
	if (stall.kind == WATCHDOG_NONE)
		thread_sleep_ns(SILENT_NS / 8 * 3); /* sleep: what is tested */
	up_write(&held_sem);
}

/* Holds the semaphore until the other passer has queued for it, again and again. */
static void pass_on(void *arg)
{
	u64 deadline = stall_deadline();

	(void)arg;
	test_await(&stall.begun, 1);
	while (!stall_noticed() && time_ns() < deadline) {
		down_write(&held_sem);
		while (!stall_noticed() && !is_queued(passers[current == passers[0]]) &&
		       time_ns() < deadline)
			thread_yield();
		up_write(&held_sem);
	}
}

/* One thread waits before the two come who pass the semaphore to each other. Nobody holds it for
 * long, and each time it is free somebody gets it: only never that one. */
TEST(watchdog, starved, "a thread that those who come later overtake is named")
{
	struct thread *first;

	rwsem_init(&held_sem, "held_sem");
	stall_begin(WATCHDOG_STARVED);
	bug_set(BUG_rwsem_last_first, true);
	down_write(&held_sem);
	first = stall_start(hold_once, -1);
	await_queued(first);
	for (unsigned int i = 0; i < ARRAY_SIZE(passers); i++)
		passers[i] = stall_start(pass_on, -1);
	stall_count();
	await_queued(passers[0]);
	up_write(&held_sem);
	watch_stall();
	for (unsigned int i = 0; i < ARRAY_SIZE(passers); i++)
		thread_join(passers[i]);
	thread_join(first);
	bug_set(BUG_rwsem_last_first, false);
	EXPECT_OP(t, bug_hits(BUG_rwsem_last_first), >, 0);
	stall_end(t);
}

/* The last of them waits for more than the limit, but in its turn. */
TEST(watchdog, long_queue_is_silent, "who waits long behind those who came before is not starved")
{
	struct thread *threads[4];

	rwsem_init(&held_sem, "held_sem");
	stall_begin(WATCHDOG_NONE);
	for (unsigned int i = 0; i < ARRAY_SIZE(threads); i++)
		threads[i] = stall_start(hold_once, -1);
	for (unsigned int i = 0; i < ARRAY_SIZE(threads); i++)
		stall_await_thread(threads[i]);
	stall_end(t);
}

static void read_srcu_long(void *arg)
{
	int idx = srcu_read_lock(&stalled);

	(void)arg;
	nap_until_noticed();
	srcu_read_unlock(&stalled, idx);
}

static void want_grace_period(void *arg)
{
	(void)arg;
	test_await(&stall.begun, 1);
	synchronize_srcu(&stalled);
}

static void prepare_srcu(void)
{
	if (!stalled.cpu && srcu_init(&stalled, "stalled"))
		panic("no memory for the test");
}

TEST(watchdog, srcu_stall, "a reader that does not leave is named to who awaits a grace period")
{
	struct thread *reader, *writer;

	prepare_srcu();
	stall_begin(WATCHDOG_SRCU_STALL);
	reader = stall_start(read_srcu_long, -1);
	writer = stall_start(want_grace_period, -1);
	watch_stall();
	thread_join(reader);
	thread_join(writer);
	stall_end(t);
}

/* Two limits inside, but nobody is kept waiting. */
TEST(watchdog, long_readers_are_silent, "readers that nobody waits for may take their time")
{
	struct thread *of_lock, *of_srcu;

	rwsem_init(&held_sem, "held_sem");
	prepare_srcu();
	stall_begin(WATCHDOG_NONE);
	of_lock = stall_start(read_lock_long, -1);
	of_srcu = stall_start(read_srcu_long, -1);
	stall_await_thread(of_lock);
	stall_await_thread(of_srcu);
	stall_end(t);
}
#endif
