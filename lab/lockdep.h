/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lockdep: finds deadlocks that have not happened yet, from the order in which locks are taken.
 *
 * Locks of one kind, name and subclass are a class. Whoever wants a lock while he holds another
 * makes an edge of the graph of classes; an edge that closes a cycle is a deadlock that only needs
 * the right schedule, and is reported at its first sight, whatever the schedule was. Waits that are
 * no locks take part as pseudo-locks: see docs/lockdep.md, which also shows how to read a report.
 *
 * A report is a bad sign unless a test expects it, and each finding is reported once. On unless
 * the boot word lockdep=off says no; listens to lab/hook.h.
 */
#pragma once

#include "kernel/types.h"
#include "lab/hook.h"

#define LOCKDEP_DEPTH 24 /* locks that a thread and the interrupts on top of it may hold */

enum lockdep_kind {
	LOCKDEP_NONE,
	LOCKDEP_CYCLE,	   /* locks in opposite orders */
	LOCKDEP_IRQ,	   /* a cycle through an interrupt handler */
	LOCKDEP_IPI,	   /* a cycle through acknowledgements */
	LOCKDEP_RECURSION, /* a lock, or another one of its class, is wanted by who holds it */
	LOCKDEP_ORDER,	   /* against the declared order; no cycle yet */
	LOCKDEP_SLEEP,	   /* a sleeping lock is wanted where nothing may sleep */
	LOCKDEP_WRITER,	   /* no lock excludes two writers of a sequence count (INV-5) */
	LOCKDEP_UNLOCK,	   /* released by who does not hold it */
	LOCKDEP_INIT,	   /* made anew while held */
	LOCKDEP_LEFT,	   /* still held at the end of what should have released it */
};

enum lockdep_expect {
	LOCKDEP_EXPECT_NOTHING,
	LOCKDEP_EXPECT_REPORTS, /* printed as expected, and no bad sign */
	LOCKDEP_EXPECT_QUIETLY, /* the same, and only their first line is printed */
};

#if LAB
struct lockdep_held {
	const void *lock;
	unsigned long pc; /* where it was taken */
	u64 chain;	  /* hash of the classes held up to and with this one */
	u16 class;
	u8 kind;   /* enum hook_kind */
	u8 level;  /* of interrupts: 0 in a thread */
	bool waited; /* would have waited, had it been held: not by a try, no read section */
};

/* What a thread holds, with what an interrupt handler on top of it holds; its own. */
struct lockdep_stack {
	unsigned int nr;
	u8 subclass; /* of the lock that is wanted next */
	bool busy;   /* lockdep is at work: other events are its own, or an interrupt's on top */
	struct lockdep_held held[LOCKDEP_DEPTH];
};

/* Boot CPU, once threads exist, before other CPUs come: begins to listen. */
void lockdep_start(void);
/* For lab/hook.c; @pc is the caller's. Any context but NMI. */
void lockdep_event(enum hook_event event, enum hook_kind kind, const void *lock, unsigned long pc);
void lockdep_nest(unsigned int subclass);
void lockdep_check_left(const char *what);

/* The current thread comes to the end of @what ("a system call"): it must hold nothing. */
static __always_inline void lockdep_leave(const char *what)
{
	if (unlikely(READ_ONCE(hook_listeners) & HOOK_LOCKDEP))
		lockdep_check_left(what);
}

/*
 * Whether a test expects reports from now on. At the change to LOCKDEP_EXPECT_NOTHING all that was
 * learned meanwhile is forgotten, so that a defect made on purpose is no finding of later tests.
 */
void lockdep_expect(enum lockdep_expect what);
/* Whether it listens. */
bool lockdep_is_on(void);
/* Reports since boot, of what kind the latest was, and its cycle as text, "a -> b -> a". */
unsigned int lockdep_reports(void);
enum lockdep_kind lockdep_last_kind(void);
const char *lockdep_last_cycle(void);
const char *lockdep_kind_name(enum lockdep_kind kind);
/* Prints what the current thread holds, and where it took it; false if that is nothing, or not
 * known. */
bool lockdep_print_held(void);
/* Classes, and every edge with the place of its first sight. */
void lockdep_print_graph(void);
#else
static inline void lockdep_start(void) { }
static inline void lockdep_leave(const char *what) { (void)what; }
static inline bool lockdep_print_held(void) { return false; }
static inline void lockdep_print_graph(void) { }
#endif
