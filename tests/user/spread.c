/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `spread`: a thread on every CPU writes fresh pages of one VMA, dealt out in turn, so that all
 * fault under the same page tables at once; every page must hold what its one writer wrote and
 * nothing else, and no fault may be lost (INV-1, INV-13).
 */
#include "tests/user/util.h"

struct spread {
	struct spin_barrier ready;
	char *region;
	unsigned long pages; /* of each thread */
	unsigned int threads;
};

static uint64_t stamp(unsigned long index)
{
	return 0x5b00000000000000 | index;
}

static void write_pages(struct worker *worker)
{
	struct spread *spread = worker->arg;

	barrier_wait(&spread->ready);
	for (unsigned long i = 0; i < spread->pages; i++) {
		unsigned long index = i * spread->threads + worker->id;
		volatile uint64_t *word = page_word(spread->region, index);

		word[worker->id % 8] = stamp(index);
	}
}

static void check_pages(struct spread *spread)
{
	for (unsigned long i = 0; i < spread->pages * spread->threads; i++) {
		volatile uint64_t *word = page_word(spread->region, i);

		for (unsigned int j = 0; j < 8; j++) {
			uint64_t expected = j == i % spread->threads % 8 ? stamp(i) : 0;

			check(word[j] == expected, "word %u of page %lu is %#llx, not %#llx", j, i,
			      (unsigned long long)word[j], (unsigned long long)expected);
		}
	}
}

static int spread_main(int argc, char **argv)
{
	unsigned long threads = nr_cpus();
	struct spread spread = {.pages = 32};
	const struct user_option options[] = {
		{"threads", OPTION_NUMBER, &threads}, {"pages", OPTION_NUMBER, &spread.pages}, {0}};

	parse_options(argc, argv, options);
	spread.threads = spread.ready.total = (unsigned int)threads;
	spread.region = map_island(spread.pages * threads * page_size(), page_size());
	workers_join(workers_start(spread.threads, 0, write_pages, &spread), spread.threads);
	check_pages(&spread);
	return 0;
}

USER_PROGRAM("spread", spread_main, "all CPUs write fresh pages under the same page tables");
