/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `cputour`: one pinned thread a CPU; every CPU takes faults, sends shootdowns and receives them.
 *
 * First each thread runs where it was pinned and writes a page. Then they take turns: the one whose
 * turn it is shows the others a page, all read it, so that every CPU holds its translation; it
 * replaces the page by another, by unmapping and mapping or by MADV_DONTNEED in turn, while the
 * others stay runnable in the address space; all read again. A CPU that was left out of the
 * shootdown still reads the old value from a page that is free (INV-10).
 */
#include "tests/user/util.h"

struct tour {
	struct spin_barrier step;
	char *pages; /* one a thread */
	unsigned int total;
};

static uint64_t old_stamp(unsigned int id)
{
	return 0x0100000000 + id;
}

static uint64_t new_stamp(unsigned int id)
{
	return 0x0200000000 + id;
}

static void replace_page(struct tour *tour, unsigned int id)
{
	char *page = tour->pages + id * page_size();

	if (id % 2) {
		check(!madvise(page, page_size(), MADV_DONTNEED), "madvise: %s", strerror(errno));
	} else {
		check(!munmap(page, page_size()), "munmap: %s", strerror(errno));
		check(mmap(page, page_size(), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page,
		      "mmap: %s", strerror(errno));
	}
	check(!*page_word(tour->pages, id), "the new page is not zero");
	*page_word(tour->pages, id) = new_stamp(id);
}

static void expect_stamp(struct tour *tour, struct worker *worker, unsigned int turn,
			 uint64_t expected)
{
	uint64_t value = *page_word(tour->pages, turn);

	check(value == expected, "CPU %u reads %#llx of page %u instead of %#llx",
	      nth_cpu(worker->cpu), (unsigned long long)value, turn, (unsigned long long)expected);
}

static void travel(struct worker *worker)
{
	struct tour *tour = worker->arg;

	check(sched_getcpu() == (int)nth_cpu(worker->cpu), "thread %u runs on CPU %d, not %u",
	      worker->id, sched_getcpu(), nth_cpu(worker->cpu));
	*page_word(tour->pages, worker->id) = old_stamp(worker->id);
	barrier_wait(&tour->step);
	for (unsigned int turn = 0; turn < tour->total; turn++) {
		expect_stamp(tour, worker, turn, old_stamp(turn));
		barrier_wait(&tour->step);
		if (turn == worker->id)
			replace_page(tour, turn);
		barrier_wait(&tour->step);
		expect_stamp(tour, worker, turn, new_stamp(turn));
	}
}

static int cputour_main(int argc, char **argv)
{
	unsigned long total = nr_cpus();
	const struct user_option options[] = {{"threads", OPTION_NUMBER, &total}, {0}};
	struct tour tour;

	parse_options(argc, argv, options);
	tour = (struct tour){.total = (unsigned int)total, .step.total = (unsigned int)total};
	tour.pages = map_island(total * page_size(), page_size());
	workers_join(workers_start(tour.total, 0, travel, &tour), tour.total);
	for (unsigned int i = 0; i < tour.total; i++)
		check(*page_word(tour.pages, i) == new_stamp(i), "page %u lost its stamp", i);
	return 0;
}

USER_PROGRAM("cputour", cputour_main, "every CPU faults, sends and receives shootdowns");
