/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `sigthreads`: signals and threads that sleep.
 *
 * A futex wait without a time limit that a signal interrupts goes on if the handler was set with
 * SA_RESTART and returns EINTR if not. A directed signal runs in the thread it was sent to. The
 * sender cannot know whether the other is asleep already, so it sends again and again; every
 * outcome but the forbidden one is then accepted, and the wanted one must come in the end.
 */
#include "tests/user/util.h"

static _Thread_local unsigned int my_id;

struct sleeper {
	atomic_uint word, handled, returned, ready;
	atomic_int error;
	pthread_t thread;
};

static struct sleeper sleeper;

static void on_usr1(int signo)
{
	(void)signo;
	check(my_id == 1, "a directed signal ran in another thread");
	atomic_fetch_add(&sleeper.handled, 1);
}

static void handle_usr1(int flags)
{
	struct sigaction action = {.sa_handler = on_usr1, .sa_flags = flags};

	check(!sigaction(SIGUSR1, &action, NULL), "sigaction: %s", strerror(errno));
}

static void *sleep_on_futex(void *arg)
{
	my_id = 1;
	atomic_store(&sleeper.ready, 1);
	if (futex_call(&sleeper.word, FUTEX_WAIT_PRIVATE, 0, NULL) < 0)
		atomic_store(&sleeper.error, errno);
	atomic_store(&sleeper.returned, 1);
	return arg;
}

static void start_sleeper(void)
{
	memset(&sleeper, 0, sizeof(sleeper));
	sleeper.thread = thread_start(sleep_on_futex, NULL);
	spin_until(atomic_load(&sleeper.ready));
}

static void signal_sleeper(void)
{
	unsigned int before = atomic_load(&sleeper.handled);

	check(!pthread_kill(sleeper.thread, SIGUSR1), "pthread_kill failed");
	spin_until(atomic_load(&sleeper.handled) != before || atomic_load(&sleeper.returned));
}

static void wake_sleeper(void)
{
	atomic_store(&sleeper.word, 1);
	futex_call(&sleeper.word, FUTEX_WAKE_PRIVATE, 1, NULL);
	thread_join(sleeper.thread);
}

static void test_restart(void)
{
	handle_usr1(SA_RESTART);
	start_sleeper();
	for (unsigned int i = 0; i < 20; i++) {
		signal_sleeper();
		check(!atomic_load(&sleeper.returned), "SA_RESTART did not restart the wait");
	}
	wake_sleeper();
	/* EAGAIN: restarted after the word had changed. */
	check(!sleeper.error || sleeper.error == EAGAIN, "restarted wait: %s",
	      strerror(sleeper.error));
}

static void test_interrupt(void)
{
	handle_usr1(0);
	start_sleeper();
	while (!atomic_load(&sleeper.returned)) {
		signal_sleeper();
		sched_yield();
	}
	thread_join(sleeper.thread);
	check(sleeper.error == EINTR, "interrupted wait: %s", strerror(sleeper.error));
}

static int sigthreads_main(int argc, char **argv)
{
	unsigned long rounds = 5;
	const struct user_option options[] = {{"rounds", OPTION_NUMBER, &rounds}, {0}};

	parse_options(argc, argv, options);
	while (rounds--) {
		test_restart();
		test_interrupt();
	}
	return 0;
}

USER_PROGRAM("sigthreads", sigthreads_main, "signals that interrupt or restart a futex wait");
