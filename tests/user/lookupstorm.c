/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `lookupstorm`: faults look VMAs up while the tree is being rebuilt around them.
 *
 * A region of pages: the even ones stay readable and writable, the odd ones are mapped, unmapped
 * and protected at random by one thread. So VMAs of one page are split off, merged with their
 * neighbours, erased and linked again all the time, the tree rotates, and the bounds of the VMA of
 * a stable page move though the page does not. Whoever faults on a stable page must find its VMA,
 * never a signal, never another page (INV-1, INV-13, MO-2, L-20): it reads what it wrote, or zero
 * after it gave the page back.
 */
#include "tests/user/util.h"

struct lookups {
	struct spin_barrier ready;
	unsigned long seed, rounds, stable;
	unsigned int threads;
	atomic_uint running; /* threads that still fault */
	char *region;
};

static void visit_page(struct lookups *lookups, unsigned long index, uint64_t *shadow,
		       uint64_t *random)
{
	volatile uint64_t *word = page_word(lookups->region, 2 * index);
	uint64_t value = *word;

	check(value == *shadow, "stable page %lu holds %#llx instead of %#llx", index,
	      (unsigned long long)value, (unsigned long long)*shadow);
	*word = *shadow = random_next(random);
	if (random_below(random, 2)) {
		check(!madvise((void *)word, page_size(), MADV_DONTNEED), "madvise: %s",
		      strerror(errno));
		*shadow = 0;
	}
}

static void visit_pages(struct worker *worker)
{
	struct lookups *lookups = worker->arg;
	unsigned long own = lookups->stable / lookups->threads;
	uint64_t random = lookups->seed * 1000 + worker->id;
	uint64_t *shadows = calloc(own, sizeof(*shadows));

	check(shadows, "no memory");
	barrier_wait(&lookups->ready);
	for (unsigned long i = 0; i < lookups->rounds; i++) {
		unsigned long mine = random_below(&random, own);

		visit_page(lookups, mine * lookups->threads + worker->id, &shadows[mine], &random);
	}
	free(shadows);
	atomic_fetch_sub(&lookups->running, 1);
}

static void change_page(char *page, uint64_t *random)
{
	static const int prots[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE};
	int prot = prots[random_below(random, 3)];

	switch (random_below(random, 3)) {
	case 0:
		check(!munmap(page, page_size()), "munmap: %s", strerror(errno));
		break;
	case 1:
		check(mmap(page, page_size(), prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
			   0) == page,
		      "mmap: %s", strerror(errno));
		break;
	default:
		/* ENOMEM: it is not mapped at the moment. */
		check(!mprotect(page, page_size(), prot) || errno == ENOMEM, "mprotect: %s",
		      strerror(errno));
	}
}

static int lookupstorm_main(int argc, char **argv)
{
	static struct lookups lookups = {.seed = 1, .rounds = 300, .stable = 256};
	unsigned long threads = nr_cpus() > 1 ? nr_cpus() - 1 : 1;
	const struct user_option options[] = {{"threads", OPTION_NUMBER, &threads},
					      {"rounds", OPTION_NUMBER, &lookups.rounds},
					      {"stable", OPTION_NUMBER, &lookups.stable},
					      {"seed", OPTION_NUMBER, &lookups.seed},
					      {0}};
	struct worker *workers;
	uint64_t random;

	parse_options(argc, argv, options);
	if (!threads || lookups.stable < threads)
		usage("each thread needs a stable page");
	lookups.threads = (unsigned int)threads;
	lookups.ready.total = lookups.threads + 1;
	atomic_store(&lookups.running, lookups.threads);
	lookups.region = map_island(2 * lookups.stable * page_size(), page_size());
	random = lookups.seed;
	pin_to_cpu(0);
	workers = workers_start(lookups.threads, 1, visit_pages, &lookups);
	barrier_wait(&lookups.ready);
	while (atomic_load(&lookups.running)) {
		unsigned long odd = 2 * random_below(&random, lookups.stable) + 1;

		change_page(lookups.region + odd * page_size(), &random);
	}
	workers_join(workers, lookups.threads);
	return 0;
}

USER_PROGRAM("lookupstorm", lookupstorm_main, "faults find their VMA while the tree is rebuilt");
