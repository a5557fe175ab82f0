/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sleepable read-copy-update: readers that may sleep, and writers that wait for exactly those
 * readers that were there before.
 *
 * A domain has two pairs of per-CPU counters, locks and unlocks. Readers count themselves in under
 * the current index and out under the same one, maybe on another CPU. A grace period flips the
 * index and waits until the locks and unlocks of the old index agree, twice, so that a reader that
 * had read the index before a flip is waited for as well.
 *
 * Source: P. McKenney, "Sleepable Read-Copy Update" (LWN 2006, and the per-CPU two-counter form
 * of 2017).
 */
#pragma once

#include "kernel/list.h"
#include "kernel/mutex.h"
#include "kernel/thread.h"
#include "kernel/wait.h"
#include "lab/bug.h"
#include "lab/storebuf.h"
#include "lab/sync.h"

struct srcu_head {
	struct srcu_head *next;
	void (*func)(struct srcu_head *head);
};

struct srcu_count {
	u64 locks, unlocks; /* done by this CPU, which alone writes them */
};

struct srcu_cpu {
	struct srcu_count count[2]; /* by index */
} __aligned(CACHE_LINE);

struct srcu {
	const char *name;
	struct srcu_cpu *cpu; /* one per CPU */
	u32 idx;	      /* the index for new readers, 0 or 1; changed under gp_mutex */
	struct mutex gp_mutex;
	u64 gp_completed; /* grace periods completed, changed under gp_mutex */
	u64 stall_ns;	  /* a grace period that waits longer for a reader says so */

	/* Callbacks wait here for the worker; guarded by lock. */
	struct spinlock lock;
	struct srcu_head *head, **tail;
	u64 nr_queued, nr_taken, nr_done; /* numbers since boot; done is the worker's own */
	u64 expedite_to; /* somebody waits for callbacks up to this number */
	struct wait_queue worker_wq, barrier_wq;
	struct thread *worker;
};

/* Makes the domain and its worker thread; stall_ns is the limit of waits. Returns 0 or -ENOMEM. May
 * sleep. */
int srcu_init(struct srcu *srcu, const char *name);

/* Counts this CPU's reader in or out; full barrier before and after. */
static __always_inline void srcu_count_mb(u64 *count)
{
	sb_inc_mb(count, bug(srcu_reader_no_mb));
}

/*
 * Begins a read section; the value goes to srcu_read_unlock. Full barrier (MO-7). Any thread, not
 * from interrupts: the counters are plain, since nothing else runs on the CPU meanwhile.
 */
static inline int __must_check srcu_read_lock(struct srcu *srcu)
{
	unsigned int idx = READ_ONCE(srcu->idx);

	SYNC_POINT(srcu_entering);
	srcu_count_mb(&srcu->cpu[cpu_id()].count[idx].locks);
#if LAB
	current->srcu_depth++;
	current->lab.srcu_index = (u8)idx;
#endif
	hook_lock(HOOK_WANT, HOOK_SRCU, srcu);
	return (int)idx;
}

static inline void srcu_read_unlock(struct srcu *srcu, int idx)
{
#if LAB
	current->srcu_depth--;
#endif
	hook_lock(HOOK_LEFT, HOOK_SRCU, srcu);
	srcu_count_mb(&srcu->cpu[cpu_id()].count[idx].unlocks);
	SYNC_POINT(srcu_left);
}

/* The same for a section in which nothing sleeps: it ends on the CPU, and at the counters, where
 * it began. */
static inline struct srcu_count *__must_check srcu_read_lock_awake(struct srcu *srcu)
{
	unsigned int idx = READ_ONCE(srcu->idx);
	struct srcu_count *count = &srcu->cpu[cpu_id()].count[idx];

	srcu_count_mb(&count->locks);
#if LAB
	current->srcu_depth++;
	current->lab.srcu_index = (u8)idx;
#endif
	hook_lock(HOOK_WANT, HOOK_SRCU, srcu);
	return count;
}

static inline void srcu_read_unlock_awake(struct srcu *srcu, struct srcu_count *count)
{
#if LAB
	current->srcu_depth--;
#endif
	hook_lock(HOOK_LEFT, HOOK_SRCU, srcu);
	srcu_count_mb(&count->unlocks);
}

/* Whether any reader is inside now; racy, for assertions that one should be. */
bool srcu_read_held(struct srcu *srcu);

/* Waits until every reader that is inside now has left. May sleep. */
void synchronize_srcu(struct srcu *srcu);
/* Has @func called with @head after a grace period, from the worker thread. Never waits. */
void call_srcu(struct srcu *srcu, struct srcu_head *head, void (*func)(struct srcu_head *));
/* Waits until all callbacks queued before have run. May sleep. */
void srcu_barrier(struct srcu *srcu);
