/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the kernel's locks tell the instruments what they do: one test and one branch a site for
 * all instruments together, and nothing with LAB=0.
 *
 * hook_listeners has a bit for each instrument that listens now. Instruments set and clear their
 * bit while one CPU runs or between tests; the others' code is out of line, in lab/hook.c, which
 * hands every event to each listener in turn. A listener may relax the CPU, but takes no lock that
 * has hooks itself.
 */
#pragma once

#include "kernel/types.h"

enum hook_listener {
	HOOK_PERTURB = 1,
	HOOK_LOCKDEP = 2,
	HOOK_TRACE = 4,
	HOOK_EXPLORE = 8,
	HOOK_HOLDERS = 16, /* reads, writes and SRCU sections only */
};

enum hook_event {
	HOOK_WANT,   /* about to take it, and to wait if need be */
	HOOK_TRY,    /* about to try it, without waiting */
	HOOK_WAITED, /* it was held by somebody else and is ours now; only after a wait */
	HOOK_GOT,    /* a try has succeeded */
	HOOK_LEFT,   /* released; or a wait for it was broken, and it is not held */
	HOOK_INIT,   /* made anew; nobody may hold it */
	HOOK_WANT_SAVE, /* as HOOK_WANT; once it is ours interrupts are off in any case */
	HOOK_MAY_WAIT, /* would wait here if somebody else held it; says nothing about taking it */
};

enum hook_kind {
	HOOK_SPINLOCK, /* struct spinlock */
	HOOK_READ,     /* struct rwsem, for reading */
	HOOK_WRITE,    /* struct rwsem, for writing; a mutex's */
	HOOK_SEQCOUNT, /* struct seqcount, its write section */
	HOOK_SRCU,     /* struct srcu: a read section, entered without waiting */
	HOOK_SRCU_GP,  /* struct srcu: waiting for its readers */
	HOOK_IPI_ACK,  /* waiting for acknowledgements; the object is the request */
	HOOK_RECLAIM,  /* an allocation that may wait for memory to be taken back; no object */
};

#if LAB
extern u32 hook_listeners;
void hook_lock_slow(enum hook_event event, enum hook_kind kind, const void *lock);
void hook_nest_slow(unsigned int subclass);
void hook_listen(enum hook_listener listener, bool on);
/* Nobody listens any more: the kernel ends. */
void hook_silence(void);

/* @kind is constant: spinlocks, the hottest, do not pay for who listens to sleeping locks only. */
static __always_inline void hook_lock(enum hook_event event, enum hook_kind kind, const void *lock)
{
	bool sleeping = kind == HOOK_READ || kind == HOOK_WRITE || kind == HOOK_SRCU;

	if (unlikely(READ_ONCE(hook_listeners) & (sleeping ? ~0u : ~(u32)HOOK_HOLDERS)))
		hook_lock_slow(event, kind, lock);
}

/*
 * The next lock that this thread wants is the @subclass-th of its class at once (from 1 on), in an
 * order that the caller vouches for, such as that of addresses.
 */
static __always_inline void hook_nest(unsigned int subclass)
{
	if (unlikely(READ_ONCE(hook_listeners) & HOOK_LOCKDEP))
		hook_nest_slow(subclass);
}
#else
static __always_inline void hook_lock(enum hook_event event, enum hook_kind kind, const void *lock)
{
	(void)event, (void)kind, (void)lock;
}
static __always_inline void hook_nest(unsigned int subclass)
{
	(void)subclass;
}
static inline void hook_silence(void) { }
#endif
