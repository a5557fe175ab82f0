/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The emulated store buffers, one a CPU, each used by its own CPU only; no locks. A CPU whose
 * buffer is off stores through at once, so that several tests' threads may mix.
 */
#include "lab/storebuf.h"

#if LAB
#include "kernel/cpu.h"
#include "kernel/printk.h"
#include "kernel/string.h"

struct buffered {
	void *place;
	size_t size;
	u64 value;
	unsigned int group; /* rises with every write barrier */
};

static struct storebuf {
	bool on;
	unsigned int nr, group;
	u64 order;
	void (*seen)(void);
	struct buffered store[STOREBUF_SIZE];
} storebufs[NR_CPUS];

bool storebuf_active;

static struct storebuf *this_storebuf(void)
{
	return &storebufs[cpu_id()];
}

static void write_through(void *place, size_t size, u64 value)
{
	switch (size) {
	case 4:
		WRITE_ONCE(*(u32 *)place, (u32)value);
		break;
	case 8:
		WRITE_ONCE(*(u64 *)place, value);
		break;
	default:
		panic("BUG: a store of %lu bytes is annotated", (unsigned long)size);
	}
}

void storebuf_store(void *place, size_t size, u64 value)
{
	struct storebuf *sb = this_storebuf();

	if (!sb->on) {
		write_through(place, size, value);
		return;
	}
	if (sb->nr == STOREBUF_SIZE)
		storebuf_drain();
	sb->store[sb->nr++] = (struct buffered){ place, size, value, sb->group };
}

u64 storebuf_load(const void *place, size_t size)
{
	struct storebuf *sb = this_storebuf();

	for (unsigned int i = sb->nr; i-- > 0;)
		if (sb->store[i].place == place && sb->store[i].size == size)
			return sb->store[i].value;
	return size == 4 ? READ_ONCE(*(const u32 *)place) : READ_ONCE(*(const u64 *)place);
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

		write_through(store.place, store.size, store.value);
		if (sb->seen)
			sb->seen();
	}
}

void storebuf_drain(void)
{
	struct storebuf *sb = this_storebuf();
	unsigned int first = 0, end;

	for (; first < sb->nr; first = end) {
		for (end = first; end < sb->nr && sb->store[end].group == sb->store[first].group;)
			end++;
		drain_group(sb, &sb->store[first], end - first);
	}
	sb->nr = 0;
}

void storebuf_begin(u64 order, void (*seen)(void))
{
	struct storebuf *sb = this_storebuf();

	*sb = (struct storebuf){ .on = true, .order = order, .seen = seen };
	WRITE_ONCE(storebuf_active, true);
}

void storebuf_end(void)
{
	storebuf_drain();
	this_storebuf()->on = false;
	WRITE_ONCE(storebuf_active, false);
}
#endif
