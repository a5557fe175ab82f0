/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite boot: what every later test relies on.
 */
#include "kernel/boot.h"
#include "kernel/cmdline.h"
#include "tests/kernel/test.h"

/* Every CPU that the firmware tables name must have come up: a missing one would make each later
 * test weaker without a word. */
TEST(boot, all_cpus_online, "every CPU that firmware names runs")
{
	test_note(t, "found=%u online=%u", boot_info.nr_cpus_found, cpumask_weight(&cpus_online));
	EXPECT_EQ(t, cpumask_weight(&cpus_online), nr_cpus);
	if (cmdline.cpus)
		EXPECT_EQ(t, nr_cpus, cmdline.cpus);
}

static u64 ran[NR_CPUS];

static void run_here(void *arg)
{
	(void)arg;
	ran[cpu_id()]++;
}

/* A pinned kernel thread on each CPU runs there and nowhere else. */
TEST(boot, thread_on_every_cpu, "a pinned thread runs on each CPU")
{
	for (unsigned int i = 0; i < nr_cpus; i++)
		ran[i] = 0;
	if (!test_on_cpus(nr_cpus, run_here, NULL))
		test_error(t, "no memory for threads");
	for (unsigned int i = 0; i < nr_cpus; i++)
		EXPECT_EQ(t, ran[i], 1);
}

/* Time never runs backwards on one CPU, and a sleep is no shorter than asked. */
TEST(boot, time_and_sleep, "time goes forwards and sleeps last")
{
	u64 start = time_ns(), last = start;

	for (unsigned int i = 0; i < 1000; i++) {
		u64 now = time_ns();

		EXPECT(t, now >= last);
		last = now;
	}
	start = time_ns();
	thread_sleep_ns(2 * NSEC_PER_MSEC); /* sleep: what is tested */
	EXPECT_OP(t, time_ns() - start, >=, 2 * NSEC_PER_MSEC);
}
