/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One write against one change of the address space, brought together by the test's schedule.
 *
 * `unmaprace`: main unmaps four pages while a thread writes one of them that was never touched. The
 * write begins before the unmap and must not outlive it: the thread gets SIGSEGV, and what is
 * mapped there afterwards is zero. Schedules: the VMA is found before and looked at after the
 * unmap (hazard L-17), or the page-table lock is taken right after the zap (MO-4).
 *
 * `tablerace`: the same, but all that the page table maps goes, and so the table.
 *
 * `tablereuse`: the same, and main maps and writes the same addresses again before the write goes
 * on.
 *
 * `stalewrite`: main unmaps pages that a thread goes on writing, and then takes fresh pages, among
 * them those. Where the thread's translation was flushed it gets SIGSEGV. A translation may go by
 * itself at any time, so there are several.
 *
 * `protectrace`: main makes the upper half of a VMA read-only, which splits it, while it is
 * written to. The write must get SIGSEGV: the VMA found before the split no longer holds the
 * address (hazard 7.8).
 *
 * `stale`: main replaces a page by a fresh one while other CPUs hold its translation and only read
 * and write it: each must see the new page afterwards (INV-10).
 *
 * `twobehind`: main and a thread each give back a page that a third thread has written. By the
 * test's schedule the third is in a fault, interrupts off, until both flushes have been asked for,
 * so that its CPU is two behind when it serves them. It must see both pages empty.
 *
 * From GO on nothing else may fault.
 */
#include "tests/user/util.h"

#define PAGES 4

static struct {
	char *region;
	size_t pages;  /* of region, 0: PAGES */
	size_t target; /* the page the thread writes */
	struct spin_barrier ready;
	atomic_bool go, wrote;
	atomic_uint seen;
} r;

static void write_target(struct worker *worker)
{
	uint64_t warm;

	(void)worker;
	try_read(page_word(r.region, 0), &warm);
	barrier_wait(&r.ready);
	spin_until(atomic_load(&r.go));
	atomic_store(&r.wrote, try_write(page_word(r.region, r.target), 0xbad));
}

/* Starts the writer, runs @change against it. */
static void race(size_t target, void (*change)(void))
{
	struct worker *workers;

	segv_catch();
	r.pages = r.pages ? r.pages : PAGES;
	r.region = map_island(r.pages * page_size(), TABLE_SPAN);
	r.target = target;
	*page_word(r.region, 0) = 1;
	r.ready.total = 2;
	warm_up();
	pin_to_cpu(0);
	workers = workers_start(1, 1, write_target, NULL);
	barrier_wait(&r.ready);
	fl_prctl(FL_SYNC_GO, NULL, 0);
	atomic_store(&r.go, true);
	change();
	workers_join(workers, 1);
}

static void unmap_all(void)
{
	check(!munmap(r.region, r.pages * page_size()), "munmap: %s", strerror(errno));
}

static int unmaprace_main(int argc, char **argv)
{
	char *again;

	(void)argc;
	(void)argv;
	race(PAGES - 1, unmap_all);
	check(!atomic_load(&r.wrote) || !fl_present(), "the write went through after the unmap");
	again = mmap(r.region, PAGES * page_size(), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	check(again == r.region, "mmap: %s", strerror(errno));
	for (size_t i = 0; i < PAGES; i++)
		check(*page_word(again, i) == 0, "page %zu of a new mapping is not zero", i);
	return 0;
}

USER_PROGRAM("unmaprace", unmaprace_main, "a write meets the unmapping of its VMA");

static void protect_upper(void)
{
	protect(r.region + PAGES / 2 * page_size(), PAGES / 2 * page_size(), PROT_READ);
}

static int tablerace_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	r.pages = TABLE_SPAN / page_size();
	race(PAGES - 1, unmap_all);
	check(!atomic_load(&r.wrote) || !fl_present(), "the write went through after the unmap");
	return 0;
}

USER_PROGRAM("tablerace", tablerace_main, "a write meets the freeing of its page table");

