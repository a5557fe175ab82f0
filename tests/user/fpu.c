/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Floating-point state is a thread's own, whatever runs between two of its instructions.
 *
 * `fpu`: two threads a CPU compute with double and long double (SSE and x87 on x86_64), each with
 * its own rounding mode, so that they are preempted by each other in the middle; every round must
 * give the result that one undisturbed run gave.
 * `sigfpu`: a computation that holds values in registers is interrupted by faults whose handler
 * computes with other values and another rounding mode; the result must not change.
 */
#include "tests/user/util.h"

#include <fenv.h>

#define INPUTS 16

struct result {
	double sums[4];
	long double product;
};

static const int roundings[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};

/* Keeps its sums in registers while it reads one input a page. */
static __attribute__((noinline)) struct result compute(const char *inputs, size_t stride,
						       unsigned int rounds)
{
	double a = 1, b = 2, c = 3, d = 5;
	long double x = 7;

	for (unsigned int i = 0; i < rounds; i++) {
		double in = *(const volatile double *)(inputs + i % INPUTS * stride);

		a = a / 3 + in;
		b = b / 7 + a;
		c = c / 11 + b;
		d = d / 13 + c;
		x = x / 17 + in;
	}
	return (struct result){{a, b, c, d}, x};
}

static bool same(const struct result *one, const struct result *other)
{
	return !memcmp(one->sums, other->sums, sizeof(one->sums)) && one->product == other->product;
}

static void fill(char *inputs, size_t stride, double first)
{
	for (unsigned int i = 0; i < INPUTS; i++)
		*(double *)(inputs + i * stride) = first / (i + 3);
}

/* --- fpu --- */
struct fpu_run {
	struct spin_barrier ready;
	unsigned long rounds;
};

static void crunch(struct worker *worker)
{
	struct fpu_run *run = worker->arg;
	double inputs[INPUTS];
	struct result expected, now;
	int rounding = roundings[worker->id % 4];

	fill((char *)inputs, sizeof(double), worker->id + 1);
	fesetround(rounding);
	expected = compute((char *)inputs, sizeof(double), 100);
	barrier_wait(&run->ready);
	for (unsigned long i = 0; i < run->rounds; i++) {
		now = compute((char *)inputs, sizeof(double), 100);
		check(same(&now, &expected), "thread %u: round %lu gives another result",
		      worker->id, i);
		check(fegetround() == rounding, "thread %u: rounding mode changed", worker->id);
		if (i % 16 == 0)
			sched_yield();
	}
}

static int fpu_main(int argc, char **argv)
{
	struct fpu_run run = {.rounds = 1000};
	unsigned long threads = 2 * nr_cpus();
	const struct user_option options[] = {
		{"rounds", OPTION_NUMBER, &run.rounds}, {"threads", OPTION_NUMBER, &threads}, {0}};

	parse_options(argc, argv, options);
	run.ready.total = (unsigned int)threads;
	workers_join(workers_start(run.ready.total, 0, crunch, &run), run.ready.total);
	return 0;
}

USER_PROGRAM("fpu", fpu_main, "floating-point registers survive preemption");

/* --- sigfpu --- */
static char *pages;
static unsigned int faults;

static void on_fault(int signo, siginfo_t *info, void *context)
{
	size_t index = (size_t)((char *)info->si_addr - pages) / page_size();
	double inputs[INPUTS];

	(void)signo;
	(void)context;
	fesetround(FE_TOWARDZERO);
	fill((char *)inputs, sizeof(double), 1e9);
	check(compute((char *)inputs, sizeof(double), 50).sums[0] > 0, "the handler computes");
	protect(pages + index * page_size(), page_size(), PROT_READ);
	faults++;
}

static int sigfpu_main(int argc, char **argv)
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
	struct result expected, now;

	(void)argc;
	(void)argv;
	check(!sigaction(SIGSEGV, &action, NULL), "sigaction: %s", strerror(errno));
	pages = map_island(INPUTS * page_size(), page_size());
	fill(pages, page_size(), 0.3);
	for (unsigned int i = 0; i < 4; i++) {
		fesetround(roundings[i]);
		expected = compute(pages, page_size(), 100);
		protect(pages, INPUTS * page_size(), PROT_NONE);
		faults = 0;
		now = compute(pages, page_size(), 100);
		check(faults == INPUTS, "%u faults instead of %d", faults, INPUTS);
		check(same(&now, &expected), "a handler changed the result of the computation");
		check(fegetround() == roundings[i], "a handler changed the rounding mode");
	}
	return 0;
}

USER_PROGRAM("sigfpu", sigfpu_main, "floating-point registers survive a signal handler");
