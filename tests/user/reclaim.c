/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `reclaim`: page tables are freed in floods under faults that walk them.
 *
 * Main maps a region over itself again and again, which takes all its tables away at once, and
 * touches each span of a table so that there are new ones. Meanwhile walkers write and read pages
 * of it at random, and each now and then maps and unmaps spans of its own; one thread sleeps and
 * touches a page between two sleeps, and one stays in user mode. The region lies by itself, so that
 * the tables above go too. The last CPU, if there are enough, has no thread.
 *
 * A page that is read holds zero or what was written to that very page. Few are written, so that no
 * batch of the kernel's is full, and flushed, before the tables are taken; but in every fourth
 * round main writes more than a batch.
 */
#include "tests/user/util.h"

#define STAMP 0x7ab1e00000000000UL
#define FAR_AWAY (1UL << 40) /* where nothing else is mapped */
#define BATCH 20	     /* more pages than a gather takes by default */
#define OWN_SPANS 3	     /* of a walker */

static struct {
	unsigned long rounds, spans, seed, walkers;
	char *region;
	struct spin_barrier ready;
	atomic_bool stop;
} rc = { .rounds = 40, .spans = 16, .seed = 1 };

static size_t span_pages(void)
{
	return TABLE_SPAN / page_size();
}

static void check_page(size_t page)
{
	uint64_t value = *page_word(rc.region, page);

	check(value == 0 || value == (STAMP | page), "page %zu holds %#lx", page,
	      (unsigned long)value);
}

static unsigned long at_least(unsigned long least, unsigned long n)
{
	return n < least ? least : n;
}

static void visit_page(uint64_t *random)
{
	size_t page = random_below(random, rc.spans * span_pages());
	bool write = random_below(random, at_least(4, rc.walkers)) == 0;

	if (write)
		*page_word(rc.region, page) = STAMP | page;
	check_page(page);
}

static void flood_own(void)
{
	char *own = map_island(OWN_SPANS * TABLE_SPAN, TABLE_SPAN);

	for (unsigned int i = 0; i < OWN_SPANS; i++)
		*page_word(own + i * TABLE_SPAN, 0) = i;
	check(!munmap(own, OWN_SPANS * TABLE_SPAN), "munmap: %s", strerror(errno));
}

static void walk(struct worker *worker)
{
	uint64_t random = rc.seed * 1000 + worker->id;

	barrier_wait(&rc.ready);
	while (!atomic_load(&rc.stop)) {
		visit_page(&random);
		if (random_below(&random, at_least(8, rc.walkers)) == 0)
			flood_own();
	}
}

static void sleep_and_touch(struct worker *worker)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	uint64_t random = rc.seed * 1000 + worker->id;

	barrier_wait(&rc.ready);
	while (!atomic_load(&rc.stop)) {
		visit_page(&random);
		/* sleep: what is tested, a CPU that idles and has no mm loaded. */
		nanosleep(&nap, NULL);
	}
}

static void stay_in_user_mode(struct worker *worker)
{
	(void)worker;
	barrier_wait(&rc.ready);
	spin_until(atomic_load(&rc.stop));
}

static void run_role(struct worker *worker)
{
	if (worker->id < rc.walkers)
		walk(worker);
	else if (worker->id == rc.walkers)
		sleep_and_touch(worker);
	else
		stay_in_user_mode(worker);
}

static char *map_region(void *addr, int fixed)
{
	char *region = mmap(addr, rc.spans * TABLE_SPAN, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | fixed, -1, 0);

	check(region != MAP_FAILED, "mmap: %s", strerror(errno));
	return region;
}

/* A table for each span; the first page is written, after which others may be speculatively. */
static void touch_spans(unsigned long round)
{
	unsigned long written = round % 4 == 3 ? BATCH : 1;

	for (unsigned long i = 0; i < written; i++)
		*page_word(rc.region, i) = STAMP | i;
	for (unsigned long i = 1; i < rc.spans; i++)
		check_page(i * span_pages());
}

static int reclaim_main(int argc, char **argv)
{
	const struct user_option options[] = { { "rounds", OPTION_NUMBER, &rc.rounds },
					       { "spans", OPTION_NUMBER, &rc.spans },
					       { "seed", OPTION_NUMBER, &rc.seed },
					       { 0 } };
	unsigned int cpus = nr_cpus(), threads = cpus > 5 ? cpus - 2 : cpus > 1 ? cpus - 1 : 1;
	struct worker *workers;

	parse_options(argc, argv, options);
	if (!rc.spans)
		usage("no spans, no tables");
	rc.walkers = threads > 4 ? threads - 2 : threads > 2 ? threads - 1 : threads;
	rc.region = map_region((void *)FAR_AWAY, 0);
	rc.ready.total = threads + 1;
	touch_spans(0);
	warm_up();
	pin_to_cpu(0);
	workers = workers_start(threads, 1, run_role, NULL);
	barrier_wait(&rc.ready);
	for (unsigned long round = 0; round < rc.rounds; round++) {
		touch_spans(round);
		map_region(rc.region, MAP_FIXED);
	}
	atomic_store(&rc.stop, true);
	workers_join(workers, threads);
	return 0;
}

USER_PROGRAM("reclaim", reclaim_main, "page tables are freed in floods under faults");
