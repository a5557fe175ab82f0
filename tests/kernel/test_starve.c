/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite starve: the host stops one virtual CPU, or all of them, for seconds. Nothing may be called
 * stuck for that, and everything goes on when they do.
 *
 * Only somebody on the host can do it, so these run when they are asked for alone, by
 * tests/host/starve_boot.py: it reads on the control channel whom to stop, starve=CPU or
 * starve=all. That it was done is seen by a thread that looks at the clock all the time.
 */
#include "kernel/mutex.h"
#include "kernel/run.h"
#include "tests/kernel/stall.h"

#if LAB
#define STOPPED_NS (3 * NSEC_PER_SEC / 2) /* the host stops for longer */
/* Fewer looks of the watchdog than make a stall, and more than it takes to prove one. */
#define AFTER_NS (SILENT_NS / 4)

static struct rwsem wanted_sem;
static u64 beats, longest_ns, over;

static void beat(void *arg)
{
	u64 last = time_ns();

	(void)arg;
	while (!READ_ONCE(over)) { /* bounded: by await_gap */
		u64 now;

		stall_spin_for(NSEC_PER_MSEC / 2);
		thread_yield();
		now = time_ns();
		WRITE_ONCE(longest_ns, max(longest_ns, now - last));
		__atomic_add_fetch(&beats, 1, __ATOMIC_SEQ_CST);
		last = now;
	}
}

static void hold_until_over(void *arg)
{
	(void)arg;
	down_read(&wanted_sem);
	stall_count();
	while (!READ_ONCE(over))	       /* bounded: by await_gap */
		thread_sleep_ns(NSEC_PER_MSEC); /* sleep: what is tested */
	up_read(&wanted_sem);
}

static void want_to_write(void *arg)
{
	(void)arg;
	test_await(&stall.begun, 1);
	stall_count();
	down_write(&wanted_sem);
	up_write(&wanted_sem);
}

static void await_gap(void)
{
	for (u64 deadline = stall_deadline();
	     READ_ONCE(longest_ns) < STOPPED_NS && time_ns() < deadline;) {
		stall_spin_for(NSEC_PER_MSEC);
		thread_yield();
	}
	for (u64 end = time_ns() + AFTER_NS; time_ns() < end;) {
		stall_spin_for(NSEC_PER_MSEC);
		thread_yield();
	}
}

/* @whom is stopped while @cpu looks at the clock. */
static void starve(struct test_run *t, const char *whom, int cpu)
{
	struct thread *clock;

	beats = longest_ns = 0;
	clock = stall_start(beat, cpu);
	if (!test_await(&beats, 1))
		test_error(t, "the thread did not begin");
	WRITE_ONCE(longest_ns, 0);
	control_print("starve=%s\n", whom);
	await_gap();
	WRITE_ONCE(over, 1);
	thread_join(clock);
	test_note(t, "longest_ms=%lu inconclusive=%u",
		  (unsigned long)(longest_ns / NSEC_PER_MSEC),
		  watchdog_inconclusive() - stall.inconclusive);
	if (longest_ns < STOPPED_NS)
		test_error(t, "nobody on the host stopped CPU %d", cpu);
}

TEST(starve, one, "a CPU that the host stops is not called hung", .min_cpus = 2, .manual = true)
{
	over = 0;
	stall_begin(WATCHDOG_NONE);
	starve(t, "1", 1);
	stall_end(t);
}

/* It makes a wait of a moment older than the limit. */
TEST(starve, all, "what stood still with the whole machine is not called stuck", .manual = true)
{
	struct thread *holder, *waiter;

	over = 0;
	rwsem_init(&wanted_sem, "wanted_sem");
	stall_begin(WATCHDOG_NONE);
	holder = stall_start(hold_until_over, -1);
	waiter = stall_start(want_to_write, -1);
	if (!test_await(&stall.begun, 2))
		test_error(t, "the threads did not begin");
	starve(t, "all", (int)nr_cpus - 1);
	thread_join(holder);
	thread_join(waiter);
	stall_end(t);
}
#endif
