/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `meet --change WHAT`: a thread writes while main changes the address space, and whatever the
 * order of the two, what must hold does. So the program serves any schedule: those of an
 * exploration (the suite explore), and Linux's.
 *
 * unmap, table  main unmaps the pages, or all that their page table maps: a write that begins
 *               after munmap has returned gets SIGSEGV, and what is mapped there next is zero
 * protect       main makes the upper half read-only: the same, and from mprotect's return on the
 *               page keeps its value
 * rights        as protect, but the thread has a translation with which it could write: after
 *               mprotect has returned it must not, though it need take no fault before
 * replace       main maps fresh pages over those that the thread holds translations of: who looks
 *               after mmap has returned sees the new ones
 * map           main maps and unmaps single pages in a row, which turns the tree of VMAs round: the
 *               holes between them stay holes
 *
 * From GO to END nothing else faults.
 */
#include "tests/user/util.h"

#define PAGES 4
#define ACCESSES 3
#define OLD 0x01d
#define ROW 10 /* places for pages of map, every other one a hole */

struct change {
	const char *name;
	void (*run)(void);
	void (*access)(unsigned int i); /* of the thread, some times */
	void (*judge)(void); /* after both are through */
	bool touched;	     /* the thread has written its page before */
	size_t pages;
};

static struct {
	const struct change *change;
	char *region;
	struct spin_barrier ready;
	atomic_bool go, done;
	uint64_t value; /* of the page, when mprotect had returned */
} m;

static volatile uint64_t *target(void)
{
	return page_word(m.region, PAGES - 1);
}

static void write_page(unsigned int i)
{
	bool late = atomic_load(&m.done);
	bool went = try_write(target() + 1 + i, 0xbad);

	check(!went || !late, "write %u began after the %s and went through", i, m.change->name);
}

/* A write that needs no fault passes nothing: the program does, for schedules to part them. */
static void pass_and_write(unsigned int i)
{
	fl_prctl(FL_SYNC_PASS, NULL, 0);
	write_page(i);
}

static void look_at_page(unsigned int i)
{
	bool late = atomic_load(&m.done);
	uint64_t value = *target();

	check(!late || value != OLD, "the old page is seen after it was replaced");
	target()[1 + i] = 0xbad;
}

static void touch_hole(unsigned int i)
{
	uint64_t value;

	check(!try_read(page_word(m.region, 2 * i + 1), &value), "hole %u can be read", i);
}

static void meet(struct worker *worker)
{
	uint64_t warm;

	(void)worker;
	try_read(page_word(m.region, 0), &warm);
	if (m.change->touched)
		*target() = OLD;
	barrier_wait(&m.ready);
	spin_until(atomic_load(&m.go));
	for (unsigned int i = 0; i < ACCESSES; i++)
		m.change->access(i);
	barrier_wait(&m.ready);
}

/* --- changes --- */

static void unmap_run(void)
{
	check(!munmap(m.region, m.change->pages * page_size()), "munmap: %s", strerror(errno));
}

static void map_fresh(char *addr, size_t pages)
{
	check(mmap(addr, pages * page_size(), PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == addr,
	      "mmap: %s", strerror(errno));
}

static void unmap_judge(void)
{
	map_fresh(m.region, PAGES);
	for (size_t i = 0; i < PAGES; i++)
		for (size_t word = 0; word <= ACCESSES; word++)
			check(page_word(m.region, i)[word] == 0,
			      "page %zu of a new mapping is not zero", i);
}

static uint64_t page_sum(void)
{
	return target()[1] + target()[2] + target()[3];
}

static void protect_run(void)
{
	protect(m.region + PAGES / 2 * page_size(), PAGES / 2 * page_size(), PROT_READ);
	m.value = page_sum();
}

static void protect_judge(void)
{
	check(page_sum() == m.value, "the read-only page was changed");
}

static void replace_run(void)
{
	map_fresh(m.region, PAGES);
}

static void replace_judge(void)
{
	check(*target() != OLD, "the page is still the old one");
}

/* With the threads' stacks mapped already, or they would be put into the holes. */
static void begin_row(void)
{
	unmap_run();
	map_fresh(m.region, 1);
	map_fresh(m.region + 2 * page_size(), 1);
}

static void map_run(void)
{
	for (size_t i = 4; i < ROW; i += 2)
		map_fresh(m.region + i * page_size(), 1);
	check(!munmap(m.region, ROW * page_size()), "munmap: %s", strerror(errno));
}

static void map_judge(void)
{
	for (unsigned int i = 0; i < ROW / 2; i++)
		touch_hole(i);
}

static const struct change changes[] = {
	{ "unmap", unmap_run, write_page, unmap_judge, false, PAGES },
	{ "table", unmap_run, write_page, unmap_judge, false, 0 },
	{ "protect", protect_run, write_page, protect_judge, false, PAGES },
	{ "rights", protect_run, pass_and_write, protect_judge, true, PAGES },
	{ "replace", replace_run, look_at_page, replace_judge, true, PAGES },
	{ "map", map_run, touch_hole, map_judge, false, ROW },
};

static const struct change *find_change(const char *name)
{
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		if (!strcmp(changes[i].name, name))
			return &changes[i];
	usage("--change: unmap, table, protect, rights, replace or map");
}

static void prepare(const char *name)
{
	static struct change change;

	change = *find_change(name);
	if (!change.pages)
		change.pages = TABLE_SPAN / page_size();
	m.change = &change;
	segv_catch();
	m.region = map_island(change.pages * page_size(), TABLE_SPAN);
	*page_word(m.region, 0) = 1;
	m.ready.total = 2;
	warm_up();
	pin_to_cpu(0);
}

static int meet_main(int argc, char **argv)
{
	const char *name = "unmap";
	const struct user_option options[] = { { "change", OPTION_WORD, &name }, { 0 } };
	struct worker *workers;

	parse_options(argc, argv, options);
	prepare(name);
	workers = workers_start(1, 1, meet, NULL);
	barrier_wait(&m.ready);
	if (m.change->run == map_run)
		begin_row();
	fl_prctl(FL_SYNC_GO, NULL, 0);
	atomic_store(&m.go, true);
	fl_prctl(FL_SYNC_PASS, NULL, 0);
	m.change->run();
	atomic_store(&m.done, true);
	barrier_wait(&m.ready);
	fl_prctl(FL_SYNC_END, NULL, 0);
	m.change->judge();
	workers_join(workers, 1);
	return 0;
}

USER_PROGRAM("meet", meet_main, "writes meet a change of the address space, in any order");
