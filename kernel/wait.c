/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Wait queues. The queue's lock guards the list; threads' locks are taken under it.
 *
 * An entry stays queued until its owner takes it out, so a wake-up that comes while the owner
 * looks at its condition makes it runnable before it sleeps. wake_up_one passes over entries whose
 * thread is awake: that one will look at its condition anyway.
 */
#include "kernel/wait.h"
#include "kernel/thread.h"

void wait_queue_init(struct wait_queue *wq, const char *name)
{
	spin_init(&wq->lock, name);
	list_init(&wq->waiters);
}

void wait_prepare(struct wait_queue *wq, struct wait_entry *entry)
{
	unsigned long flags = spin_lock_irqsave(&wq->lock);

	if (!entry->thread) {
		entry->thread = current;
		list_add_tail(&entry->node, &wq->waiters);
		if (!entry->thread->sleep_reason)
			entry->thread->sleep_reason = wq->lock.name;
	}
	thread_prepare_sleep(false);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void wait_finish(struct wait_queue *wq, struct wait_entry *entry)
{
	unsigned long flags;

	thread_cancel_sleep();
	if (entry->thread->sleep_reason == wq->lock.name)
		entry->thread->sleep_reason = NULL;
	flags = spin_lock_irqsave(&wq->lock);
	list_del(&entry->node);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void wake_up_all(struct wait_queue *wq)
{
	unsigned long flags = spin_lock_irqsave(&wq->lock);
	struct wait_entry *entry;

	list_for_each_entry(entry, &wq->waiters, node)
		thread_wake(entry->thread);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void wake_up_one(struct wait_queue *wq)
{
	unsigned long flags = spin_lock_irqsave(&wq->lock);
	struct wait_entry *entry;

	list_for_each_entry(entry, &wq->waiters, node)
		if (thread_wake(entry->thread))
			break;
	spin_unlock_irqrestore(&wq->lock, flags);
}
