/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `asleep --ms N`: threads that sleep because they want to: one on a futex nobody wakes for a long
 * time, main for N milliseconds. Then main asks the kernel for its hang report, in which both kinds
 * stand as leaves, and wakes the other.
 */
#include "tests/user/util.h"
#include <time.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void *wait_for_mutex(void *arg)
{
	atomic_bool *begun = arg;

	atomic_store(begun, true);
	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
	return NULL;
}

static int asleep_main(int argc, char **argv)
{
	unsigned long ms = 10;
	const struct user_option options[] = { { "ms", OPTION_NUMBER, &ms }, { 0 } };
	struct timespec length;
	static atomic_bool begun;
	pthread_t sleeper;

	parse_options(argc, argv, options);
	length = (struct timespec){ (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };
	pthread_mutex_lock(&mutex);
	check(!pthread_create(&sleeper, NULL, wait_for_mutex, &begun), "pthread_create failed");
	spin_until(atomic_load(&begun));
	check(!nanosleep(&length, NULL), "nanosleep failed"); /* sleep: what is tested */
	fl_prctl(FL_HANG_REPORT, NULL, 0);
	pthread_mutex_unlock(&mutex);
	check(!pthread_join(sleeper, NULL), "pthread_join failed");
	return 0;
}

USER_PROGRAM("asleep", asleep_main, "threads that sleep by their own wish, for long");
