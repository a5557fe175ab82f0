/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads, pinning and barriers for the user programs.
 */
#include "tests/user/util.h"

/* --- CPUs --- */
/* What the process may use, as it was before anything was pinned. */
static cpu_set_t allowed;

static __attribute__((constructor)) void read_allowed(void)
{
	check(!sched_getaffinity(0, sizeof(allowed), &allowed), "sched_getaffinity: %s",
	      strerror(errno));
}

unsigned int nr_cpus(void)
{
	return (unsigned int)CPU_COUNT(&allowed);
}

unsigned int nth_cpu(unsigned int n)
{
	n %= nr_cpus();
	for (unsigned int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &allowed) && !n--)
			return cpu;
	fail("the CPU mask is empty");
}

void pin_to_cpu(unsigned int n)
{
	cpu_set_t mask;

	CPU_ZERO(&mask);
	CPU_SET(nth_cpu(n), &mask);
	check(!sched_setaffinity(0, sizeof(mask), &mask), "sched_setaffinity to CPU %u: %s",
	      nth_cpu(n), strerror(errno));
}

/* --- threads --- */
pthread_t thread_start(void *(*fn)(void *arg), void *arg)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, fn, arg);

	check(!error, "pthread_create: %s", strerror(error));
	return thread;
}

void *thread_join(pthread_t thread)
{
	void *result;
	int error = pthread_join(thread, &result);

	check(!error, "pthread_join: %s", strerror(error));
	return result;
}

static __attribute__((noinline)) void touch_thread_stack(void)
{
	volatile char frame[16384];

	for (size_t i = 0; i < sizeof(frame); i += 1024)
		frame[i] = 0;
}

static void *worker_main(void *arg)
{
	struct worker *worker = arg;

	pin_to_cpu(worker->cpu);
	touch_thread_stack();
	worker->fn(worker);
	return NULL;
}

struct worker *workers_start(unsigned int n, unsigned int first_cpu,
			     void (*fn)(struct worker *worker), void *arg)
{
	struct worker *workers = calloc(n, sizeof(*workers));

	check(workers, "no memory for %u threads", n);
	for (unsigned int i = 0; i < n; i++) {
		workers[i].id = i;
		workers[i].arg = arg;
		workers[i].fn = fn;
		workers[i].cpu = first_cpu + i;
		workers[i].thread = thread_start(worker_main, &workers[i]);
	}
	return workers;
}

void workers_join(struct worker *workers, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		thread_join(workers[i].thread);
	free(workers);
}

#define SPINS_BEFORE_YIELD 64

void spin_once(unsigned int *spins)
{
	cpu_relax();
	if (++*spins % SPINS_BEFORE_YIELD == 0)
		sched_yield();
}

void barrier_wait(struct spin_barrier *barrier)
{
	unsigned int generation = atomic_load(&barrier->generation);

	if (atomic_fetch_add(&barrier->arrived, 1) + 1 == barrier->total) {
		atomic_store(&barrier->arrived, 0);
		atomic_fetch_add(&barrier->generation, 1);
		return;
	}
	spin_until(atomic_load(&barrier->generation) != generation);
}
