/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite boot: what every later test relies on.
 */
#include "arch/uaccess.h"
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

static u64 user_words_read;

/* Looks at all small pages, and at the start of all that is a power of two. */
static void read_user_addresses(void *arg)
{
	u32 word;

	(void)arg;
	for (unsigned long addr = 0; addr < 64 * PAGE_SIZE; addr += PAGE_SIZE)
		user_words_read += !user_read32((const void *)addr, &word);
	for (unsigned long addr = 64 * PAGE_SIZE; addr < USER_TOP; addr *= 2)
		user_words_read += !user_read32((const void *)addr, &word);
}

/*
 * A kernel thread has no address space, so no CPU finds anything at user addresses: neither what a
 * program left there, nor RAM, nor the kernel's own map at a wrong place. Else NULL is not noticed.
 */
TEST(boot, no_user_addresses, "without an address space no CPU reads anything at user addresses")
{
	user_words_read = 0;
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
		thread_join(test_start("reader", read_user_addresses, (int)cpu));
	EXPECT_EQ(t, user_words_read, 0);
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
