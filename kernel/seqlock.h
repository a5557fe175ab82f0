/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sequence counters: readers run without a lock and notice afterwards that a writer was there.
 *
 * The count is odd while a section is open. Writers of one counter must exclude each other
 * (INV-5): a seqcount relies on its owner for that, a seqlock brings a spinlock. The kernel is not
 * preemptible and no interrupt handler reads one, so a spinning reader always meets a writer that
 * runs. Memory order is pair MO-1: begin is the odd store, then a write barrier; end is a write
 * barrier, then the even store; readers use read barriers on both sides.
 */
#pragma once

#include "kernel/printk.h"
#include "kernel/spinlock.h"
#include "lab/bug.h"
#include "lab/storebuf.h"

struct seqcount {
	u32 seq;
#if LAB
	const char *name;
#endif
};

static inline void seqcount_init(struct seqcount *s, const char *name)
{
	hook_lock(HOOK_INIT, HOOK_SEQCOUNT, s);
	s->seq = 0;
#if LAB
	s->name = name;
#else
	(void)name;
#endif
}

static inline void write_seqcount_begin(struct seqcount *s)
{
	hook_lock(HOOK_WANT, HOOK_SEQCOUNT, s);
	BUG_ON_MSG(s->seq & 1, "second writer, seq=%u", s->seq);
	sb_store(&s->seq, s->seq + 1);
	if (!bug(seq_begin_no_wmb))
		sb_wmb();
}

static inline void write_seqcount_end(struct seqcount *s)
{
	u32 seq = sb_load(&s->seq);

	BUG_ON_MSG(!(seq & 1), "no section open, seq=%u", seq);
	if (!bug(seq_end_no_wmb))
		sb_wmb();
	sb_store(&s->seq, seq + 1);
	hook_lock(HOOK_LEFT, HOOK_SEQCOUNT, s);
}

/* The count as it is now, odd or even, before any load that follows. Never waits (INV-6). */
static inline u32 raw_read_seqcount(const struct seqcount *s)
{
	u32 seq = sb_load(&s->seq);

	if (!bug(seq_read_no_rmb))
		sb_rmb();
	return seq;
}

/* Whether the count has moved since @seq; after any load that came before. */
static inline bool read_seqcount_retry(const struct seqcount *s, u32 seq)
{
	if (!bug(seq_retry_no_rmb))
		sb_rmb();
	return unlikely(sb_load(&s->seq) != seq);
}

struct seqlock {
	struct seqcount count;
	struct spinlock lock; /* guards count against other writers */
};

static inline void seqlock_init(struct seqlock *sl, const char *name)
{
	seqcount_init(&sl->count, name);
	spin_init(&sl->lock, name);
}

static inline void write_seqlock(struct seqlock *sl)
{
	spin_lock(&sl->lock);
	write_seqcount_begin(&sl->count);
}

static inline void write_sequnlock(struct seqlock *sl)
{
	write_seqcount_end(&sl->count);
	spin_unlock(&sl->lock);
}
