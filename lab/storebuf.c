/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The emulated store buffers, one a CPU, each used by its own CPU only, interrupts off; no locks. A
 * CPU whose buffer is off stores through at once, so that several tests' threads may mix.
 */
#include "lab/storebuf.h"

#if LAB
#include "arch/mmu.h"
#include "kernel/cpu.h"
#include "kernel/printk.h"
#include "kernel/string.h"
#include "lab/bug.h"
#include "lab/poison.h"

#define HISTORY 64
#define EARLY_PLACES 8

struct buffered {
	void *place;
	size_t size;
	u64 value;
	enum storebuf_op op;
	unsigned int group; /* rises with every write barrier */
};

static struct storebuf {
	bool on;
	unsigned int nr, group;
	unsigned int kept; /* so many stores since it is on */
	u64 order;
	void (*seen)(void);
	struct buffered store[STOREBUF_SIZE];
} storebufs[NR_CPUS];

/* What annotated stores have overwritten, oldest first; changed by who has set history_busy. */
static struct overwritten {
	const void *place;
	u64 value;
} history[HISTORY];
static unsigned int nr_history;
static u32 history_busy;
static bool recording;

/* A CPU whose loads may be early: a moment is how many stores of the history have been made. */
static struct early {
	bool on;
	u64 order;
	unsigned int floor;   /* no load is made before this moment */
	unsigned int reached; /* nor, after the next barrier, before this one */
	unsigned int old;     /* loads that did not find the newest value */
	unsigned int nr;
	struct {
		const void *place;
		unsigned int moment; /* the earliest at which it had what was found */
	} found[EARLY_PLACES];
} earlies[NR_CPUS];

u32 storebuf_active;

static struct storebuf *this_storebuf(void)
{
	return &storebufs[cpu_id()];
}

static u64 read_memory(const void *place, size_t size)
{
	return size == 4 ? READ_ONCE(*(const u32 *)place) : READ_ONCE(*(const u64 *)place);
}

static void write_memory(void *place, size_t size, u64 value, enum storebuf_op op)
{
	if (op == STOREBUF_OR)
		__atomic_fetch_or((u64 *)place, value, __ATOMIC_RELAXED);
	else if (op == STOREBUF_AND)
		__atomic_fetch_and((u64 *)place, value, __ATOMIC_RELAXED);
	else if (size == 8)
		WRITE_ONCE(*(u64 *)place, value);
	else if (size == 4)
		WRITE_ONCE(*(u32 *)place, (u32)value);
	else
		panic("BUG: a store of %lu bytes is annotated", (unsigned long)size);
}

static void write_through(void *place, size_t size, u64 value, enum storebuf_op op)
{
	if (likely(!READ_ONCE(recording))) {
		write_memory(place, size, value, op);
		return;
	}
	while (xchg(&history_busy, 1)) /* bounded: who keeps it waits for nothing, interrupts off */
		cpu_relax();
	if (nr_history < HISTORY) {
		history[nr_history] = (struct overwritten){ place, read_memory(place, size) };
		smp_store_release(&nr_history, nr_history + 1);
	}
	write_memory(place, size, value, op);
	smp_store_release(&history_busy, 0);
}

/* Whether stores [0, at) of the group have one to the same place, which must reach it first. */
static bool is_later_to_same(const struct buffered *group, unsigned int at)
{
	for (unsigned int i = 0; i < at; i++)
		if (group[i].place == group[at].place)
			return true;
	return false;
}

/* Takes the @pick-th store, of those that may go now, out of the @nr of a group. */
static struct buffered take_store(struct buffered *group, unsigned int nr, unsigned int pick)
{
	struct buffered store;

	while (is_later_to_same(group, pick))
		pick--;
	store = group[pick];
	memmove(&group[pick], &group[pick + 1], (nr - pick - 1) * sizeof(*group));
	return store;
}

/* The stores of one group, in the permutation that @order's digits in falling bases tell. */
static void drain_group(struct storebuf *sb, struct buffered *group, unsigned int nr)
{
	u64 order = sb->order;

	for (; nr; order /= nr, nr--) {
		struct buffered store = take_store(group, nr, (unsigned int)(order % nr));

		write_through(store.place, store.size, store.value, store.op);
		if (sb->seen)
			sb->seen();
	}
}

static void let_out(void)
{
	unsigned long flags = irq_save();
	struct storebuf *sb = this_storebuf();
	unsigned int first = 0, end;

	for (; first < sb->nr; first = end) {
		for (end = first; end < sb->nr && sb->store[end].group == sb->store[first].group;)
			end++;
		drain_group(sb, &sb->store[first], end - first);
	}
	sb->nr = 0;
	irq_restore(flags);
}

