/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Futexes.
 *
 * Owns the table of waiters, hashed by address space and address. A bucket's lock guards its list
 * and the key, bucket and woken fields of the waiters on it. Buckets' locks are taken in the order
 * of their addresses, with no other lock held; a thread's lock (thread_wake) is taken inside.
 *
 * Why no wake-up is lost. Looking at the user's word may fault and sleep, so it cannot be done
 * under the bucket's lock. A waiter first queues itself, then reads the word, then sleeps if the
 * word has the expected value. The waker's side, in user mode, changes the word and then calls
 * FUTEX_WAKE. If the waker comes to the bucket after the waiter queued itself, it finds the waiter
 * and sets woken, which the waiter checks after it has marked itself sleeping. If it comes
 * before, its release of the bucket's lock is followed by the waiter's taking it, so the waiter's
 * read sees the changed word and it does not sleep. The price is that a waiter whose word had
 * changed may already have taken a wake-up that was meant for one that really sleeps: it hands it
 * on to the next in line before it reports EAGAIN.
 *
 * Why a waker may use the waiter's thread. It touches a waiter only under the bucket's lock and
 * while the waiter is queued, and a waiter does not return before it has had the lock of the bucket
 * itself, in which it was.
 *
 * Source: futex(2), set_robust_list(2); U. Drepper, "Futexes Are Tricky".
 */
#include "kernel/futex.h"
#include "kernel/errno.h"
#include "kernel/list.h"
#include "kernel/signal.h"
#include "kernel/spinlock.h"
#include "kernel/thread.h"
#include "mm/mm.h"
#include "arch/uaccess.h"

#define FUTEX_HASH_BITS 8
#define ROBUST_LIMIT 2048	  /* entries of a list that are looked at: it may be a loop */
#define ROBUST_CMPXCHG_LIMIT 1000 /* other threads may change the word, but not for ever */

/* Of a robust futex's word. */
#define FUTEX_WAITERS 0x80000000U
#define FUTEX_OWNER_DIED 0x40000000U
#define FUTEX_TID_MASK 0x3fffffffU

struct futex_key {
	const struct mm *mm;
	unsigned long addr;
};

struct futex_bucket {
	struct spinlock lock;
	struct list_head waiters; /* in order of arrival */
} __aligned(CACHE_LINE);

struct futex_waiter {
	struct list_head node;
	struct futex_bucket *bucket; /* changed by requeueing, under both locks */
	struct futex_key key;
	u32 bitset;
	u32 wake_bitset; /* of the call that woke it */
	bool woken;	 /* set last, when it has been taken off the list */
	struct thread *thread;
};

static struct futex_bucket buckets[1 << FUTEX_HASH_BITS];

void futex_subsystem_init(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(buckets); i++) {
		spin_init(&buckets[i].lock, "futex_bucket");
		list_init(&buckets[i].waiters);
	}
}

static struct futex_key key_make(unsigned long uaddr)
{
	return (struct futex_key){ .mm = current->mm, .addr = uaddr };
}

static bool key_same(const struct futex_key *a, const struct futex_key *b)
{
	return a->mm == b->mm && a->addr == b->addr;
}

/* Multiplicative hashing: D. Knuth, "The Art of Computer Programming", volume 3, 6.4. */
static struct futex_bucket *key_bucket(const struct futex_key *key)
{
	u64 hash = ((u64)key->mm ^ key->addr) * 0x9e3779b97f4a7c15ULL;

	return &buckets[hash >> (64 - FUTEX_HASH_BITS)];
}

/* 0, or what every operation says to an address that cannot be a futex. */
static int uaddr_check(unsigned long uaddr)
{
	if (uaddr & (sizeof(u32) - 1))
		return -EINVAL;
	return uaddr >= USER_TOP ? -EFAULT : 0;
}

/* Bucket's lock held. The waiter may be gone as soon as the lock is dropped. */
static void waiter_wake(struct futex_waiter *waiter, u32 bitset)
{
	list_del(&waiter->node);
	waiter->wake_bitset = bitset;
	WRITE_ONCE(waiter->woken, true);
	thread_wake(waiter->thread);
}

