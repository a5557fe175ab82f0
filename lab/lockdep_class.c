/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lock classes, and the order that docs/locking.md declares for some of them.
 *
 * A class is made when the first lock of its kind, name and subclass is seen. Names are mostly one
 * constant each, so a class is found by the address of its lock's name, without a lock: a hash
 * table that only grows. The same name at another address leads to the same class.
 *
 * Owns lock_classes and class_slots. Both change under graph_lock; a slot is complete before its
 * class is stored with release. A sequence count's excluders are graph_lock's alone.
 */
#include "lab/lockdep_internal.h"

#if LAB
#include "kernel/atomic.h"
#include "kernel/mutex.h"
#include "kernel/printk.h"
#include "kernel/seqlock.h"
#include "kernel/srcu.h"
#include "kernel/string.h"

#define NR_SLOTS 512

struct lock_class lock_classes[MAX_CLASSES];
unsigned int nr_lock_classes;

static struct class_slot {
	const char *name;
	u8 base, subclass;
	u16 class; /* number + 1, 0: empty */
} class_slots[NR_SLOTS];

/*
 * The declared order, as in docs/locking.md: who holds one may take one of a higher rank. Equal
 * ranks may not be held together; ranks 0 are undeclared and may stand anywhere.
 */
static const struct {
	const char *name;
	u8 base, rank;
} declared[] = {
	{ "mmap_sem", BASE_SLEEPING, 1 },
	{ "i_mmap_rwsem", BASE_SLEEPING, 2 },
	{ "anon_vma", BASE_SLEEPING, 3 },
	{ "vm_sequence", BASE_SEQCOUNT, 4 },
	{ "mm_seq", BASE_SPINLOCK, 5 },
	{ "mm_seq", BASE_SEQCOUNT, 6 },
	{ "page_table_lock", BASE_SPINLOCK, 7 },
	{ "ptl", BASE_SPINLOCK, 8 },
	{ "zone_low", BASE_SPINLOCK, 9 },
	{ "zone_high", BASE_SPINLOCK, 9 },
	{ "console_lock", BASE_SPINLOCK, 10 },
};

static const u8 base_of_kind[] = {
	[HOOK_SPINLOCK] = BASE_SPINLOCK, [HOOK_READ] = BASE_SLEEPING, [HOOK_WRITE] = BASE_SLEEPING,
	[HOOK_SEQCOUNT] = BASE_SEQCOUNT, [HOOK_SRCU] = BASE_SRCU,     [HOOK_SRCU_GP] = BASE_SRCU,
};

static const char *name_of(enum hook_kind kind, const void *lock)
{
	const char *name = NULL;

	switch (kind) {
	case HOOK_SPINLOCK:
		name = ((const struct spinlock *)lock)->name;
		break;
	case HOOK_READ:
	case HOOK_WRITE:
		name = ((const struct rwsem *)lock)->name;
		break;
	case HOOK_SEQCOUNT:
		name = ((const struct seqcount *)lock)->name;
		break;
	case HOOK_SRCU:
	case HOOK_SRCU_GP:
		name = ((const struct srcu *)lock)->name;
		break;
	default:
		break;
	}
	return name ? name : "(unnamed)";
}

static u8 rank_of(const char *name, unsigned int base)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(declared); i++)
		if (declared[i].base == base && !strcmp(declared[i].name, name))
			return declared[i].rank;
	return 0;
}

/* graph_lock held. */
static unsigned int class_make(const char *name, unsigned int base, unsigned int subclass)
{
	unsigned int n = nr_lock_classes;
	struct lock_class *class;

	for (unsigned int i = 0; i < n; i++) {
		class = &lock_classes[i];
		if (class->base == base && class->subclass == subclass &&
		    !strcmp(class->name, name))
			return i;
	}
	if (n == MAX_CLASSES)
		return n;
	class = &lock_classes[n];
	class->name = name;
	class->base = (u8)base;
	class->subclass = (u8)subclass;
	class->rank = rank_of(name, base);
	WRITE_ONCE(nr_lock_classes, n + 1);
	return n;
}

