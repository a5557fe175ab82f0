/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `storm`: threads read, write, map, unmap, protect and give back pages at random.
 *
 * By default each thread has a range of its own, and the ranges lie side by side, so that they
 * share page tables and their VMAs split and merge with each other's. Each thread keeps a shadow of
 * its range, and every access must do what the shadow says: give that value, or one SIGSEGV with
 * the right address and code (INV-1, INV-10, INV-13, L-20). With --shared all work on one range and
 * little is certain: a page reads as zero or as a stamp that was made for that very page.
 *
 * The operations follow from --seed; only their interleaving does not.
 */
#include "tests/user/shadow.h"

#define RANGE 32 /* pages */
#define STAMP_MAGIC 0x5aULL

struct storm {
	unsigned long threads, rounds, seed;
	bool shared;
	struct spin_barrier ready;
	char *region;
};

struct stormer {
	struct storm *storm;
	unsigned int id;
	unsigned long first; /* of the region's pages */
	uint64_t random, round;
	struct shadow_range range;
};

/* Tells page, writer and time of writing; never zero. */
static uint64_t make_stamp(const struct stormer *s, unsigned long index)
{
	return STAMP_MAGIC << 56 | (uint64_t)s->id << 44 | (uint64_t)(s->first + index) << 24 |
	       s->round;
}

static bool is_stamp_of(const struct storm *storm, uint64_t value, unsigned long page)
{
	return value >> 56 == STAMP_MAGIC && (value >> 44 & 0xfff) < storm->threads &&
	       (value >> 24 & 0xfffff) == page && (value & 0xffffff) < storm->rounds;
}

static void read_page(struct stormer *s, unsigned long index)
{
	uint64_t value;

	if (shadow_read(&s->range, index, &value))
		check(!value || is_stamp_of(s->storm, value, s->first + index),
		      "page %lu holds %#llx, which nobody wrote to it", s->first + index,
		      (unsigned long long)value);
}

static void change_pages(struct stormer *s)
{
	static shadow_change *const changes[] = {shadow_map,	 shadow_map,	 shadow_unmap,
						 shadow_protect, shadow_protect, shadow_discard};
	static const int prots[] = {PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ,
				    PROT_NONE};
	unsigned long first = random_below(&s->random, RANGE);
	unsigned long n = 1 + random_below(&s->random, RANGE - first);
	int prot = prots[random_below(&s->random, 4)];

	changes[random_below(&s->random, 6)](&s->range, first, n, prot);
}

static void do_round(struct stormer *s)
{
	unsigned long dice = random_below(&s->random, 10), index = random_below(&s->random, RANGE);

	if (dice < 3)
		read_page(s, index);
	else if (dice < 6)
		shadow_write(&s->range, index, make_stamp(s, index));
	else
		change_pages(s);
}

static void rage(struct worker *worker)
{
	struct storm *storm = worker->arg;
	struct shadow_page pages[RANGE];
	struct stormer s = {.storm = storm, .id = worker->id};

	s.first = storm->shared ? 0 : (unsigned long)worker->id * RANGE;
	s.random = storm->seed * 4096 + worker->id;
	s.range.base = storm->region + s.first * page_size();
	s.range.strict = !storm->shared;
	s.range.pages = pages;
	shadow_init(&s.range, RANGE);
	barrier_wait(&storm->ready);
	for (; s.round < storm->rounds; s.round++)
		do_round(&s);
	for (unsigned int i = 0; i < RANGE; i++)
		read_page(&s, i);
}

static int storm_main(int argc, char **argv)
{
	static struct storm storm = {.rounds = 200, .seed = 1};
	const struct user_option options[] = {{"threads", OPTION_NUMBER, &storm.threads},
					      {"rounds", OPTION_NUMBER, &storm.rounds},
					      {"seed", OPTION_NUMBER, &storm.seed},
					      {"shared", OPTION_FLAG, &storm.shared},
					      {0}};
	unsigned int n;

	storm.threads = nr_cpus();
	parse_options(argc, argv, options);
	if (!storm.threads || storm.threads > 4096 || storm.rounds > 1 << 24)
		usage("1 to 4096 threads, up to 16777216 rounds");
	n = storm.ready.total = (unsigned int)storm.threads;
	storm.region = map_island((storm.shared ? 1 : n) * RANGE * page_size(), page_size());
	segv_catch();
	workers_join(workers_start(n, 0, rage, &storm), n);
	return 0;
}

USER_PROGRAM("storm", storm_main, "random faults and changes by T threads against a shadow");