static long key_wake(const struct futex_key *key, int count, u32 bitset)
{
	struct futex_bucket *bucket = key_bucket(key);
	struct futex_waiter *waiter, *tmp;
	long woken = 0;

	spin_lock(&bucket->lock);
	list_for_each_entry_safe(waiter, tmp, &bucket->waiters, node) {
		if (!key_same(&waiter->key, key) || !(waiter->bitset & bitset))
			continue;
		waiter_wake(waiter, bitset);
		if (++woken >= count)
			break;
	}
	spin_unlock(&bucket->lock);
	return woken;
}

long futex_wake(unsigned long uaddr, int count, u32 bitset)
{
	struct futex_key key = key_make(uaddr);
	int err = uaddr_check(uaddr);

	if (err)
		return err;
	return bitset ? key_wake(&key, count, bitset) : -EINVAL;
}

static void waiter_queue(struct futex_waiter *waiter)
{
	struct futex_bucket *bucket = key_bucket(&waiter->key);

	waiter->bucket = bucket;
	spin_lock(&bucket->lock);
	list_add_tail(&waiter->node, &bucket->waiters);
	spin_unlock(&bucket->lock);
}

/* Takes @waiter off its list, wherever it is by now; false if it had been woken. */
static bool waiter_unqueue(struct futex_waiter *waiter)
{
	for (;;) {
		struct futex_bucket *bucket = READ_ONCE(waiter->bucket);
		bool same, queued;

		spin_lock(&bucket->lock);
		same = bucket == READ_ONCE(waiter->bucket);
		queued = !waiter->woken;
		if (same)
			list_del(&waiter->node);
		spin_unlock(&bucket->lock);
		if (same)
			return queued;
	}
}

/* Sleeps until woken, a signal or the deadline; the caller finds out which. */
static void waiter_sleep(struct futex_waiter *waiter, u64 deadline_ns)
{
	thread_wait_begin(WAIT_FUTEX, waiter->key.mm, waiter->key.addr);
	current->user_sleep = true;
	current->sleep_reason = "futex";
	for (;;) {
		thread_prepare_sleep(true);
		if (READ_ONCE(waiter->woken) || signal_pending(current) ||
		    time_ns() >= deadline_ns)
			break;
		thread_sleep_until(deadline_ns);
	}
	thread_cancel_sleep();
	current->user_sleep = false;
	current->sleep_reason = NULL;
	thread_wait_end();
}

long futex_wait(unsigned long uaddr, u32 val, u32 bitset, u64 deadline_ns)
{
	struct futex_waiter waiter = {
		.key = key_make(uaddr), .bitset = bitset, .thread = current
	};
	int err = uaddr_check(uaddr);
	u32 found;

	if (err)
		return err;
	if (!bitset)
		return -EINVAL;
	waiter_queue(&waiter);
	err = user_read32((void *)uaddr, &found);
	if (err || found != val) {
		if (!waiter_unqueue(&waiter))
			key_wake(&waiter.key, 1, waiter.wake_bitset);
		return err ? err : -EAGAIN;
	}
	waiter_sleep(&waiter, deadline_ns);
	if (!waiter_unqueue(&waiter))
		return 0;
	return time_ns() >= deadline_ns ? -ETIMEDOUT : -ERESTARTSYS;
}

static void buckets_lock(struct futex_bucket *a, struct futex_bucket *b)
{
	spin_lock(&min(a, b)->lock);
	if (a != b) {
		hook_nest(1);
		spin_lock(&max(a, b)->lock);
	}
}

static void buckets_unlock(struct futex_bucket *a, struct futex_bucket *b)
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
}

/* Both buckets' locks held. */
static void waiter_move(struct futex_waiter *waiter, const struct futex_key *key,
			struct futex_bucket *bucket)
{
	list_del(&waiter->node);
	waiter->key = *key;
	WRITE_ONCE(waiter->bucket, bucket);
	list_add_tail(&waiter->node, &bucket->waiters);
}

