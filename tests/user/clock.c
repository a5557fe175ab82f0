/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `clock`: the clocks agree with each other, on all CPUs.
 *
 * A time read after another in the order of the program, or after one that another thread has
 * published, is not smaller. Sleeps last at least as long as asked for; time limits of futexes
 * expire.
 */
#include "tests/user/util.h"

#include <sys/time.h>
#include <time.h>

#define MS 1000000ULL

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	check(!clock_gettime(clock, &now), "clock_gettime(%d): %s", clock, strerror(errno));
	check(now.tv_nsec >= 0 && now.tv_nsec < 1000000000, "tv_nsec is %ld", now.tv_nsec);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

struct clock_run {
	unsigned long rounds;
	_Atomic uint64_t latest; /* the largest time that any thread has read */
};

static void publish(_Atomic uint64_t *latest, uint64_t now)
{
	uint64_t seen = atomic_load(latest);

	/* bounded: it fails only when somebody else's came between */
	while (seen < now && !atomic_compare_exchange_weak(latest, &seen, now))
		;
}

static void read_clock(struct worker *worker)
{
	struct clock_run *run = worker->arg;

	for (unsigned long i = 0; i < run->rounds; i++) {
		uint64_t before = atomic_load(&run->latest);
		uint64_t now = clock_ns(CLOCK_MONOTONIC);

		check(now >= before, "CPU %u: the clock is %llu ns behind another CPU's",
		      worker->cpu, (unsigned long long)(before - now));
		publish(&run->latest, now);
	}
}

static void test_real_time(void)
{
	uint64_t before = clock_ns(CLOCK_REALTIME), between, after;
	struct timeval tv;

	check(!gettimeofday(&tv, NULL), "gettimeofday: %s", strerror(errno));
	between = (uint64_t)tv.tv_sec * 1000000000 + (uint64_t)tv.tv_usec * 1000;
	after = clock_ns(CLOCK_REALTIME);
	check(between / 1000 >= before / 1000 && between <= after,
	      "gettimeofday and CLOCK_REALTIME disagree");
}

static void test_sleep(void)
{
	const struct timespec ms = {.tv_nsec = MS};
	uint64_t start = clock_ns(CLOCK_MONOTONIC);
	struct timespec until;

	/* sleep: what is tested, here and below */
	check(!nanosleep(&ms, NULL), "nanosleep: %s", strerror(errno));
	check(clock_ns(CLOCK_MONOTONIC) >= start + MS, "nanosleep came back early");
	start = clock_ns(CLOCK_MONOTONIC) + MS;
	until.tv_sec = (time_t)(start / 1000000000);
	until.tv_nsec = (long)(start % 1000000000);
	/* sleep: what is tested */
	check(!clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL),
	      "clock_nanosleep failed");
	check(clock_ns(CLOCK_MONOTONIC) >= start, "clock_nanosleep came back early");
}

static void test_futex_limit(void)
{
	const struct timespec ms = {.tv_nsec = MS};
	uint64_t start = clock_ns(CLOCK_MONOTONIC);
	uint32_t word = 0;

	check(futex_call(&word, FUTEX_WAIT_PRIVATE, 0, &ms) < 0 && errno == ETIMEDOUT,
	      "a futex wait of 1 ms: %s", strerror(errno));
	check(clock_ns(CLOCK_MONOTONIC) >= start + MS, "a futex wait expired early");
}

static int clock_main(int argc, char **argv)
{
	struct clock_run run = {.rounds = 1000};
	const struct user_option options[] = {{"rounds", OPTION_NUMBER, &run.rounds}, {0}};

	parse_options(argc, argv, options);
	test_real_time();
	test_sleep();
	test_futex_limit();
	workers_join(workers_start(nr_cpus(), 0, read_clock, &run), nr_cpus());
	return 0;
}

USER_PROGRAM("clock", clock_main, "clocks go forward on all CPUs, sleeps last long enough");
