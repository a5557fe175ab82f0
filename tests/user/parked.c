/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `parked`: speculative faults do not wait for mmap_sem.
 *
 * A thread unmaps something and is parked by the test's schedule, prctl_pass>munmap_write_held,
 * while it holds mmap_sem for writing. Meanwhile main makes 1000 first writes in another VMA, all
 * speculative, and a third thread one access that has to go the classic way, for want of a page
 * table: it must not come back before main lets the writer go. On Linux nobody is parked, and the
 * program only has to run to its end.
 *
 * While the writer is parked nothing but those accesses may fault: everything else is touched
 * before, and main makes no system call but prctl and sched_yield.
 */
#include "tests/user/util.h"

#define FIRST_WRITES 1000

enum { UNMAPPER, TOUCHER, NR_ROLES };

static struct {
	char *region; /* main writes here; tables and anon_vma are there */
	char *fresh;  /* no table here */
	char *victim; /* the writer unmaps it */
	struct spin_barrier ready;
	atomic_bool unmap, touch, touching, touched;
} p;

static char point_held[] = "munmap_write_held", point_classic[] = "classic_begin";

static void run_role(struct worker *worker)
{
	barrier_wait(&p.ready);
	if (worker->id == UNMAPPER) {
		spin_until(atomic_load(&p.unmap));
		check(!munmap(p.victim, 4 * page_size()), "munmap: %s", strerror(errno));
		return;
	}
	spin_until(atomic_load(&p.touch));
	atomic_store(&p.touching, true);
	*page_word(p.fresh, 0) = 1;
	atomic_store(&p.touched, true);
}

/* Of every span of one page table the first page is touched beforehand. */
static size_t untouched_per_span(void)
{
	return TABLE_SPAN / page_size() - 1;
}

static volatile uint64_t *untouched(size_t i)
{
	return page_word(p.region + i / untouched_per_span() * TABLE_SPAN,
			 1 + i % untouched_per_span());
}

static void prepare(void)
{
	size_t spans = FIRST_WRITES / untouched_per_span() + 1;

	p.region = map_island(spans * TABLE_SPAN, TABLE_SPAN);
	p.fresh = map_island(TABLE_SPAN, TABLE_SPAN);
	p.victim = map_island(4 * page_size(), page_size());
	for (unsigned int i = 0; i < 4; i++)
		*page_word(p.victim, i) = i;
	for (size_t i = 0; i < spans; i++)
		*page_word(p.region + i * TABLE_SPAN, 0) = i;
	p.ready.total = NR_ROLES + 1;
	warm_up();
}

/* With the writer parked, and the third thread on its way to wait for it. */
static void check_parked(const struct fl_counts *before, const struct fl_counts *after)
{
	unsigned long ok = after->spf_ok - before->spf_ok;
	unsigned long classic = after->classic - before->classic;

	check(ok == FIRST_WRITES, "%lu of %d first writes were speculative", ok, FIRST_WRITES);
	check(classic <= 1, "%lu classic faults while mmap_sem was held", classic);
	check(!atomic_load(&p.touched), "a classic fault went through while mmap_sem was held");
}

static int parked_main(int argc, char **argv)
{
	static struct fl_counts before, after;
	struct worker *workers;

	(void)argc;
	(void)argv;
	prepare();
	pin_to_cpu(0);
	workers = workers_start(NR_ROLES, 1, run_role, NULL);
	barrier_wait(&p.ready);
	fl_get_counts(&before);
	fl_prctl(FL_SYNC_GO, NULL, 0);
	atomic_store(&p.unmap, true);
	fl_prctl(FL_SYNC_WAIT, point_held, 1);
	atomic_store(&p.touch, true);
	spin_until(atomic_load(&p.touching));
	fl_prctl(FL_SYNC_WAIT, point_classic, 1);
	for (unsigned int i = 0; i < FIRST_WRITES; i++)
		*untouched(i) = i + 1;
	if (fl_get_counts(&after))
		check_parked(&before, &after);
	fl_prctl(FL_SYNC_PASS, NULL, 0);
	workers_join(workers, NR_ROLES);
	check(*page_word(p.fresh, 0) == 1, "the classic write was lost");
	for (unsigned int i = 0; i < FIRST_WRITES; i++)
		check(*untouched(i) == i + 1, "page %u lost its value", i);
	return 0;
}

USER_PROGRAM("parked", parked_main, "speculative faults go on while mmap_sem is held for writing");
