/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The window of an exploration: counts and records passages, and holds CPUs back.
 *
 * Owns the state of the one run that is armed. It is written before the program starts and after
 * it has ended, and in the window by whoever passes a point: in mode replay one CPU runs at a time
 * and none is exchanged for another in the midst of these functions but at cpu_relax or by an
 * interrupt, so counters need not be atomic; an interrupt's passage lies wholly within another one.
 */
#include "lab/explore.h"

#if LAB
#include "arch/ipi.h"
#include "kernel/cpu.h"
#include "kernel/ipi.h"
#include "kernel/run.h"
#include "kernel/string.h"
#include "kernel/thread.h"
#include "kernel/time.h"

/*
 * Turns given to all other CPUs in which none passed a point, after which they count as waiting:
 * more than a spinlock's, an acknowledgement's or a user program's waiter takes before it sleeps.
 */
#define QUIET_TURNS 400
/*
 * The machine takes turns at deadlines of timers too, so where they lie in the window decides who
 * goes on first. All CPUs have their next tick at one time, this long after the window opens; most
 * windows are over before.
 */
#define TICK_FREE_NS (2 * TICK_NS)
#define ALIGN_NS (100 * NSEC_PER_USEC) /* more than it takes to tell every CPU */
/* Behind for longer than this something else is wrong, and the run goes on. */
#define BEHIND_LIMIT_NS (100 * NSEC_PER_MSEC)

static struct {
	bool armed, open;
	struct cpumask unaligned; /* CPUs that are to set their tick */
	u64 first_tick_ns;
	const struct process *process; /* whose passages count */
	u64 list_keys[EXPLORE_PREEMPTS]; /* 0: none, no passage is number 0 */
	struct explore_list done;
	u32 nr_passed[EXPLORE_CPUS];
	u16 passages[EXPLORE_CPUS][EXPLORE_POINTS];
	u32 behind[EXPLORE_CPUS]; /* 0: not behind; else its place in the row */
	u32 row;
	struct explore_record record;
} run;

static u64 place_key(const struct explore_place *place)
{
	return (u64)place->nth << 32 | (u64)place->point << 16 | place->cpu;
}

void explore_arm(const struct explore_list *list)
{
	memset(&run, 0, sizeof(run));
	for (unsigned int i = 0; i < list->nr; i++)
		run.list_keys[i] = place_key(&list->at[i]);
	run.armed = true;
}

static void align_tick(void)
{
	unsigned long flags = irq_save();

	this_cpu()->next_tick_ns = run.first_tick_ns;
	timer_program_next();
	cpumask_clear(&run.unaligned, cpu_id());
	irq_restore(flags);
}

/* Sets every CPU's tick, by an interrupt that explore_site sees, and waits for the same moment. */
static void align_ticks(void)
{
	u64 begin = time_ns() + ALIGN_NS;

	run.first_tick_ns = begin + TICK_FREE_NS;
	run.unaligned = cpus_online;
	align_tick();
	arch_ipi_send_mask(&run.unaligned, IPI_WAKE);
	while (!cpumask_empty(&run.unaligned) && time_ns() < begin) /* bounded: by the clock */
		cpu_relax();
	while (time_ns() < begin)
		;
}

void explore_open(void)
{
	if (!run.armed)
		return;
	run.process = current->process;
	run.record.opened = true;
	hook_listen(HOOK_EXPLORE, true);
	WRITE_ONCE(perturb_on, true);
	align_ticks();
	run.open = true;
}

void explore_close(void)
{
	if (!run.armed)
		return;
	run.open = false;
	hook_listen(HOOK_EXPLORE, false);
	WRITE_ONCE(perturb_on, false);
}

const struct explore_record *explore_disarm(struct explore_list *done)
{
	explore_close();
	run.armed = false;
	*done = run.done;
	return &run.record;
}

static void record_event(const struct explore_place *place, enum explore_what what)
{
	struct explore_record *record = &run.record;
	u64 word = place->cpu + explore_point_hash(place->point) * 64ULL;

	if (what == EXPLORE_PASSED) {
		record->hash = (record->hash ^ word) * 0x100000001b3ULL;
		record->hash ^= record->hash >> 31;
	}
	if (record->nr == EXPLORE_EVENTS) {
		record->full = true;
		return;
	}
	record->events[record->nr++] = (struct explore_event){ *place, what };
}

/* Takes the same time for every list, or what follows would depend on more than preemptions. */
static bool is_preemption(const struct explore_place *place)
{
	u64 key = place_key(place), same = 0;

	for (unsigned int i = 0; i < EXPLORE_PREEMPTS; i++)
		same |= (run.list_keys[i] == key);
	return same;
}

static u32 passed_by_others(unsigned int self)
{
	return run.record.nr_passed - run.nr_passed[self];
}

static bool is_first_behind(unsigned int self)
{
	for (unsigned int cpu = 0; cpu < EXPLORE_CPUS; cpu++)
		if (run.behind[cpu] && run.behind[cpu] < run.behind[self])
			return false;
	return true;
}

static void wait_behind(unsigned int self)
{
	u64 deadline = time_ns() + BEHIND_LIMIT_NS;
	u32 seen = passed_by_others(self);

	run.behind[self] = ++run.row;
	for (unsigned int quiet = 0; quiet < QUIET_TURNS; quiet++) {
		cpu_relax();
		if (passed_by_others(self) != seen || !is_first_behind(self))
			quiet = 0;
		seen = passed_by_others(self);
		if (!explore_is_open() || time_ns() > deadline)
			break;
	}
	run.behind[self] = 0;
}

/* The runner has to know it even if the kernel does not live to tell. */
static void announce(void)
{
	char text[EXPLORE_TEXT];

	explore_list_print(&run.done, text, sizeof(text));
	control_print("explore_running=%s\n", text);
}

static void preempt(const struct explore_place *place)
{
	if (run.done.nr == EXPLORE_PREEMPTS)
		return;
	run.done.at[run.done.nr++] = *place;
	announce();
	record_event(place, EXPLORE_PREEMPTED);
	wait_behind(place->cpu);
	record_event(place, EXPLORE_WENT_ON);
}

static void pass(unsigned int point)
{
	struct explore_place place = { .cpu = (u16)cpu_id(), .point = (u16)point };

	if (!run.open || point == EXPLORE_NO_POINT || current->process != run.process ||
	    place.cpu >= EXPLORE_CPUS)
		return;
	place.nth = ++run.passages[place.cpu][point];
	run.nr_passed[place.cpu]++;
	run.record.nr_passed++;
	run.record.nr_sync += explore_point_is_sync(point);
	record_event(&place, EXPLORE_PASSED);
	if (!run.behind[place.cpu] && is_preemption(&place))
		preempt(&place);
}

void explore_sync(unsigned int sync_point)
{
	pass(sync_point);
}

void explore_lock(enum hook_event event, enum hook_kind kind, const void *lock)
{
	pass(explore_point_of_lock(event, kind, lock));
}

void explore_site(enum perturb_site site)
{
	if (site == PERTURB_IPI && cpumask_test(&run.unaligned, cpu_id()))
		align_tick();
	pass(explore_point_of_site(site));
}
#endif