static unsigned int slot_of(const char *name, unsigned int base, unsigned int subclass)
{
	u64 hash = ((u64)(uintptr_t)name + base * 8 + subclass) * 0x9e3779b97f4a7c15ULL;

	return (unsigned int)(hash >> 48) % NR_SLOTS;
}

/* The slot of these three, or the empty one for them; NULL if all are taken. */
static struct class_slot *slot_find(const char *name, unsigned int base, unsigned int subclass)
{
	unsigned int i = slot_of(name, base, subclass);

	for (unsigned int n = 0; n < NR_SLOTS; n++, i = (i + 1) % NR_SLOTS) {
		struct class_slot *slot = &class_slots[i];

		if (!smp_load_acquire(&slot->class) ||
		    (slot->name == name && slot->base == base && slot->subclass == subclass))
			return slot;
	}
	return NULL;
}

static unsigned int class_learn(const char *name, unsigned int base, unsigned int subclass)
{
	unsigned long flags = lockdep_graph_lock();
	struct class_slot *slot = slot_find(name, base, subclass);
	unsigned int class = slot ? class_make(name, base, subclass) : MAX_CLASSES;

	if (class < MAX_CLASSES && !slot->class) {
		slot->name = name;
		slot->base = (u8)base;
		slot->subclass = (u8)subclass;
		smp_store_release(&slot->class, (u16)(class + 1));
	}
	lockdep_graph_unlock(flags);
	if (class == MAX_CLASSES)
		lockdep_full("classes");
	return class;
}

unsigned int lockdep_class_of(enum hook_kind kind, const void *lock, unsigned int subclass)
{
	const struct class_slot *slot;
	const char *name;
	unsigned int base;

	if (kind == HOOK_IPI_ACK)
		return CLASS_IPI_ACK;
	if (kind == HOOK_RECLAIM)
		return CLASS_RECLAIM;
	name = name_of(kind, lock);
	base = base_of_kind[kind];
	slot = slot_find(name, base, subclass);
	if (likely(slot && slot->class))
		return slot->class - 1u;
	return class_learn(name, base, subclass);
}

void lockdep_class_init(void)
{
	class_make("ipi_ack", BASE_PSEUDO, 0);
	class_make("interrupt", BASE_PSEUDO, 0);
	class_make("fs_reclaim", BASE_PSEUDO, 0);
	BUG_ON(nr_lock_classes != NR_PSEUDO_CLASSES);
}

const char *lockdep_class_text(unsigned int class, char *buf, size_t size)
{
	static const char *const bases[] = {
		[BASE_SPINLOCK] = " (spinlock)", [BASE_SLEEPING] = "", [BASE_SEQCOUNT] = "",
		[BASE_SRCU] = " (srcu)",	 [BASE_PSEUDO] = "",
	};
	const struct lock_class *c = &lock_classes[class];

	if (c->subclass)
		snprintf(buf, size, "%s/%u%s", c->name, c->subclass, bases[c->base]);
	else
		snprintf(buf, size, "%s%s", c->name, bases[c->base]);
	return buf;
}

void lockdep_class_learn_begin(void)
{
	for (unsigned int i = 0; i < nr_lock_classes; i++)
		lock_classes[i].told_before = lock_classes[i].told;
}

void lockdep_class_learn_forget(void)
{
	for (unsigned int i = 0; i < nr_lock_classes; i++) {
		lock_classes[i].told = lock_classes[i].told_before;
		lock_classes[i].written = false;
	}
}

bool lockdep_order_violated(unsigned int from, unsigned int to)
{
	const struct lock_class *a = &lock_classes[from], *b = &lock_classes[to];

	if (!a->rank || !b->rank)
		return false;
	return a->rank > b->rank || (a->rank == b->rank && a->subclass >= b->subclass);
}
#endif
