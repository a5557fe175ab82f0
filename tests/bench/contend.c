/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `contend`: how many faults a second one thread takes while another changes the address space.
 *
 * The faulting thread, on the first CPU, writes a byte in each page of 16 MiB of its own, 4096 of
 * 4 KiB, and gives them back with MADV_DONTNEED, over and over; page tables stay. The contender, on
 * the second CPU, changes another part: mmap (64 KiB mapped and unmapped), mmap-touch (a page of it
 * written in between, so that the flush interrupts the other CPU) or mprot16m (16 MiB of populated
 * pages read-only and back). An operation of the contender is such a round.
 *
 * To tell the cost of sharing an address space from that of sharing the machine, run two processes
 * over the same interval: --role fault and --role mmap or another, both with the same --start-at
 * (ns of CLOCK_MONOTONIC) and --ms. --contender other-mmap and the like is what the first prints
 * as.
 */
#include "tests/user/util.h"

#include <time.h>

#define AREA (16UL << 20)
#define SMALL (64UL << 10)
#define LARGE (16UL << 20)
#define RW (PROT_READ | PROT_WRITE)

static struct {
	char *area, *large;
	struct spin_barrier ready;
	atomic_bool stop;
	/* Each counted by one thread, on lines of their own. */
	_Alignas(128) _Atomic uint64_t faults;
	_Alignas(128) _Atomic uint64_t ops;
} bench;

static void take_faults(struct worker *worker)
{
	size_t page = page_size(), pages = AREA / page;

	(void)worker;
	barrier_wait(&bench.ready);
	while (!atomic_load_explicit(&bench.stop, memory_order_relaxed)) {
		for (size_t i = 0; i < pages; i++)
			*(volatile char *)(bench.area + i * page) = 1;
		madvise(bench.area, AREA, MADV_DONTNEED);
		atomic_fetch_add_explicit(&bench.faults, pages, memory_order_relaxed);
	}
}

static void map_and_unmap(bool touch)
{
	barrier_wait(&bench.ready);
	while (!atomic_load_explicit(&bench.stop, memory_order_relaxed)) {
		char *base = map_pages(SMALL, RW);

		if (touch)
			*(volatile char *)base = 1;
		munmap(base, SMALL);
		atomic_fetch_add_explicit(&bench.ops, 1, memory_order_relaxed);
	}
}

static void change_maps(struct worker *worker)
{
	(void)worker;
	map_and_unmap(false);
}

static void change_and_touch_maps(struct worker *worker)
{
	(void)worker;
	map_and_unmap(true);
}

static void change_protection(struct worker *worker)
{
	(void)worker;
	barrier_wait(&bench.ready);
	while (!atomic_load_explicit(&bench.stop, memory_order_relaxed)) {
		protect(bench.large, LARGE, PROT_READ);
		protect(bench.large, LARGE, RW);
		atomic_fetch_add_explicit(&bench.ops, 1, memory_order_relaxed);
	}
}

static void (*contender_by_name(const char *name))(struct worker *worker)
{
	if (!strcmp(name, "mmap"))
		return change_maps;
	if (!strcmp(name, "mmap-touch"))
		return change_and_touch_maps;
	if (!strcmp(name, "mprot16m"))
		return change_protection;
	if (!strcmp(name, "none") || !strncmp(name, "other", 5))
		return NULL;
	usage("no contender '%s'", name);
}

static void prepare(bool mprot)
{
	bench.area = map_island(AREA, TABLE_SPAN);
	memset(bench.area, 1, AREA);
	if (!mprot)
		return;
	bench.large = map_island(LARGE, TABLE_SPAN);
	memset(bench.large, 1, LARGE);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Nobody's progress is waited for. */
static void sleep_till(uint64_t ns)
{
	const struct timespec until = {.tv_sec = (time_t)(ns / 1000000000),
				       .tv_nsec = (long)(ns % 1000000000)};

	/* sleep: the interval is a matter of time */
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

static void run_interval(unsigned long start_at, unsigned long ms)
{
	uint64_t start, faults, ops, elapsed;

	if (start_at)
		sleep_till(start_at);
	barrier_wait(&bench.ready);
	start = now_ns();
	sleep_till((start_at ? start_at : start) + ms * 1000000);
	faults = atomic_load(&bench.faults);
	ops = atomic_load(&bench.ops);
	elapsed = now_ns() - start;
	atomic_store(&bench.stop, true);
	printf("faults/s %llu contender/s %llu ns %llu\n",
	       (unsigned long long)(faults * 1000000000 / elapsed),
	       (unsigned long long)(ops * 1000000000 / elapsed), (unsigned long long)elapsed);
}

static int contend_main(int argc, char **argv)
{
	const char *path = NULL, *contender = "none", *role = "both";
	unsigned long ms = 1000, start_at = 0;
	const struct user_option options[] = {
		{"path", OPTION_WORD, &path},		{"contender", OPTION_WORD, &contender},
		{"role", OPTION_WORD, &role},		{"ms", OPTION_NUMBER, &ms},
		{"start-at", OPTION_NUMBER, &start_at}, {0}};
	void (*contend)(struct worker * worker);
	struct worker *faulter = NULL, *other = NULL;
	bool faulting;

	parse_options(argc, argv, options);
	fl_set_path(path);
	faulting = !strcmp(role, "both") || !strcmp(role, "fault");
	if (!faulting)
		contender = role;
	contend = contender_by_name(contender);
	bench.ready.total = 1 + faulting + (contend != NULL);
	prepare(contend == change_protection);
	if (faulting)
		faulter = workers_start(1, 0, take_faults, NULL);
	if (contend)
		other = workers_start(1, 1, contend, NULL);
	printf("path %s role %s contender %s ", fl_path_name(), role, contender);
	run_interval(start_at, ms);
	if (faulting)
		workers_join(faulter, 1);
	if (contend)
		workers_join(other, 1);
	return 0;
}

USER_PROGRAM("contend", contend_main, "faults a second beside a thread that changes the maps");
