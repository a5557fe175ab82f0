/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Per-CPU event counters.
 *
 * Each CPU counts for itself with plain increments; stat_sum adds them up. Counters marked (irq)
 * are only touched with interrupts off or from interrupt handlers, the others never from them.
 */
#pragma once

#include "kernel/types.h"

#define STAT_LIST(X)                                                                               \
	X(USER_FAULTS)	    /* faults taken from user mode on this CPU */                          \
	X(UACCESS_FAULTS)   /* faults of the kernel's own access to user memory */                 \
	X(SYSCALLS)                                                                                \
	X(SYSCALLS_UNKNOWN)                                                                        \
	X(SHOOTDOWNS_SENT)  /* waits for at least one other CPU */                                 \
	X(SHOOTDOWN_IPIS)   /* TLB IPIs sent */                                                    \
	X(SHOOTDOWNS_RECV)  /* (irq) requests served */                                            \
	X(CONTEXT_SWITCHES) /* (irq) */                                                            \
	X(MIGRATIONS)       /* (irq) */                                                            \
	X(WAKE_IPIS)        /* (irq) IPI_RESCHED sent */                                           \
	X(TIMER_IRQS)	    /* (irq) */                                                            \
	X(LOCK_WAITS)       /* (irq) spinlock slow paths */                                        \
	X(LOCK_HALTS)       /* (irq) sleeps in hlt for a spinlock */                               \
	X(SRCU_GPS)	    /* grace periods completed */                                          \
	X(SRCU_CALLBACKS)                                                                          \
	X(VMA_FREED)                                                                               \
	X(LOOKUP_RETRIES)   /* lockless walks begun again because the tree moved */                \
	X(SIGNALS)

enum stat {
#define X(name) STAT_##name,
	STAT_LIST(X)
#undef X
	NR_STATS
};

/* Sum over all CPUs; exact only when nothing runs that counts it. */
u64 stat_sum(enum stat stat);
u64 stat_cpu(unsigned int cpu, enum stat stat);
const char *stat_name(enum stat stat);
