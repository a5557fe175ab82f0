/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Wait queues: threads that sleep until something becomes true.
 *
 * The sleeper's protocol: put itself on the queue and mark itself sleeping, look at the condition
 * again, sleep. The waker's: make the condition true, then wake. The queue's lock orders the two.
 */
#pragma once

#include "kernel/list.h"
#include "kernel/printk.h"
#include "kernel/spinlock.h"
#include "kernel/time.h"
#include "lab/waits.h"

struct thread;
void thread_sleep_until(u64 deadline_ns); /* kernel/thread.h */

struct wait_queue {
	struct spinlock lock; /* taken with interrupts off: wake-ups come from interrupts too */
	struct list_head waiters;
};

struct wait_entry {
	struct list_head node;
	struct thread *thread;
};

#define WAIT_QUEUE_INIT(name)                                                                      \
	{ SPINLOCK_INIT(#name), LIST_HEAD_INIT((name).waiters) }

void wait_queue_init(struct wait_queue *wq, const char *name);
/* Puts the current thread on @wq (once) and marks it sleeping. */
void wait_prepare(struct wait_queue *wq, struct wait_entry *entry);
void wait_finish(struct wait_queue *wq, struct wait_entry *entry);
void wake_up_all(struct wait_queue *wq);
void wake_up_one(struct wait_queue *wq);

/*
 * Sleeps until @cond is true or @deadline_ns (absolute, time_ns) has passed; true if @cond held.
 * May sleep; interrupts on, no spinlock held.
 */
#define wait_event_until(wq, cond, deadline_ns)                                                    \
	({                                                                                         \
		struct wait_entry we_entry = { .thread = NULL };                                   \
		u64 we_deadline = (deadline_ns);                                                   \
		bool we_ok;                                                                        \
		for (;;) {                                                                         \
			wait_prepare((wq), &we_entry);                                             \
			we_ok = (cond);                                                            \
			if (we_ok || time_ns() >= we_deadline)                                     \
				break;                                                             \
			thread_sleep_until(we_deadline);                                           \
		}                                                                                  \
		wait_finish((wq), &we_entry);                                                      \
		we_ok;                                                                             \
	})

/* The same with the kernel's limit for every wait; panics on expiry and says what was awaited. */
#define wait_event(wq, cond)                                                                       \
	do {                                                                                       \
		u64 wev_start = time_ns();                                                         \
		thread_wait_begin(WAIT_EVENT, (wq), 0);                                            \
		if (!wait_event_until((wq), (cond), wev_start + wait_limit_ns))                    \
			panic("BUG: %s:%d: waited %lu s for %s", __FILE__, __LINE__,               \
			      (unsigned long)(wait_limit_ns / NSEC_PER_SEC), #cond);               \
		thread_wait_end();                                                                 \
	} while (0)
