/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stalls under a short limit of the watchdog: see stall.h.
 */
#include "tests/kernel/stall.h"

#if LAB
struct stall stall;

/* Reports of what is provoked. A slow machine may say of another CPU that it is slow. */
static unsigned int stall_reports(void)
{
	return stall.kind == WATCHDOG_HUNG_CPU ? watchdog_reports_of_cpu(stall.cpu)
					       : watchdog_reports_of(stall.kind);
}

void stall_begin(enum watchdog_kind kind)
{
	thread_yield(); /* what this CPU did under the longer limit is no stall */
	stall.kind = kind;
	stall.reports = watchdog_reports();
	stall.of_kind = stall_reports();
	stall.inconclusive = watchdog_inconclusive();
	stall.limit_ns = watchdog_limit_ns;
	stall.begun = 0;
	watchdog_expect(kind != WATCHDOG_NONE);
	watchdog_limit_ns = kind == WATCHDOG_NONE ? SILENT_NS : STALL_NS;
}

bool stall_noticed(void)
{
	return stall_reports() != stall.of_kind ||
	       watchdog_inconclusive() != stall.inconclusive;
}

void stall_end(struct test_run *t)
{
	watchdog_limit_ns = stall.limit_ns;
	watchdog_expect(false);
	if (stall.kind == WATCHDOG_NONE)
		EXPECT_EQ(t, watchdog_reports(), stall.reports);
	else if (watchdog_inconclusive() != stall.inconclusive)
		test_skip(t, "a CPU got no time from the host");
	else
		EXPECT_EQ(t, stall_reports(), stall.of_kind + 1);
}

u64 stall_deadline(void)
{
	return time_ns() + wait_limit_ns / 4 * 3;
}

/*
 * In replay mode a wait of virtual time takes minutes if it relaxes each time round; if it never
 * does, every time that somebody else relaxes costs what is left of our slice.
 */
static void pass_time(void)
{
	static u32 rounds;

	if (cmdline.mode != MODE_REPLAY || ++rounds % 256 == 0)
		cpu_relax();
}

void stall_spin(void)
{
	for (u64 deadline = stall_deadline(); !stall_noticed() && time_ns() < deadline;)
		pass_time();
}

void stall_spin_for(u64 ns)
{
	for (u64 end = time_ns() + ns; time_ns() < end;)
		pass_time();
}

void stall_await_thread(struct thread *thread)
{
	while (READ_ONCE(thread->state) != THREAD_DEAD)
		thread_yield();
	thread_join(thread);
}

struct thread *stall_start(void (*func)(void *), int cpu)
{
	return test_start("stall", func, cpu);
}

void stall_count(void)
{
	__atomic_add_fetch(&stall.begun, 1, __ATOMIC_SEQ_CST);
}
#endif
