/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The smallest programs: `hello` prints a line with its arguments, `exit` ends with a status.
 *
 * `exit N --threads K` leaves K threads behind that compute, fault, and sleep on a futex: the
 * process must end all the same, with status N, and give everything back (INV-14).
 */
#include "tests/user/util.h"

static int hello_main(int argc, char **argv)
{
	printf("hello from ring 3");
	for (int i = 1; i < argc; i++)
		printf("%s%s", i == 1 ? ": " : " ", argv[i]);
	printf("\n");
	return 0;
}

USER_PROGRAM("hello", hello_main, "prints a line and its arguments");

struct leavers {
	pthread_mutex_t never; /* held by the main thread to the end */
	atomic_uint busy;
};

static void fault_for_ever(void)
{
	char *pages = map_pages(4 * page_size(), PROT_READ | PROT_WRITE);

	for (;;) {
		for (unsigned int i = 0; i < 4; i++)
			*page_word(pages, i) = i;
		madvise(pages, 4 * page_size(), MADV_DONTNEED);
	}
}

static void stay(struct worker *worker)
{
	struct leavers *leavers = worker->arg;

	atomic_fetch_add(&leavers->busy, 1);
	if (worker->id % 3 == 0)
		fault_for_ever();
	if (worker->id % 3 == 1)
		pthread_mutex_lock(&leavers->never);
	for (;;) /* bounded: by the exit of the process */
		cpu_relax();
}

static int exit_main(int argc, char **argv)
{
	static struct leavers leavers = {.never = PTHREAD_MUTEX_INITIALIZER};
	unsigned long threads = 0;
	const struct user_option options[] = {{"threads", OPTION_NUMBER, &threads}, {0}};

	if (parse_options(argc, argv, options) != 1)
		usage("exit STATUS [--threads K]");
	pthread_mutex_lock(&leavers.never);
	workers_start((unsigned int)threads, 0, stay, &leavers);
	spin_until(atomic_load(&leavers.busy) == threads);
	exit((int)parse_number(argv[1]));
}

USER_PROGRAM("exit", exit_main, "exits with status N, other threads running or not");
