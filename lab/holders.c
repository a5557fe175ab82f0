/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The record of sleeping locks and SRCU read sections, per thread.
 *
 * Owns held and nr_held of struct thread_lab. Only the thread itself writes them, never from an
 * interrupt, so no locks: an entry is made invalid, filled, made valid. An entry is there from the
 * moment the lock is wanted; while the thread publishes a wait for it, it does not hold it. Since
 * when it does is written by who hands it over, which is the last event before it goes on.
 */
#include "lab/holders.h"

#if LAB
#include "kernel/thread.h"
#include "kernel/time.h"

#define HELD_NONE 0xff

static void holders_store(struct held_lock *to, enum hook_kind kind, const void *object,
			  unsigned long pc)
{
	u64 now = time_ns();

	WRITE_ONCE(to->kind, HELD_NONE);
	smp_wmb();
	WRITE_ONCE(to->index, current->lab.srcu_index);
	WRITE_ONCE(to->object, object);
	WRITE_ONCE(to->pc, pc);
	WRITE_ONCE(to->wanted_ns, now);
	WRITE_ONCE(to->since_ns, now);
	smp_wmb();
	WRITE_ONCE(to->kind, (u8)kind);
}

static void holders_push(struct thread_lab *lab, enum hook_kind kind, const void *object,
			 unsigned long pc)
{
	if (lab->nr_held < MAX_HELD_SLEEPING)
		holders_store(&lab->held[lab->nr_held], kind, object, pc);
	WRITE_ONCE(lab->nr_held, lab->nr_held + 1);
}

/* The latest entry of @object; -1 if it was taken before anybody listened. */
static int holders_find(const struct thread_lab *lab, enum hook_kind kind, const void *object)
{
	int nr = (int)min(lab->nr_held, (unsigned int)MAX_HELD_SLEEPING);

	while (--nr >= 0)
		if (lab->held[nr].object == object && lab->held[nr].kind == kind)
			break;
	return nr;
}

/* Locks may be left in another order than taken; entries beyond the array are only counted. */
static void holders_pop(struct thread_lab *lab, int at)
{
	int last = (int)min(lab->nr_held, (unsigned int)MAX_HELD_SLEEPING) - 1;

	for (; at >= 0 && at < last; at++) {
		struct held_lock *to = &lab->held[at];

		WRITE_ONCE(to->kind, HELD_NONE);
		smp_wmb();
		WRITE_ONCE(to->index, to[1].index);
		WRITE_ONCE(to->object, to[1].object);
		WRITE_ONCE(to->pc, to[1].pc);
		WRITE_ONCE(to->wanted_ns, to[1].wanted_ns);
		WRITE_ONCE(to->since_ns, to[1].since_ns);
		smp_wmb();
		WRITE_ONCE(to->kind, to[1].kind);
	}
	WRITE_ONCE(lab->nr_held, lab->nr_held - 1);
}

void holders_granted(struct thread *thread, const void *object)
{
	struct thread_lab *lab = &thread->lab;
	int nr = (int)min(READ_ONCE(lab->nr_held), (unsigned int)MAX_HELD_SLEEPING);

	while (--nr >= 0)
		if (READ_ONCE(lab->held[nr].object) == object) {
			WRITE_ONCE(lab->held[nr].since_ns, time_ns());
			return;
		}
}

void holders_note(enum hook_event event, enum hook_kind kind, const void *object, unsigned long pc)
{
	struct thread_lab *lab = &current->lab;
	int at;

	switch (event) {
	case HOOK_WANT:
	case HOOK_GOT:
		holders_push(lab, kind, object, pc);
		break;
	case HOOK_LEFT:
		at = holders_find(lab, kind, object);
		if (at >= 0 || lab->nr_held > MAX_HELD_SLEEPING)
			holders_pop(lab, at);
		break;
	default: /* HOOK_WAITED: holders_granted has noted it; a try says nothing */
		break;
	}
}

bool holders_sample(const struct thread *thread, unsigned int nr, struct held_lock *held)
{
	const struct held_lock *from = &thread->lab.held[nr];
	u8 kind;

	if (nr >= MAX_HELD_SLEEPING || nr >= READ_ONCE(thread->lab.nr_held))
		return false;
	kind = READ_ONCE(from->kind);
	smp_rmb();
	held->index = READ_ONCE(from->index);
	held->object = READ_ONCE(from->object);
	held->pc = READ_ONCE(from->pc);
	held->wanted_ns = READ_ONCE(from->wanted_ns);
	held->since_ns = READ_ONCE(from->since_ns);
	held->kind = kind;
	smp_rmb();
	return kind != HELD_NONE && READ_ONCE(from->kind) == kind;
}

static bool waits_for_lock(const struct thread *thread, enum wait_kind kind, const void *object)
{
	for (unsigned int level = 0; level < MAX_WAITS; level++) {
		struct wait wait = wait_sample(&thread->lab.waits, level);

		if (wait.kind == kind && wait.object == object)
			return true;
	}
	return false;
}

bool holders_has(const struct thread *thread, enum hook_kind kind, const void *object,
		 struct held_lock *held)
{
	bool waiting = kind != HOOK_SRCU &&
		       waits_for_lock(thread, kind == HOOK_READ ? WAIT_READ : WAIT_WRITE, object);

	/* A thread that waits has one entry more than it has locks: the last. */
	for (unsigned int nr = MAX_HELD_SLEEPING; nr-- > 0;) {
		struct held_lock entry;

		if (!holders_sample(thread, nr, &entry) || entry.object != object ||
		    entry.kind != kind)
			continue;
		if (!waiting) {
			*held = entry;
			return true;
		}
		waiting = false;
	}
	return false;
}
#endif
