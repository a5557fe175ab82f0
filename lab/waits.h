/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each CPU and each thread waits for and holds, as the watchdog reads it from elsewhere.
 *
 * A wait_stack belongs to a CPU (it spins, or sleeps in its idle instruction) or to a thread (it
 * sleeps). Waits nest: an interrupt handler may wait for a spinlock while the thread it interrupted
 * waits for acknowledgements; a thread that waits for a grace period may sleep for a mutex in it.
 * The outer ones stay where they are, serial included, since they are still the same waits.
 *
 * Only its owner writes a stack, a CPU's with interrupts off, but for 'broken', which the watchdog
 * sets, and 'granted'. Readers elsewhere may see half of a change: they use wait_sample, whose
 * answer is of kind WAIT_NONE then. The serial changes with every wait, so two equal samples are
 * the same wait.
 */
#pragma once

#include "kernel/types.h"

struct thread;

enum wait_kind {
	WAIT_NONE,
	/* of a CPU; the object is */
	WAIT_SPINLOCK,	 /* struct spinlock */
	WAIT_TLB_ACK,	 /* struct tlb_request */
	WAIT_SYNC_POINT, /* its name */
	/* of a thread */
	WAIT_READ,	 /* struct rwsem */
	WAIT_WRITE,	 /* struct rwsem; a mutex's */
	WAIT_SRCU_GP,	 /* struct srcu; detail: the index whose readers are awaited */
	WAIT_THREAD,	 /* struct thread that has to do something or to end */
	WAIT_EVENT,	 /* struct wait_queue; the limit of all waits applies */
	WAIT_FUTEX,	 /* struct mm; detail: the user address */
};

struct wait {
	enum wait_kind kind;
	bool irqs_off;
	bool breakable;	 /* the waiter looks at broken */
	bool broken;	 /* set by the watchdog: a breakable wait gives up */
	bool granted;	 /* set by who hands a lock over: only waking up is missing */
	u8 nr_held;	 /* of a CPU: spinlocks it held when the wait began */
	const void *object;
	unsigned long detail;
	unsigned long pc; /* who waits */
	u64 since_ns;
	u64 serial;
};

#define MAX_WAITS 4

struct wait_stack {
	unsigned int nr; /* may exceed the array: deeper waits are not published */
	u64 serial;	 /* of the latest wait */
	struct wait wait[MAX_WAITS];
};

/* A lock that sleeps, or an SRCU read section, that a thread holds or is about to get. */
struct held_lock {
	u8 kind;  /* enum hook_kind */
	u8 index; /* SRCU: which readers it counts among */
	const void *object;
	unsigned long pc;
	u64 wanted_ns; /* asked for it */
	u64 since_ns;  /* has it */
};

#define MAX_HELD_SLEEPING 8

/* The instruments' part of struct thread. */
struct thread_lab {
	struct wait_stack waits;
	unsigned int nr_held; /* may exceed the array */
	struct held_lock held[MAX_HELD_SLEEPING]; /* the thread's own; lab/holders.c */
	u8 srcu_index; /* of the section being entered */

	/* The watchdog's: how often it saw the thread in this wait, and was sure of what it is. */
	u64 seen_serial;
	unsigned int seen, proofs;
	unsigned int overtaken; /* how often somebody had the lock who came later */
	bool reported;
};

#if LAB
/* Publishes a wait of this CPU; end with wait_publish_end. Any context but NMI. */
void wait_publish(enum wait_kind kind, const void *object, unsigned long pc);
/* The present wait looks at wait_is_broken. */
void wait_publish_breakable(void);
void wait_publish_end(void);
bool wait_is_broken(void);

/* The same for the current thread, which is going to sleep for it. */
void thread_wait_begin(enum wait_kind kind, const void *object, unsigned long detail);
void thread_wait_breakable(void);
void thread_wait_end(void);
/* Hands @object to @thread, which waits for it or is about to: from now on it counts as a holder.
 * The lock's own lock held. */
void thread_wait_granted(struct thread *thread, const void *object);
bool thread_wait_is_broken(void);

/* All fields of one wait of @stack; kind is WAIT_NONE if there is none, it was just changing, or
 * it is broken or granted already. Any context. */
struct wait wait_sample(const struct wait_stack *stack, unsigned int level);
#else
static inline void wait_publish(enum wait_kind kind, const void *object, unsigned long pc)
{
	(void)kind, (void)object, (void)pc;
}
static inline void wait_publish_breakable(void) { }
static inline void wait_publish_end(void) { }
static inline bool wait_is_broken(void) { return false; }
static inline void thread_wait_begin(enum wait_kind kind, const void *object,
				     unsigned long detail)
{
	(void)kind, (void)object, (void)detail;
}
static inline void thread_wait_breakable(void) { }
static inline void thread_wait_end(void) { }
static inline void thread_wait_granted(struct thread *thread, const void *object)
{
	(void)thread, (void)object;
}
static inline bool thread_wait_is_broken(void) { return false; }
#endif
