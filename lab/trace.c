/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recording: the rings, and what the locks' hook puts into them.
 *
 * Owns trace_on and the rings. A ring is written by its CPU alone. An event takes its slot by an
 * atomic increment, so one that comes from an interrupt or an NMI in the middle of another gets a
 * slot of its own. A slot's stamp is 0 while it is being filled: whoever reads elsewhere, after a
 * CPU was stopped in the middle, passes it over.
 */
#include "lab/trace_ring.h"

#if LAB
#include "kernel/cpu.h"
#include "kernel/errno.h"
#include "kernel/printk.h"
#include "kernel/process.h"
#include "kernel/seqlock.h"
#include "kernel/srcu.h"
#include "kernel/string.h"
#include "lab/hook.h"
#include "mm/slab.h"

/* Memory of all rings together, and of one at least and at most: kmalloc's largest. */
#define RINGS_BYTES (8UL << 20)
#define RING_MIN (64UL << 10)
#define RING_MAX (512UL << 10)

u32 trace_on;
struct trace_ring trace_rings[NR_CPUS];
u64 trace_ring_size;

static const char *const category_names[NR_TRACE_CATEGORIES] = {
#define X(name, NAME) [TRACE_BIT_##NAME] = #name,
	TRACE_CATEGORY_LIST(X)
#undef X
};

void trace_record(enum trace_type type, u32 info, u64 a, u64 b)
{
	struct cpu *cpu = this_cpu();
	struct trace_ring *ring = &trace_rings[cpu->id];
	u64 number = __atomic_fetch_add(&ring->next, 1, __ATOMIC_RELAXED);
	struct trace_event *event = &ring->events[number & (trace_ring_size - 1)];

	WRITE_ONCE(event->stamp, 0);
	smp_wmb();
	event->tid = (u32)cpu->arch.thread->tid;
	event->info = info;
	event->a = a;
	event->b = b;
	smp_store_release(&event->stamp, time_ns() << 8 | type);
}

void trace_switch(void)
{
	const struct thread *thread = current;
	u64 name[2];

	_Static_assert(sizeof(name) == sizeof(thread->name), "a thread's name fills a and b");
	if (likely(!(READ_ONCE(trace_on) & TRACE_CAT_SCHED)))
		return;
	memcpy(name, thread->name, sizeof(name));
	trace_record(TRACE_SWITCH, thread->process ? (u32)thread->process->pid : 0, name[0],
		     name[1]);
}

/* The name's address; not after the release, when the lock may be gone. */
static u64 lock_name(enum hook_kind kind, const void *lock)
{
	switch (kind) {
	case HOOK_SPINLOCK:
		return (uintptr_t)((const struct spinlock *)lock)->name;
	case HOOK_READ:
	case HOOK_WRITE:
		return (uintptr_t)((const struct rwsem *)lock)->name;
	case HOOK_SEQCOUNT:
		return (uintptr_t)((const struct seqcount *)lock)->name;
	case HOOK_SRCU:
	case HOOK_SRCU_GP:
		return (uintptr_t)((const struct srcu *)lock)->name;
	case HOOK_IPI_ACK:
	case HOOK_RECLAIM:
		break;
	}
	return 0;
}

static u32 lock_category(enum hook_kind kind)
{
	switch (kind) {
	case HOOK_SRCU:
	case HOOK_SRCU_GP:
		return TRACE_CAT_SRCU;
	case HOOK_IPI_ACK:
		return TRACE_CAT_IPI;
	default:
		return TRACE_CAT_LOCK;
	}
}

void trace_lock(enum hook_event event, enum hook_kind kind, const void *lock)
{
	u64 name = event == HOOK_LEFT ? 0 : lock_name(kind, lock);

	if (READ_ONCE(trace_on) & lock_category(kind))
		trace_record(TRACE_LOCK, event | (u32)kind << 8 | (u32)!irq_enabled() << 16,
			     (uintptr_t)lock, name);
}

/* --- beginning --- */

static u32 category_by_name(const char *name, size_t len)
{
	if (len == 3 && !strncmp(name, "all", len))
		return TRACE_CAT_ANY;
	for (unsigned int i = 0; i < NR_TRACE_CATEGORIES; i++)
		if (strlen(category_names[i]) == len && !strncmp(category_names[i], name, len))
			return 1U << i;
	printk("error: trace=%.*s: all, fault, lock, ipi, srcu, sched, sync or syscall", (int)len,
	       name);
	return 0;
}

static int rings_make(void)
{
	u64 bytes = RING_MAX;

	while (bytes > RING_MIN && bytes * nr_cpus > RINGS_BYTES)
		bytes /= 2;
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
		trace_rings[cpu].events = kzalloc(bytes);
		if (!trace_rings[cpu].events) {
			printk("error: trace=: no memory for rings of %lu KiB a CPU",
			       (unsigned long)(bytes >> 10));
			return -ENOMEM;
		}
	}
	trace_ring_size = bytes / sizeof(struct trace_event);
	return 0;
}

int trace_start(const char *categories)
{
	u32 wanted = 0;

	while (*categories) {
		const char *comma = strchr(categories, ',');
		size_t len = comma ? (size_t)(comma - categories) : strlen(categories);
		u32 category = category_by_name(categories, len);

		if (!category)
			return -EINVAL;
		wanted |= category;
		categories += len + (comma != NULL);
	}
	if (!wanted)
		return 0;
	if (rings_make())
		return -ENOMEM;
	smp_store_release(&trace_on, wanted);
	hook_listen(HOOK_TRACE, wanted & (TRACE_CAT_LOCK | TRACE_CAT_SRCU | TRACE_CAT_IPI));
	trace_switch();
	return 0;
}
#endif
