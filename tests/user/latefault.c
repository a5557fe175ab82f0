/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `latefault`: a thread reads a page that was never touched; main writes it when that fault has
 * begun, and by the test's schedule the fault goes on only when the value is there. It finds an
 * entry where there was none. It must leave it alone: the read gives what main wrote, and the page
 * stays.
 */
#include "tests/user/util.h"

#define VALUE 0x1a7e

static struct {
	char *page;
	struct spin_barrier ready;
	atomic_bool go;
	uint64_t seen;
} l;

static void read_page(struct worker *worker)
{
	(void)worker;
	barrier_wait(&l.ready);
	spin_until(atomic_load(&l.go));
	l.seen = *page_word(l.page, 0);
}

static int latefault_main(int argc, char **argv)
{
	struct worker *workers;
	char *pages;

	(void)argc;
	(void)argv;
	pages = map_island(2 * page_size(), TABLE_SPAN);
	*page_word(pages, 0) = 1; /* table and anon_vma are there */
	l.page = pages + page_size();
	l.ready.total = 2;
	warm_up();
	pin_to_cpu(0);
	workers = workers_start(1, 1, read_page, NULL);
	barrier_wait(&l.ready);
	fl_prctl(FL_SYNC_GO, NULL, 0);
	atomic_store(&l.go, true);
	fl_prctl(FL_SYNC_WAIT, "spf_begin", 1);
	*page_word(l.page, 0) = VALUE;
	fl_prctl(FL_SYNC_PASS, NULL, 0);
	workers_join(workers, 1);
	check(l.seen == VALUE || (!l.seen && !fl_present()), "the read gave %lx",
	      (unsigned long)l.seen);
	check(*page_word(l.page, 0) == VALUE, "the write is lost");
	return 0;
}

USER_PROGRAM("latefault", latefault_main, "a read fault comes too late to an entry");