static long buckets_requeue(const struct futex_key *from, const struct futex_key *to, int nr_wake,
			    int nr_requeue)
{
	struct list_head *waiters = &key_bucket(from)->waiters;
	struct futex_waiter *waiter, *tmp, *last = NULL;
	long done = 0;

	if (!list_empty(waiters))
		last = list_last_entry(waiters, struct futex_waiter, node);
	list_for_each_entry_safe(waiter, tmp, waiters, node) {
		bool is_last = waiter == last;

		if (done - nr_wake >= nr_requeue)
			break;
		if (key_same(&waiter->key, from)) {
			if (done < nr_wake)
				waiter_wake(waiter, FUTEX_BITSET_ANY);
			else
				waiter_move(waiter, to, key_bucket(to));
			done++;
		}
		if (is_last) /* behind it are those that were moved within one bucket */
			break;
	}
	return done;
}

long futex_requeue(unsigned long from, unsigned long to, int nr_wake, int nr_requeue)
{
	struct futex_key key_from = key_make(from), key_to = key_make(to);
	int err = uaddr_check(from);
	long done;

	if (!err)
		err = uaddr_check(to);
	if (err)
		return err;
	if (nr_wake < 0 || nr_requeue < 0)
		return -EINVAL;
	buckets_lock(key_bucket(&key_from), key_bucket(&key_to));
	done = buckets_requeue(&key_from, &key_to, nr_wake, nr_requeue);
	buckets_unlock(key_bucket(&key_from), key_bucket(&key_to));
	return done;
}

/* --- the end of a thread --- */

/*
 * A robust futex of a list whose owner ends. A lock whose word is still 0 although its owner was
 * about to release it (@pending) may have a waiter that the owner can no longer wake.
 */
static int robust_owner_died(unsigned long uaddr, u32 tid, bool pending)
{
	u32 word, found;

	if (uaddr_check(uaddr) || user_read32((void *)uaddr, &word))
		return -EFAULT;
	if (pending && !word) {
		futex_wake(uaddr, 1, FUTEX_BITSET_ANY);
		return 0;
	}
	for (int i = 0; i < ROBUST_CMPXCHG_LIMIT; i++) {
		if ((word & FUTEX_TID_MASK) != tid)
			return 0;
		if (user_cmpxchg32((void *)uaddr, word, (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED,
				   &found))
			return -EFAULT;
		if (found == word) {
			if (word & FUTEX_WAITERS)
				futex_wake(uaddr, 1, FUTEX_BITSET_ANY);
			return 0;
		}
		word = found;
	}
	return 0;
}

/* struct robust_list_head as user mode has it. */
struct robust_head {
	u64 next;
	s64 futex_offset;
	u64 pending;
};

/* Bit 0 of a list pointer says that the futex is one with priority inheritance: not ours. */
static int robust_entry_died(const struct robust_head *head, u64 entry, u32 tid, bool pending)
{
	if (entry & 1)
		return 0;
	return robust_owner_died(entry + (u64)head->futex_offset, tid, pending);
}

static void robust_list_walk(struct thread *thread)
{
	u64 head_addr = (u64)thread->robust_list;
	u32 tid = (u32)thread->tid;
	struct robust_head head;
	u64 entry, next;

	if (!head_addr || copy_from_user(&head, thread->robust_list, sizeof(head)))
		return;
	entry = head.next;
	for (int i = 0; i < ROBUST_LIMIT && (entry & ~1ULL) != head_addr; i++) {
		/* Read first: once it is released its memory may be used for something else. */
		int err = copy_from_user(&next, (void *)(entry & ~1ULL), sizeof(next));

		if (entry != head.pending && robust_entry_died(&head, entry, tid, false))
			return;
		if (err)
			return;
		entry = next;
	}
	if (head.pending)
		robust_entry_died(&head, head.pending, tid, true);
}

void futex_thread_exit(struct thread *thread)
{
	static const u32 no_tid;

	robust_list_walk(thread);
	if (thread->clear_child_tid &&
	    !copy_to_user(thread->clear_child_tid, &no_tid, sizeof(no_tid)))
		futex_wake((unsigned long)thread->clear_child_tid, 1, FUTEX_BITSET_ANY);
}
