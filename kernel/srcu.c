/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SRCU: grace periods and callbacks. The read side is inline in kernel/srcu.h.
 *
 * Locks: gp_mutex is held through a grace period; lock guards the queue of callbacks and is
 * inside nothing but what call_srcu's callers hold. The worker takes all callbacks there are,
 * after a short while in which more may come, so that one grace period serves many.
 *
 * Why two flips. A reader may have read the index before a flip and count itself in only after
 * the check that followed. It is no reader that this grace period must wait for: its full barrier
 * comes after our check, so it sees all that was unlinked before. But it is counted under what
 * will be the old index of the next flip but one; waiting for both indexes each time waits for it
 * in the next grace period, for which it is an old reader (MO-7).
 *
 * The counters: unlocks are summed before locks, so that a reader that comes and goes between the
 * two sums can only make locks exceed unlocks, which means another look, never too early an end.
 */
#include "kernel/srcu.h"
#include "kernel/errno.h"
#include "kernel/printk.h"
#include "lab/bug.h"
#include "lab/sync.h"
#include "mm/slab.h"

#define BATCH_CALLBACKS 64
#define BATCH_NS NSEC_PER_MSEC
#define POLL_MIN_NS (50 * NSEC_PER_USEC)
#define POLL_MAX_NS NSEC_PER_MSEC

static u64 srcu_sum_locks(struct srcu *srcu, unsigned int idx)
{
	u64 sum = 0;

	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
		sum += READ_ONCE(srcu->cpu[cpu].count[idx].locks);
	return sum;
}

static u64 srcu_sum_unlocks(struct srcu *srcu, unsigned int idx)
{
	u64 sum = 0;

	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
		sum += READ_ONCE(srcu->cpu[cpu].count[idx].unlocks);
	return sum;
}

/*
 * Whether as many readers of @idx have left as came. Leavings first: who comes and leaves between
 * the two sums then makes more locks than unlocks, and not up for one who is still inside.
 */
static bool srcu_idle(struct srcu *srcu, unsigned int idx)
{
	bool locks_first = bug(srcu_locks_first);
	u64 first = locks_first ? srcu_sum_locks(srcu, idx) : srcu_sum_unlocks(srcu, idx);

	SYNC_POINT(srcu_gp_half);
	if (!bug(srcu_gp_no_mb))
		sb_mb();
	return first == (locks_first ? srcu_sum_unlocks(srcu, idx) : srcu_sum_locks(srcu, idx));
}

bool srcu_read_held(struct srcu *srcu)
{
	return !srcu_idle(srcu, 0) || !srcu_idle(srcu, 1);
}

static void srcu_report_stall(struct srcu *srcu, unsigned int idx)
{
	printk("srcu: %s: readers of index %u have not left for %lu ms:", srcu->name, idx,
	       (unsigned long)(srcu->stall_ns / NSEC_PER_MSEC));
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
		const struct srcu_count *count = &srcu->cpu[cpu].count[idx];

		if (count->locks || count->unlocks)
			printk("  CPU %u: %lu came, %lu left", cpu, count->locks, count->unlocks);
	}
	threads_print();
}

/* Readers may sleep as long as they like, so this goes on; but it says so once. */
static void srcu_wait_idle(struct srcu *srcu, unsigned int idx)
{
	u64 limit = time_ns() + srcu->stall_ns;
	u64 pause = POLL_MIN_NS;
	bool reported = false;

	while (!srcu_idle(srcu, idx)) {
		bool stalled = !reported && time_ns() >= limit;

		if (WARN_ON(stalled)) {
			srcu_report_stall(srcu, idx);
			reported = true;
		}
		SYNC_POINT(srcu_gp_polled);
		thread_sleep_ns(pause);
		pause = min(pause * 2, POLL_MAX_NS);
	}
}

void synchronize_srcu(struct srcu *srcu)
{
	hook_lock(HOOK_WANT, HOOK_SRCU_GP, srcu);
	mutex_lock(&srcu->gp_mutex);
	SYNC_POINT(srcu_gp_start);
	for (int flip = 0; flip < 2 && !(flip && bug(srcu_one_flip)); flip++) {
		unsigned int old = sb_load(&srcu->idx);

		/* What was unlinked, before readers can take the new index. */
		if (!bug(srcu_gp_no_mb))
			sb_mb();
		sb_store(&srcu->idx, !old);
		if (!bug(srcu_gp_no_mb))
			sb_mb();
		thread_wait_begin(WAIT_SRCU_GP, srcu, old);
		srcu_wait_idle(srcu, old);
		thread_wait_end();
	}
	smp_mb(); /* the readers' last loads, before what the caller frees */
	srcu->gp_completed++;
	stat_inc(SRCU_GPS);
	SYNC_POINT(srcu_gp_done);
	mutex_unlock(&srcu->gp_mutex);
	hook_lock(HOOK_LEFT, HOOK_SRCU_GP, srcu);
}

