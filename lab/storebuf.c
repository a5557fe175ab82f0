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
#include "lab/poison.h"

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

bool storebuf_active;

static struct storebuf *this_storebuf(void)
{
	return &storebufs[cpu_id()];
}

static void write_through(void *place, size_t size, u64 value, enum storebuf_op op)
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

void storebuf_store(void *place, size_t size, u64 value, enum storebuf_op op)
{
	unsigned long flags = irq_save();
	struct storebuf *sb = this_storebuf();

	if (!sb->on) {
		write_through(place, size, value, op);
	} else {
		if (sb->nr == STOREBUF_SIZE)
			storebuf_drain();
		sb->store[sb->nr++] = (struct buffered){ place, size, value, op, sb->group };
		sb->kept++;
	}
	irq_restore(flags);
}

u64 storebuf_load(const void *place, size_t size)
{
	unsigned long flags = irq_save();
	struct storebuf *sb = this_storebuf();
	u64 value = size == 4 ? READ_ONCE(*(const u32 *)place) : READ_ONCE(*(const u64 *)place);

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

void storebuf_drain(void)
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

void storebuf_release(void)
{
	if (!this_cpu()->irq_depth)
		storebuf_drain();
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
	WRITE_ONCE(storebuf_active, true);
}

unsigned int storebuf_end(void)
{
	struct storebuf *sb = this_storebuf();

	storebuf_drain();
	WRITE_ONCE(sb->on, false);
	WRITE_ONCE(storebuf_active, false);
	return sb->kept;
}
#endif
