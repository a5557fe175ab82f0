/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `storm`: threads read, write, map, unmap, protect and give back pages at random.
 *
 * By default each thread has a range of its own, and the ranges lie side by side, so that they
 * share page tables and their VMAs split and merge with each other's. Each thread keeps a shadow:
 * what every page of its range must hold, whether it is mapped and how. Every access must do what
 * the shadow says: give that value, or one SIGSEGV with the right address and code (INV-1, INV-10,
 * INV-13, L-20). With --shared all work on one range and nothing is certain but this: a page reads
 * as zero or as a stamp that was made for that very page, and a signal is for the address accessed.
 *
 * The operations follow from --seed; only their interleaving does not.
 */
#include "tests/user/util.h"

#define RANGE 32 /* pages */
#define STAMP_MAGIC 0x5aULL

struct storm {
	unsigned long threads, rounds, seed;
	bool shared;
	struct spin_barrier ready;
	char *region;
};

struct shadow {
	bool mapped;
	int prot;
	uint64_t value;
};

struct stormer {
	struct storm *storm;
	unsigned int id;
	unsigned long first; /* page of the region */
	uint64_t random, round;
	struct shadow shadows[RANGE];
};

static uint64_t make_stamp(const struct stormer *s, unsigned long page)
{
	return STAMP_MAGIC << 56 | (uint64_t)s->id << 44 | (uint64_t)page << 24 | s->round;
}

static bool is_stamp_of(const struct storm *storm, uint64_t value, unsigned long page)
{
	return value >> 56 == STAMP_MAGIC && (value >> 44 & 0xfff) < storm->threads &&
	       (value >> 24 & 0xfffff) == page && (value & 0xffffff) < storm->rounds;
}

static void check_value(const struct stormer *s, unsigned long index, uint64_t value)
{
	uint64_t expected = s->shadows[index].value;

	if (s->storm->shared)
		check(!value || is_stamp_of(s->storm, value, s->first + index),
		      "page %lu holds %#llx, which nobody wrote to it", s->first + index,
		      (unsigned long long)value);
	else
		check(value == expected, "thread %u round %llu: page %lu holds %#llx, not %#llx",
		      s->id, (unsigned long long)s->round, s->first + index,
		      (unsigned long long)value, (unsigned long long)expected);
}

/* One access to page @index of the range, and whether it ended as the shadow says. */
static void access_page(struct stormer *s, unsigned long index, bool write)
{
	struct shadow *shadow = &s->shadows[index];
	volatile uint64_t *word = page_word(s->storm->region, s->first + index);
	uint64_t value = make_stamp(s, s->first + index);
	bool done = write ? try_write(word, value) : try_read(word, &value);
	bool may = shadow->mapped && (shadow->prot & (write ? PROT_WRITE : PROT_READ));

	check(done || last_segv.addr == (uintptr_t)word, "SIGSEGV for %#lx at an access to %p",
	      (unsigned long)last_segv.addr, (void *)(uintptr_t)word);
	if (!s->storm->shared) {
		check(done == may, "thread %u round %llu: %s of page %lu %s", s->id,
		      (unsigned long long)s->round, write ? "write" : "read", s->first + index,
		      done ? "went through" : "got SIGSEGV");
		check(done || last_segv.code == (shadow->mapped ? SEGV_ACCERR : SEGV_MAPERR),
		      "si_code %d on page %lu", last_segv.code, s->first + index);
	}
	if (done && write)
		shadow->value = value;
	else if (done)
		check_value(s, index, value);
}

/* --- changes of [first, first + n) of the range; each updates the shadow as Linux would --- */
static void map_range(struct stormer *s, char *addr, struct shadow *shadow, unsigned long n,
		      int prot)
{
	(void)s;
	check(mmap(addr, n * page_size(), prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
	      addr, "mmap: %s", strerror(errno));
	for (unsigned long i = 0; i < n; i++)
		shadow[i] = (struct shadow){ .mapped = true, .prot = prot };
}

static void unmap_range(struct stormer *s, char *addr, struct shadow *shadow, unsigned long n,
			int prot)
{
	(void)s;
	(void)prot;
	check(!munmap(addr, n * page_size()), "munmap: %s", strerror(errno));
	memset(shadow, 0, n * sizeof(*shadow));
}

static void check_result(const struct stormer *s, const char *call, int result, bool hole)
{
	check(!result || errno == ENOMEM, "%s: %s", call, strerror(errno));
	check(s->storm->shared || (result < 0) == hole, "thread %u round %llu: %s %s", s->id,
	      (unsigned long long)s->round, call, result < 0 ? "failed" : "crossed a hole");
}

/* Stops at the first hole, with what lies before it changed. */
static void protect_range(struct stormer *s, char *addr, struct shadow *shadow, unsigned long n,
			  int prot)
{
	int result = mprotect(addr, n * page_size(), prot);
	unsigned long i;

	for (i = 0; i < n && shadow[i].mapped; i++)
		shadow[i].prot = prot;
	check_result(s, "mprotect", result, i < n);
}

/* Passes over holes, and reports them. */
static void discard_range(struct stormer *s, char *addr, struct shadow *shadow, unsigned long n,
			  int prot)
{
	int result = madvise(addr, n * page_size(), MADV_DONTNEED);
	bool hole = false;

	(void)prot;
	for (unsigned long i = 0; i < n; i++) {
		hole |= !shadow[i].mapped;
		shadow[i].value = 0;
	}
	check_result(s, "madvise", result, hole);
}

static void change_range(struct stormer *s)
{
	static void (*const changes[])(struct stormer *, char *, struct shadow *, unsigned long,
				       int) = { map_range,	unmap_range,   protect_range,
						protect_range,	discard_range, map_range };
	static const int prots[] = { PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ,
				     PROT_NONE };
	unsigned long first = random_below(&s->random, RANGE);
	unsigned long n = 1 + random_below(&s->random, RANGE - first);
	int prot = prots[random_below(&s->random, 4)];

	changes[random_below(&s->random, 6)](s, s->storm->region + (s->first + first) * page_size(),
					     &s->shadows[first], n, prot);
}

static void rage(struct worker *worker)
{
	struct storm *storm = worker->arg;
	struct stormer s = { .storm = storm, .id = worker->id };

	s.first = storm->shared ? 0 : (unsigned long)worker->id * RANGE;
	s.random = storm->seed * 4096 + worker->id;
	for (unsigned int i = 0; i < RANGE; i++)
		s.shadows[i] = (struct shadow){ .mapped = true, .prot = PROT_READ | PROT_WRITE };
	barrier_wait(&storm->ready);
	for (; s.round < storm->rounds; s.round++) {
		if (random_below(&s.random, 10) < 6)
			access_page(&s, random_below(&s.random, RANGE), random_below(&s.random, 2));
		else
			change_range(&s);
	}
	for (unsigned int i = 0; i < RANGE; i++)
		access_page(&s, i, false);
}

static int storm_main(int argc, char **argv)
{
	static struct storm storm = { .rounds = 200, .seed = 1 };
	const struct user_option options[] = { { "threads", OPTION_NUMBER, &storm.threads },
					       { "rounds", OPTION_NUMBER, &storm.rounds },
					       { "seed", OPTION_NUMBER, &storm.seed },
					       { "shared", OPTION_FLAG, &storm.shared },
					       { 0 } };
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