void storebuf_store(void *place, size_t size, u64 value, enum storebuf_op op)
{
	unsigned long flags = irq_save();
	struct storebuf *sb = this_storebuf();

	if (!sb->on) {
		write_through(place, size, value, op);
	} else {
		if (sb->nr == STOREBUF_SIZE)
			let_out();
		sb->store[sb->nr++] = (struct buffered){ place, size, value, op, sb->group };
		sb->kept++;
	}
	irq_restore(flags);
}

/* The earliest moment at which this CPU may still look at @place. */
static unsigned int early_floor(const struct early *early, const void *place)
{
	unsigned int floor = early->floor;

	for (unsigned int i = 0; i < early->nr; i++)
		if (early->found[i].place == place)
			floor = max(floor, early->found[i].moment);
	return floor;
}

static void note_found(struct early *early, const void *place, unsigned int moment)
{
	early->reached = max(early->reached, moment);
	if (moment <= early->floor)
		return; /* it may be as early as all others */
	if (early->nr == EARLY_PLACES)
		panic("BUG: too many early loads between two barriers");
	early->found[early->nr].place = place;
	early->found[early->nr++].moment = moment;
}

/* One of the values that @place had since the earliest moment, or the one that it has. */
static u64 load_early(const void *place, size_t size)
{
	struct early *early = &earlies[cpu_id()];
	unsigned int end = smp_load_acquire(&nr_history), nr = 1, pick;
	unsigned int moment = early_floor(early, place);

	for (unsigned int i = moment; i < end; i++)
		nr += history[i].place == place;
	pick = (unsigned int)(early->order % nr);
	early->order /= nr;
	for (unsigned int i = moment; i < end; i++) {
		if (history[i].place != place)
			continue;
		if (!pick--) {
			early->old++;
			note_found(early, place, moment);
			return history[i].value;
		}
		moment = i + 1;
	}
	note_found(early, place, moment);
	return read_memory(place, size);
}

u64 storebuf_load(const void *place, size_t size)
{
	unsigned long flags = irq_save();
	struct storebuf *sb = this_storebuf();
	u64 value = earlies[cpu_id()].on ? load_early(place, size) : read_memory(place, size);

	for (unsigned int i = 0; i < sb->nr; i++) {
		if (sb->store[i].place != place)
			continue;
		if (sb->store[i].op == STOREBUF_OR)
			value |= sb->store[i].value;
		else if (sb->store[i].op == STOREBUF_AND)
			value &= sb->store[i].value;
		else
			value = sb->store[i].value;
	}
	irq_restore(flags);
	return value;
}

void storebuf_divide(void)
{
	this_storebuf()->group++;
}

void storebuf_drain(void)
{
	let_out();
	earlies[cpu_id()].floor = READ_ONCE(nr_history);
	earlies[cpu_id()].nr = 0;
}

void storebuf_release(void)
{
	if (!this_cpu()->irq_depth && !bug(unlock_no_release))
		let_out();
}

void storebuf_read_barrier(void)
{
	struct early *early = &earlies[cpu_id()];

	early->floor = max(early->floor, early->reached);
	early->nr = 0;
}

/* --- on and off --- */

static void count_active(u32 change)
{
	__atomic_fetch_add(&storebuf_active, change, __ATOMIC_SEQ_CST);
}

void storebuf_record(bool on)
{
	if (on)
		nr_history = 0;
	WRITE_ONCE(recording, on);
	count_active(on ? 1 : -1U);
}

void storebuf_early(u64 order)
{
	earlies[cpu_id()] = (struct early){ .on = true, .order = order };
	count_active(1);
}

unsigned int storebuf_late(void)
{
	count_active(-1U);
	earlies[cpu_id()].on = false;
	return earlies[cpu_id()].old;
}

void storebuf_clear_last(void *page)
{
	u64 *last = (u64 *)((char *)page + PAGE_SIZE) - 1;

	if (!this_storebuf()->on)
		return;
	WRITE_ONCE(*last, POISON_WORD(PGTABLE_POISON));
	storebuf_store(last, sizeof(*last), 0, STOREBUF_STORE);
}

void storebuf_begin(u64 order, void (*seen)(void))
{
	struct storebuf *sb = this_storebuf();

	*sb = (struct storebuf){ .order = order, .seen = seen };
	WRITE_ONCE(sb->on, true);
	count_active(1);
}

unsigned int storebuf_end(void)
{
	struct storebuf *sb = this_storebuf();

	storebuf_drain();
	WRITE_ONCE(sb->on, false);
	count_active(-1U);
	return sb->kept;
}
#endif
