/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The drivers of the deadlock between a page-table lock and an IPI acknowledgement (INV-4).
 *
 * Main holds the lock of a page table while it waits for all CPUs of the address space to flush;
 * faulters on other CPUs want the same lock at that moment. If they wait for it with interrupts
 * off, nobody moves. The test's schedule, active from FL_SYNC_GO on, brings them there; without a
 * schedule, and on Linux, the programs just run.
 *
 * `zap --faulters K --pages N`: main unmaps N touched pages, more than the gather holds, so that
 * it flushes with the lock held. The faulters write untouched pages of another VMA under the same
 * table, and share them if the table is short; a PROT_NONE page keeps the two VMAs apart.
 * `cow --faulters K`: main writes a page of which it has read the zero page, and flushes with the
 * lock held, too.
 *
 * From GO on nothing else may fault, so each thread has made the same accesses elsewhere before.
 */
#include "tests/user/util.h"

struct drive {
	unsigned long faulters;
	struct spin_barrier ready;
	atomic_bool go;
	char *table;	 /* TABLE_SPAN bytes that one page table maps */
	size_t first;	 /* index of the page that was written before */
	size_t spots;	 /* pages for the faulters, two behind @first */
	char *elsewhere; /* for the accesses made before */
};

/* The word that faulter @id writes, in one of the pages from page @first of @base on. */
static volatile uint64_t *own_word(const struct drive *drive, char *base, size_t first, size_t id)
{
	return page_word(base, first + id % drive->spots) + id / drive->spots;
}

static void fault_once(struct worker *worker)
{
	struct drive *drive = worker->arg;

	*own_word(drive, drive->elsewhere, 0, worker->id) = 1;
	barrier_wait(&drive->ready);
	spin_until(atomic_load(&drive->go));
	*own_word(drive, drive->table, drive->first + 2, worker->id) = worker->id + 1;
}

/*
 * The tables as @drive needs them: the faulters' VMA begins at @first with a page written and one
 * for the caller, and ends with one page for each faulter, or as many as there is room for.
 */
static void prepare(struct drive *drive, size_t first)
{
	size_t room = TABLE_SPAN / page_size(), pages;

	if (first + 2 >= room)
		usage("that does not fit under one page table");
	room -= first + 2;
	drive->spots = drive->faulters && drive->faulters < room ? drive->faulters : room;
	pages = drive->spots + 2;
	drive->first = first;
	drive->table = map_reserve(TABLE_SPAN, TABLE_SPAN);
	drive->elsewhere = map_island(TABLE_SPAN, TABLE_SPAN);
	drive->ready.total = (unsigned int)drive->faulters + 1;
	protect(drive->table + first * page_size(), pages * page_size(), PROT_READ | PROT_WRITE);
	*page_word(drive->table, first) = 0x1234;
	warm_up();
	pin_to_cpu(0);
}

static struct worker *begin(struct drive *drive, void (*fault)(struct worker *worker))
{
	struct worker *workers = workers_start((unsigned int)drive->faulters, 1, fault, drive);

	barrier_wait(&drive->ready);
	fl_prctl(FL_SYNC_GO, NULL, 0);
	atomic_store(&drive->go, true);
	return workers;
}

static void finish(struct drive *drive, struct worker *workers, uint64_t second)
{
	workers_join(workers, (unsigned int)drive->faulters);
	check(*page_word(drive->table, drive->first) == 0x1234, "the written page changed");
	check(*page_word(drive->table, drive->first + 1) == second, "main's page changed");
	for (size_t i = 0; i < drive->faulters; i++)
		check(*own_word(drive, drive->table, drive->first + 2, i) == i + 1,
		      "the write of faulter %zu was lost", i);
}

static int zap_main(int argc, char **argv)
{
	static struct drive drive = {.faulters = 1};
	unsigned long pages = TABLE_SPAN / page_size() / 8;
	const struct user_option options[] = {{"faulters", OPTION_NUMBER, &drive.faulters},
					      {"pages", OPTION_NUMBER, &pages},
					      {0}};
	struct worker *workers;

	parse_options(argc, argv, options);
	prepare(&drive, pages + 1);
	protect(drive.table, pages * page_size(), PROT_READ | PROT_WRITE);
	for (size_t i = 0; i < pages; i++)
		*page_word(drive.table, i) = i;
	workers = begin(&drive, fault_once);
	check(!munmap(drive.table, pages * page_size()), "munmap: %s", strerror(errno));
	fl_prctl(FL_SYNC_END, NULL, 0);
	finish(&drive, workers, 0);
	return 0;
}

USER_PROGRAM("zap", zap_main, "unmaps pages while others fault under the same page table");

static char point_flush[] = "cow_flush_ptl";

/* Main must be the first to take the lock: the faulters come when it is about to flush. */
static void fault_after_flush(struct worker *worker)
{
	struct drive *drive = worker->arg;

	*own_word(drive, drive->elsewhere, 0, worker->id) = 1;
	barrier_wait(&drive->ready);
	spin_until(atomic_load(&drive->go));
	fl_prctl(FL_SYNC_WAIT, point_flush, 1);
	*own_word(drive, drive->table, drive->first + 2, worker->id) = worker->id + 1;
}

static int cow_main(int argc, char **argv)
{
	static struct drive drive = {.faulters = 1};
	const struct user_option options[] = {{"faulters", OPTION_NUMBER, &drive.faulters}, {0}};
	struct worker *workers;

	parse_options(argc, argv, options);
	prepare(&drive, 0);
	check(*page_word(drive.table, 1) == 0, "an untouched page is not zero");
	workers = begin(&drive, fault_after_flush);
	*page_word(drive.table, 1) = 0x5678;
	fl_prctl(FL_SYNC_END, NULL, 0);
	finish(&drive, workers, 0x5678);
	return 0;
}

USER_PROGRAM("cow", cow_main, "replaces the zero page while others fault under the same table");
