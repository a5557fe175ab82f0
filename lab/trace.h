/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The trace: what every CPU did, as small records in a ring of its own.
 *
 * Off, each place costs one test and one branch; with LAB=0 nothing. On (boot word trace=), an
 * event is 32 bytes, written without a lock, so it can come from any context, an NMI too. A ring
 * that is full overwrites its oldest events. trace_dump writes all rings to the channel
 * CONSOLE_TRACE, in the form that tools/runner/trace_read.py reads: docs/tracing.md.
 */
#pragma once

#include "lab/hook.h"

#define TRACE_CATEGORY_LIST(X)                                                                     \
	X(fault, FAULT)     /* page faults, with path, address and outcome */                      \
	X(lock, LOCK)	    /* spinlocks, semaphores, sequence counts: waits and holds */          \
	X(ipi, IPI)	    /* interrupts to other CPUs, shootdowns and their acknowledgements */  \
	X(srcu, SRCU)	    /* read sections and grace periods */                                  \
	X(sched, SCHED)	    /* which thread runs */                                                \
	X(sync, SYNC)	    /* passages of sync points, while a schedule is active */              \
	X(syscall, SYSCALL) /* system calls */

enum trace_category_bit {
#define X(name, NAME) TRACE_BIT_##NAME,
	TRACE_CATEGORY_LIST(X)
#undef X
	NR_TRACE_CATEGORIES
};

enum trace_category {
#define X(name, NAME) TRACE_CAT_##NAME = 1 << TRACE_BIT_##NAME,
	TRACE_CATEGORY_LIST(X)
#undef X
	TRACE_CAT_ANY = (1 << NR_TRACE_CATEGORIES) - 1, /* recorded whenever anything is */
};

/* The numbers are those of the format: never used for anything else. */
enum trace_type {
	/* What a dump is made of. */
	TRACE_DUMP_BEGIN = 1, /* info: version; a: magic; b: CPUs */
	TRACE_DUMP_END = 2,   /* a: records of this dump, this one too */
	TRACE_CPU = 3,	      /* its events follow; info: CPU; a: how many; b: lost before them */
	TRACE_TEXT = 4,	/* info: enum trace_text; a: key; b: length of the text that follows */

	TRACE_FAULT_BEGIN = 16,   /* info: FAULT_* flags; a: address */
	TRACE_FAULT_SPF = 17,	  /* an attempt is over; info: enum spf_reason; a: address */
	TRACE_FAULT_CLASSIC = 18, /* the classic path is through; info: enum fault_result */
	TRACE_FAULT_END = 19,
	TRACE_LOCK = 20,     /* info: enum hook_event, enum hook_kind << 8, irqs off << 16;
			      * a: the lock; b: its name's address, for text, or 0 */
	TRACE_IPI_SEND = 21, /* info: enum ipi_kind; a: CPU */
	TRACE_IPI_RECV = 22, /* info: enum ipi_kind */
	TRACE_IPI_DONE = 23, /* its handler returns; info: enum ipi_kind */
	TRACE_TLB_ASK = 24,  /* info: CPU asked; a: start; b: end of the range */
	TRACE_TLB_ACK = 25,  /* info: CPU that asked */
	TRACE_SWITCH = 26,   /* to the thread named in a and b; info: its process, 0 for none */
	TRACE_SYNC_PASS = 27,	/* info: enum sync_point; a: for which time */
	TRACE_SYNC_WAIT = 28,	/* info: enum sync_point; a: the point waited for; b: its count */
	TRACE_SYNC_GO_ON = 29,	/* info: 1 if the wait had expired */
	TRACE_SYSCALL_BEGIN = 30, /* info: number; a, b: the first two arguments */
	TRACE_SYSCALL_END = 31,	  /* info: number; a: result */
	TRACE_WATCHDOG = 32,	  /* info: enum watchdog_kind; a: of how many; b: CPU of one */
	TRACE_BROKEN = 33,	  /* info: waits that the watchdog broke */
	TRACE_LOCK_WAIT = 34,	  /* it is held; info: enum hook_kind; a: lock; b: who waits */
	TRACE_LOCK_BROKEN = 35,	  /* a wait was broken; info: enum hook_kind; a: lock */
};

/* Of what a text is the name. */
enum trace_text {
	TRACE_TEXT_WHY,	 /* of the dump */
	TRACE_TEXT_LOCK, /* key: address of the name */
	TRACE_TEXT_SYSCALL,
	TRACE_TEXT_SYNC,
	TRACE_TEXT_REASON, /* enum spf_reason */
	TRACE_TEXT_SITE,   /* key: address of code */
	TRACE_TEXT_RESULT, /* enum fault_result */
	TRACE_TEXT_IPI,	   /* enum ipi_kind */
	TRACE_TEXT_WATCHDOG, /* enum watchdog_kind */
};

struct trace_event {
	u64 stamp; /* nanoseconds since boot << 8 | enum trace_type; 0 while it is being written */
	u32 tid;   /* current thread */
	u32 info;
	u64 a, b;
};

#if LAB
extern u32 trace_on; /* TRACE_CAT_* that are recorded now */

/* One event of this CPU. Any context. */
void trace_record(enum trace_type type, u32 info, u64 a, u64 b);
#define trace_wanted(category) unlikely(READ_ONCE(trace_on) & TRACE_CAT_##category)
#define trace(category, type, info, a, b)                                                          \
	do {                                                                                       \
		if (trace_wanted(category))                                                        \
			trace_record(TRACE_##type, (u32)(info), (uintptr_t)(a), (uintptr_t)(b));   \
	} while (0)
/* From the locks' hook. */
void trace_lock(enum hook_event event, enum hook_kind kind, const void *lock);
/* The current thread has begun to run on this CPU. */
void trace_switch(void);

/* Begins to record @categories ("all" or names with commas). All CPUs are up. 0; -EINVAL with a
 * message that names the word at fault; -ENOMEM with a message. */
int trace_start(const char *categories);
/*
 * Writes what was recorded since the last dump to the trace channel, with @why it is done. Nothing
 * is recorded meanwhile. False, and nothing is done, if nothing is traced or another CPU is at it.
 * Any context.
 */
bool trace_dump(const char *why);
#else
#define trace_wanted(category) false
#define trace(category, type, info, a, b) do { } while (0)
static inline void trace_switch(void) { }
static inline bool trace_dump(const char *why)
{
	(void)why;
	return false;
}
#endif
