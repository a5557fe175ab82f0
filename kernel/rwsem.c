/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The waiting half of reader-writer semaphores and mutexes.
 *
 * Owns rwsem->waiters, guarded by wait_lock (taken with interrupts on; threads' locks inside it).
 *
 * While somebody waits RWSEM_WAITERS is set, which shuts the fast ways in; only holders' leaving
 * changes the word besides wait_lock's holder. Who leaves last, and who begins to wait, hands the
 * semaphore to the head of the queue: to one writer, or to all readers in a row. Nobody overtakes,
 * so nobody starves. Handing over changes the word first, so the new owner need only wake up.
 */
#include "kernel/mutex.h"
#include "kernel/printk.h"
#include "kernel/thread.h"
#include "lab/bug.h"
#include "lab/sync.h"
#include "lab/trace.h"
#include "lab/watchdog.h"

struct rwsem_waiter {
	struct list_head node;
	struct thread *thread;
	bool write;
	bool granted; /* set with release by who hands over */
};

void rwsem_init(struct rwsem *sem, const char *name)
{
	hook_lock(HOOK_INIT, HOOK_WRITE, sem);
	sem->state = 0;
	sem->writer = NULL;
	sem->name = name;
	spin_init(&sem->wait_lock, name);
	list_init(&sem->waiters);
}

/*
 * Takes @sem for @waiter if the word permits. wait_lock held, so RWSEM_WAITERS is set and
 * readers only become fewer.
 */
static bool rwsem_take_for(struct rwsem *sem, const struct rwsem_waiter *waiter)
{
	u64 state = READ_ONCE(sem->state);

	do {
		if (state & RWSEM_WRITER || (waiter->write && state >= RWSEM_READER))
			return false;
	} while (!try_cmpxchg(&sem->state, &state,
			      state + (waiter->write ? RWSEM_WRITER : RWSEM_READER)));
	return true;
}

/* Hands @sem to as many waiters from the head as may have it now. wait_lock held. */
static void rwsem_hand_over(struct rwsem *sem)
{
	while (!list_empty(&sem->waiters)) {
		struct rwsem_waiter *waiter =
			list_first_entry(&sem->waiters, struct rwsem_waiter, node);
		struct thread *thread = waiter->thread;

		if (!rwsem_take_for(sem, waiter))
			return;
		list_del(&waiter->node);
		thread_wait_granted(thread, sem);
		thread_get(thread); /* @waiter is gone as soon as it sees the grant */
		smp_store_release(&waiter->granted, true);
		thread_wake(thread);
		thread_put(thread);
	}
	__atomic_fetch_and(&sem->state, ~RWSEM_WAITERS, __ATOMIC_RELEASE);
}

void rwsem_left(struct rwsem *sem)
{
	if (bug(rwsem_no_handover))
		return;
	spin_lock(&sem->wait_lock);
	rwsem_hand_over(sem);
	spin_unlock(&sem->wait_lock);
}

static void rwsem_expired(struct rwsem *sem, bool write)
{
	const struct thread *writer = READ_ONCE(sem->writer);
	u64 state = READ_ONCE(sem->state);

	watchdog_print_holders(sem);
	threads_print();
	panic("BUG: waited %lu s for %s to %s: %lu readers, writer %s",
	      (unsigned long)(wait_limit_ns / NSEC_PER_SEC), sem->name, write ? "write" : "read",
	      (unsigned long)(state / RWSEM_READER),
	      !(state & RWSEM_WRITER) ? "none" : writer ? writer->name : "not yet awake");
}

/* Ends the wait that the caller began. True once it is granted, false if it was broken before. */
static bool rwsem_sleep(struct rwsem *sem, struct rwsem_waiter *waiter, bool breakable)
{
	u64 deadline = time_ns() + wait_limit_ns;
	const char *outer_reason = current->sleep_reason;

	current->sleep_reason = sem->name;
	if (breakable)
		thread_wait_breakable();
	for (;;) {
		thread_prepare_sleep(false);
		if (smp_load_acquire(&waiter->granted) || (breakable && thread_wait_is_broken()))
			break;
		if (time_ns() >= deadline)
			rwsem_expired(sem, waiter->write);
		thread_sleep_until(deadline);
	}
	thread_cancel_sleep();
	thread_wait_end();
	current->sleep_reason = outer_reason;
	return smp_load_acquire(&waiter->granted);
}

/* Takes @waiter out of the queue; false if it has been granted after all. */
static bool rwsem_give_up(struct rwsem *sem, struct rwsem_waiter *waiter)
{
	bool gone;

	spin_lock(&sem->wait_lock);
	gone = !waiter->granted;
	if (gone) {
		list_del(&waiter->node);
		rwsem_hand_over(sem);
	}
	spin_unlock(&sem->wait_lock);
	return gone;
}

bool rwsem_wait(struct rwsem *sem, bool write, bool breakable)
{
	struct rwsem_waiter waiter = { .thread = current, .write = write };

	BUG_ON(!irq_enabled());
	trace(LOCK, LOCK_WAIT, write ? HOOK_WRITE : HOOK_READ, sem,
	      __builtin_return_address(0));
	spin_lock(&sem->wait_lock);
	/* In the queue's order, so that who looks on can tell who stands behind whom. */
	thread_wait_begin(write ? WAIT_WRITE : WAIT_READ, sem, 0);
	if (bug(rwsem_last_first))
		list_add(&waiter.node, &sem->waiters);
	else
		list_add_tail(&waiter.node, &sem->waiters);
	__atomic_fetch_or(&sem->state, RWSEM_WAITERS, __ATOMIC_SEQ_CST);
	rwsem_hand_over(sem); /* the last holder may have left before the bit was there */
	spin_unlock(&sem->wait_lock);
	SYNC_POINT(rwsem_queued);
	if (!rwsem_sleep(sem, &waiter, breakable) && rwsem_give_up(sem, &waiter))
		return false;
	hook_lock(HOOK_WAITED, write ? HOOK_WRITE : HOOK_READ, sem);
	return true;
}