/* --- callbacks --- */

void call_srcu(struct srcu *srcu, struct srcu_head *head, void (*func)(struct srcu_head *))
{
	unsigned long flags;
	u64 waiting;

	if (bug(srcu_free_at_once)) {
		func(head);
		return;
	}
	head->next = NULL;
	head->func = func;
	flags = spin_lock_irqsave(&srcu->lock);
	*srcu->tail = head;
	srcu->tail = &head->next;
	WRITE_ONCE(srcu->nr_queued, srcu->nr_queued + 1);
	waiting = srcu->nr_queued - srcu->nr_taken;
	spin_unlock_irqrestore(&srcu->lock, flags);
	/* The first begins a batch, the last fills it: the worker sleeps for just these. */
	if (waiting == 1 || waiting == BATCH_CALLBACKS)
		wake_up_all(&srcu->worker_wq);
}

static u64 srcu_nr_waiting(struct srcu *srcu)
{
	return READ_ONCE(srcu->nr_queued) - READ_ONCE(srcu->nr_taken);
}

/* Whether no more need come before the next grace period. */
static bool srcu_batch_complete(struct srcu *srcu)
{
	return srcu_nr_waiting(srcu) >= BATCH_CALLBACKS ||
	       READ_ONCE(srcu->expedite_to) > READ_ONCE(srcu->nr_taken);
}

static struct srcu_head *srcu_take_all(struct srcu *srcu)
{
	unsigned long flags = spin_lock_irqsave(&srcu->lock);
	struct srcu_head *head = srcu->head;

	srcu->head = NULL;
	srcu->tail = &srcu->head;
	WRITE_ONCE(srcu->nr_taken, srcu->nr_queued);
	spin_unlock_irqrestore(&srcu->lock, flags);
	return head;
}

static void srcu_run_callbacks(struct srcu *srcu, struct srcu_head *head)
{
	u64 n = 0;

	while (head) {
		struct srcu_head *next = head->next; /* the callback frees @head */

		head->func(head);
		head = next;
		n++;
	}
	stat_add(SRCU_CALLBACKS, n);
	WRITE_ONCE(srcu->nr_done, srcu->nr_done + n);
	wake_up_all(&srcu->barrier_wq);
}

static void srcu_work(void *arg)
{
	struct srcu *srcu = arg;

	for (;;) {
		struct srcu_head *head;

		/* Work may never come: no limit applies. */
		wait_event_until(&srcu->worker_wq, srcu_nr_waiting(srcu) > 0, U64_MAX);
		wait_event_until(&srcu->worker_wq, srcu_batch_complete(srcu), time_ns() + BATCH_NS);
		head = srcu_take_all(srcu);
		synchronize_srcu(srcu);
		srcu_run_callbacks(srcu, head);
	}
}

/* Whether the callbacks up to number @target have run. */
static bool srcu_called(struct srcu *srcu, u64 target)
{
	if (READ_ONCE(srcu->nr_taken) >= target && bug(srcu_barrier_early))
		return true;
	return READ_ONCE(srcu->nr_done) >= target;
}

void srcu_barrier(struct srcu *srcu)
{
	unsigned long flags = spin_lock_irqsave(&srcu->lock);
	u64 target = srcu->nr_queued;

	WRITE_ONCE(srcu->expedite_to, target);
	spin_unlock_irqrestore(&srcu->lock, flags);
	wake_up_all(&srcu->worker_wq);
	thread_wait_begin(WAIT_THREAD, srcu->worker, 0);
	wait_event(&srcu->barrier_wq, srcu_called(srcu, target));
	thread_wait_end();
}

int srcu_init(struct srcu *srcu, const char *name)
{
	char *memory = kzalloc(nr_cpus * sizeof(struct srcu_cpu) + CACHE_LINE);

	if (!memory)
		return -ENOMEM;
	memset(srcu, 0, sizeof(*srcu));
	srcu->name = name;
	srcu->stall_ns = wait_limit_ns;
	srcu->cpu = (struct srcu_cpu *)ALIGN_UP((uintptr_t)memory, CACHE_LINE);
	mutex_init(&srcu->gp_mutex, "srcu_gp");
	spin_init(&srcu->lock, "srcu_lock");
	srcu->tail = &srcu->head;
	wait_queue_init(&srcu->worker_wq, "srcu_worker");
	wait_queue_init(&srcu->barrier_wq, "srcu_barrier");
	srcu->worker = thread_create(name, srcu_work, srcu, -1);
	if (IS_ERR(srcu->worker)) {
		kfree(memory);
		return -ENOMEM;
	}
	thread_start(srcu->worker);
	return 0;
}
