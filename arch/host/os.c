/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads, sleeping, time and memory of the host: see arch/host/os.h. Owns nothing; a parker's flag
 * is guarded by its mutex.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "arch/host/os.h"

struct os_parker {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	bool woken;
};

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "arch/host: %s failed\n", what);
	abort();
}

struct os_parker *os_parker_create(void)
{
	struct os_parker *parker = os_zalloc(sizeof(*parker));
	pthread_condattr_t attr;

	must(!pthread_condattr_init(&attr) && !pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) &&
		     !pthread_cond_init(&parker->cond, &attr) &&
		     !pthread_mutex_init(&parker->mutex, NULL),
	     "pthread_cond_init");
	return parker;
}

void os_park(struct os_parker *parker, uint64_t limit_ns)
{
	uint64_t until = os_clock_ns() + limit_ns;
	struct timespec ts = { (time_t)(until / 1000000000), (long)(until % 1000000000) };
	int err = 0;

	pthread_mutex_lock(&parker->mutex);
	while (!parker->woken && !err)
		err = pthread_cond_timedwait(&parker->cond, &parker->mutex, &ts);
	parker->woken = false;
	pthread_mutex_unlock(&parker->mutex);
}

void os_unpark(struct os_parker *parker)
{
	pthread_mutex_lock(&parker->mutex);
	parker->woken = true;
	pthread_cond_signal(&parker->cond);
	pthread_mutex_unlock(&parker->mutex);
}

void *os_thread_start(void *(*func)(void *arg), void *arg)
{
	pthread_t thread;

	must(!pthread_create(&thread, NULL, func, arg), "pthread_create");
	return (void *)thread;
}

void os_thread_join(void *thread)
{
	must(!pthread_join((pthread_t)thread, NULL), "pthread_join");
}

void os_thread_forget(void *thread)
{
	must(!pthread_detach((pthread_t)thread), "pthread_detach");
}

void os_yield(void)
{
	sched_yield();
}

uint64_t os_clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void *os_reserve(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	must(memory != MAP_FAILED, "mmap");
	return memory;
}

void *os_zalloc(size_t bytes)
{
	void *object = calloc(1, bytes);

	must(object, "calloc");
	return object;
}

void os_free(void *object)
{
	free(object);
}

void os_exit(int status)
{
	fflush(NULL);
	_exit(status);
}

void os_abort(void)
{
	fflush(NULL);
	abort();
}