/* The table that is made now may lie where the one that went did. */
static void unmap_and_map(void)
{
	unmap_all();
	check(mmap(r.region, r.pages * page_size(), PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == r.region,
	      "mmap: %s", strerror(errno));
	*page_word(r.region, 0) = 2;
	fl_prctl(FL_SYNC_PASS, NULL, 0);
}

static int tablereuse_main(int argc, char **argv)
{
	uint64_t value;

	(void)argc;
	(void)argv;
	r.pages = TABLE_SPAN / page_size();
	race(PAGES - 1, unmap_and_map);
	check(*page_word(r.region, 0) == 2, "the new mapping lost its value");
	/* Without a schedule the write may come before the unmapping and go with it. */
	value = *page_word(r.region, PAGES - 1);
	check(value == 0 || (value == 0xbad && atomic_load(&r.wrote)), "the target is %lx",
	      (unsigned long)value);
	return 0;
}

USER_PROGRAM("tablereuse", tablereuse_main, "a write meets another page table in the same place");

#define STALE_PAGES 8
#define FRESH_PAGES 64

static void write_stale(struct worker *worker)
{
	(void)worker;
	for (size_t i = 0; i < STALE_PAGES; i++)
		*page_word(r.region, i) = 1; /* the translation is there, writable and dirty */
	barrier_wait(&r.ready);
	spin_until(atomic_load(&r.go));
	for (size_t i = 0; i < STALE_PAGES; i++)
		try_write(page_word(r.region, i), 0xbad);
	barrier_wait(&r.ready);
}

static int stalewrite_main(int argc, char **argv)
{
	struct worker *workers;
	char *fresh;

	(void)argc;
	(void)argv;
	segv_catch();
	r.region = map_island(STALE_PAGES * page_size(), page_size());
	fresh = map_island(FRESH_PAGES * page_size(), page_size());
	r.ready.total = 2;
	warm_up();
	pin_to_cpu(0);
	workers = workers_start(1, 1, write_stale, NULL);
	barrier_wait(&r.ready);
	check(!munmap(r.region, STALE_PAGES * page_size()), "munmap: %s", strerror(errno));
	atomic_store(&r.go, true);
	barrier_wait(&r.ready);
	for (size_t i = 0; i < FRESH_PAGES; i++)
		*page_word(fresh, i) = 1;
	workers_join(workers, 1);
	return 0;
}

USER_PROGRAM("stalewrite", stalewrite_main, "a write to a page that was just unmapped");

static int protectrace_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	race(PAGES - 1, protect_upper);
	check(!atomic_load(&r.wrote) || !fl_present(), "the write went into read-only memory");
	if (fl_present())
		check(*page_word(r.region, PAGES - 1) == 0, "the read-only page was changed");
	return 0;
}

USER_PROGRAM("protectrace", protectrace_main, "a write meets the protection of its page");

static void watch_page(struct worker *worker)
{
	volatile uint64_t *word = page_word(r.region, 0);

	word[1 + worker->id] = 1; /* the translation is there, writable and dirty */
	barrier_wait(&r.ready);
	spin_until(atomic_load(&r.go));
	if (word[0] == 0)
		atomic_fetch_add(&r.seen, 1);
	word[1 + worker->id] = 2;
	barrier_wait(&r.ready);
}

static int stale_main(int argc, char **argv)
{
	unsigned long threads = 3;
	const struct user_option options[] = { { "threads", OPTION_NUMBER, &threads }, { 0 } };
	struct worker *workers;

	parse_options(argc, argv, options);
	r.region = map_island(page_size(), page_size());
	*page_word(r.region, 0) = 0x01d;
	r.ready.total = (unsigned int)threads + 1;
	warm_up();
	pin_to_cpu(0);
	workers = workers_start((unsigned int)threads, 1, watch_page, NULL);
	barrier_wait(&r.ready);
	check(mmap(r.region, page_size(), PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == r.region,
	      "mmap: %s", strerror(errno));
	atomic_store(&r.go, true);
	barrier_wait(&r.ready);
	workers_join(workers, (unsigned int)threads);
	check(atomic_load(&r.seen) == threads, "%u of %lu threads saw the new page",
	      atomic_load(&r.seen), threads);
	for (size_t i = 0; i < threads; i++)
		check(page_word(r.region, 0)[1 + i] == 2, "the write of thread %zu is lost", i);
	return 0;
}

USER_PROGRAM("stale", stale_main, "no CPU keeps the translation of a page that was replaced");

enum { GIVEN_BY_MAIN, GIVEN_BY_THREAD, FAULTED, TWOBEHIND_PAGES };

static void give_back(size_t index)
{
	check(!madvise(r.region + index * page_size(), page_size(), MADV_DONTNEED), "madvise: %s",
	      strerror(errno));
}

static void give_or_look(struct worker *worker)
{
	if (worker->id) {
		*page_word(r.region, GIVEN_BY_MAIN) = 1;
		*page_word(r.region, GIVEN_BY_THREAD) = 1;
	}
	barrier_wait(&r.ready);
	spin_until(atomic_load(&r.go));
	if (!worker->id) {
		give_back(GIVEN_BY_THREAD);
		return;
	}
	*page_word(r.region, FAULTED) = 1;
	if (*page_word(r.region, GIVEN_BY_MAIN))
		atomic_fetch_add(&r.seen, 1);
	if (*page_word(r.region, GIVEN_BY_THREAD))
		atomic_fetch_add(&r.seen, 2);
}

static int twobehind_main(int argc, char **argv)
{
	struct worker *workers;

	(void)argc;
	(void)argv;
	r.region = map_island(TWOBEHIND_PAGES * page_size(), TABLE_SPAN);
	*page_word(r.region, GIVEN_BY_MAIN) = 1;
	r.ready.total = 3;
	warm_up();
	pin_to_cpu(0);
	workers = workers_start(2, 1, give_or_look, NULL);
	barrier_wait(&r.ready);
	fl_prctl(FL_SYNC_GO, NULL, 0);
	atomic_store(&r.go, true);
	give_back(GIVEN_BY_MAIN);
	workers_join(workers, 2);
	/* Without a schedule it may look before the pages are given back. */
	check(!atomic_load(&r.seen) || !fl_present(), "stale: pages %u", atomic_load(&r.seen));
	return 0;
}

USER_PROGRAM("twobehind", twobehind_main, "a CPU is two flushes behind when it serves both");
