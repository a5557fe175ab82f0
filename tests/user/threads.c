/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `threads`: what POSIX threads need of the kernel: clone, thread-local storage, futexes behind
 * mutexes, conditions and joins, stacks that come and go, threads that unmap their own stack.
 *
 * Every thread computes a number from its identity; main computes it again. Several rounds, so
 * that thread ids, stacks and kernel objects are used again.
 */
#include "tests/user/util.h"

struct crowd {
	unsigned int total;
	pthread_mutex_t mutex;
	pthread_cond_t turn_changed;
	unsigned int turn;
	unsigned long counter; /* guarded by mutex */
	pthread_key_t key;
	atomic_uint destroyed, detached;
	pthread_barrier_t meet;
};

static _Thread_local unsigned int tls_zero;
static _Thread_local unsigned int tls_seven = 7;

static void destroy_value(void *value)
{
	struct crowd *crowd = value;

	atomic_fetch_add(&crowd->destroyed, 1);
}

static uint64_t number_of(unsigned int id)
{
	uint64_t state = id, sum = 0;

	for (unsigned int i = 0; i < 1000; i++)
		sum ^= random_next(&state) * (i | 1);
	return sum;
}

struct member {
	struct crowd *crowd;
	unsigned int id;
	uint64_t number;
};

/* In order of their ids, whatever order they were scheduled in. */
static void take_turn(struct crowd *crowd, unsigned int id)
{
	pthread_mutex_lock(&crowd->mutex);
	while (crowd->turn != id)
		pthread_cond_wait(&crowd->turn_changed, &crowd->mutex);
	crowd->turn++;
	pthread_cond_broadcast(&crowd->turn_changed);
	pthread_mutex_unlock(&crowd->mutex);
}

static void *take_part(void *arg)
{
	struct member *member = arg;
	struct crowd *crowd = member->crowd;

	check(tls_zero == 0 && tls_seven == 7, "thread-local variables start with wrong values");
	tls_zero = tls_seven = member->id;
	pthread_setspecific(crowd->key, crowd);
	pthread_barrier_wait(&crowd->meet);
	for (unsigned int i = 0; i < 100; i++) {
		pthread_mutex_lock(&crowd->mutex);
		crowd->counter++;
		pthread_mutex_unlock(&crowd->mutex);
	}
	take_turn(crowd, member->id);
	member->number = number_of(member->id);
	check(tls_zero == member->id && tls_seven == member->id, "another thread's variables");
	return member;
}

static void *leave_alone(void *arg)
{
	struct crowd *crowd = arg;

	atomic_fetch_add(&crowd->detached, 1);
	return NULL;
}

static void start_detached(struct crowd *crowd)
{
	for (unsigned int i = 0; i < crowd->total; i++)
		pthread_detach(thread_start(leave_alone, crowd));
}

static void check_crowd(struct crowd *crowd)
{
	check(crowd->counter == 100UL * crowd->total, "the mutex let %lu of %lu through",
	      100UL * crowd->total - crowd->counter, 100UL * crowd->total);
	check(crowd->turn == crowd->total, "turn %u of %u", crowd->turn, crowd->total);
	check(atomic_load(&crowd->destroyed) == crowd->total, "%u of %u destructors ran",
	      atomic_load(&crowd->destroyed), crowd->total);
}

static void run_crowd(unsigned int total)
{
	struct crowd crowd = {.total = total,
			      .mutex = PTHREAD_MUTEX_INITIALIZER,
			      .turn_changed = PTHREAD_COND_INITIALIZER};
	struct member *members = calloc(total, sizeof(*members));
	pthread_t *threads = calloc(total, sizeof(*threads));

	check(members && threads, "no memory");
	check(!pthread_key_create(&crowd.key, destroy_value), "pthread_key_create failed");
	pthread_barrier_init(&crowd.meet, NULL, total);
	for (unsigned int i = 0; i < total; i++) {
		members[i] = (struct member){.crowd = &crowd, .id = i};
		threads[i] = thread_start(take_part, &members[i]);
	}
	start_detached(&crowd);
	for (unsigned int i = 0; i < total; i++) {
		check(thread_join(threads[i]) == &members[i], "thread %u returned another value",
		      i);
		check(members[i].number == number_of(i), "thread %u computed another number", i);
	}
	spin_until(atomic_load(&crowd.detached) == total);
	check_crowd(&crowd);
	pthread_barrier_destroy(&crowd.meet);
	pthread_key_delete(crowd.key);
	free(threads);
	free(members);
}

static int threads_main(int argc, char **argv)
{
	unsigned long rounds = 4, total = 8;
	const struct user_option options[] = {{"rounds", OPTION_NUMBER, &rounds}, {0}};

	if (parse_options(argc, argv, options) > 0)
		total = parse_number(argv[1]);
	while (rounds--)
		run_crowd((unsigned int)total);
	return 0;
}

USER_PROGRAM("threads", threads_main, "N threads: TLS, mutexes, conditions, joins, detached ones");
