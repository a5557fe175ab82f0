/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Emulation of a store buffer, around annotated accesses: those of sequence counts, SRCU, entries
 * of page tables and TLB shootdown.
 *
 * An emulator that runs one CPU at a time shows every store at once and in order, and x86_64 never
 * shows two stores in the wrong order: a dropped barrier goes unnoticed there. With the emulation
 * on, a CPU's annotated stores stay in a buffer of its own, as they may on a machine of any order:
 * its own annotated loads find them there, other CPUs do not; a write barrier divides them into
 * groups, and those of one group reach memory in whatever order the test asks for; a full barrier
 * empties the buffer.
 *
 * The other half: on a CPU that asks for it an annotated load is made as early as a test likes. It
 * finds what memory held at some moment since storebuf_record, but none before those of the loads
 * that stand before the last read barrier, and of earlier loads of the same place. After a full
 * barrier it finds what is there.
 *
 * What counts as a barrier is what the code promises, not what a machine gives. An annotated
 * atomic operation is one only where sb_full stands beside it: x86_64 knows no other, and ppc64le
 * does. Giving back a lock empties the buffer, as locks are not kept back; an interrupt handler's
 * does not, whose locks guard nothing that is annotated. A buffer that is full empties itself. All
 * that is not annotated takes place at once.
 *
 * sb_store and its like are WRITE_ONCE, atomic operations and the barriers themselves while it is
 * off, and with LAB=0. Where an argument @dropped says so, the emulation leaves the barrier out: a
 * bug switch, looked at only while a CPU's stores are kept back.
 *
 * Source: P. Sewell et al., "x86-TSO: A Rigorous and Usable Programmer's Model for x86
 * Multiprocessors" (CACM 2010), with stores of a group unordered as in PSO.
 */
#pragma once

#include "kernel/atomic.h"

#define STOREBUF_SIZE 16

#if LAB
enum storebuf_op { STOREBUF_STORE, STOREBUF_OR, STOREBUF_AND };

extern u32 storebuf_active; /* how many emulate something now */

/* Words of 4 or 8 bytes; STOREBUF_OR and STOREBUF_AND, 8 only, are done atomically in memory. */
void storebuf_store(void *place, size_t size, u64 value, enum storebuf_op op);
u64 storebuf_load(const void *place, size_t size);
void storebuf_divide(void);
void storebuf_drain(void);
/* A lock is given back. */
void storebuf_release(void);
/* The last word of @page, just cleared, is still full of poison for others. */
void storebuf_clear_last(void *page);

/*
 * From here to storebuf_end this CPU's annotated stores are kept back. The caller must not sleep
 * in between. Within a group they drain in the @order-th permutation (0: as stored; any number
 * will do), and after each that has reached memory @seen is called, interrupts off, if not NULL.
 */
void storebuf_begin(u64 order, void (*seen)(void));
/* Drains what is left. How many stores were kept back in all. */
unsigned int storebuf_end(void);

/* Until it is called with false, what annotated stores overwrite is remembered. */
void storebuf_record(bool on);
/*
 * From here to storebuf_late this CPU's annotated loads may be early; where n values can be found,
 * the one that @order's digits in base n tell, 0 being the oldest.
 */
void storebuf_early(u64 order);
/* How many loads did not find the newest value. */
unsigned int storebuf_late(void);
void storebuf_read_barrier(void);

/* Whether something is emulated somewhere: maybe here. */
#define sb_on() unlikely(READ_ONCE(storebuf_active))

#define sb_store(p, v)                                                                             \
	do {                                                                                       \
		if (sb_on())                                                                       \
			storebuf_store((p), sizeof(*(p)), (u64)(v), STOREBUF_STORE);               \
		else                                                                               \
			WRITE_ONCE(*(p), (v));                                                     \
	} while (0)
#define sb_load(p)                                                                                 \
	(sb_on() ? (__typeof__(*(p)))storebuf_load((p), sizeof(*(p))) : READ_ONCE(*(p)))

static __always_inline void sb_wmb(void)
{
	smp_wmb();
	if (sb_on())
		storebuf_divide();
}

static __always_inline void sb_rmb(void)
{
	smp_rmb();
	if (sb_on())
		storebuf_read_barrier();
}

static __always_inline void sb_mb(void)
{
	smp_mb();
	if (sb_on())
		storebuf_drain();
}

/* smp_store_release of a word. */
#define sb_store_release(p, v, dropped)                                                            \
	do {                                                                                       \
		if (sb_on()) {                                                                     \
			if (!(dropped))                                                            \
				storebuf_divide();                                                 \
			storebuf_store((p), sizeof(*(p)), (u64)(v), STOREBUF_STORE);               \
		} else {                                                                           \
			smp_store_release((p), (v));                                               \
		}                                                                                  \
	} while (0)

/* Atomic operations on words of 8 bytes. The emulation orders them by sb_full only. */
static __always_inline void sb_or(u64 *p, u64 bits)
{
	if (sb_on())
		storebuf_store(p, sizeof(*p), bits, STOREBUF_OR);
	else
		(void)fetch_or(p, bits);
}

static __always_inline void sb_and(u64 *p, u64 bits)
{
	if (sb_on())
		storebuf_store(p, sizeof(*p), bits, STOREBUF_AND);
	else
		(void)fetch_and(p, bits);
}

/* xchg(p, 0) of a word that no other CPU changes meanwhile, but for bits that nobody needs. */
static __always_inline u64 sb_take(u64 *p)
{
	u64 value;

	if (!sb_on())
		return xchg(p, 0);
	value = storebuf_load(p, sizeof(*p));
	storebuf_store(p, sizeof(*p), 0, STOREBUF_STORE);
	return value;
}

/* Beside an operation that is a full barrier by itself. */
#define sb_full(dropped)                                                                           \
	do {                                                                                       \
		if (sb_on() && !(dropped))                                                         \
			storebuf_drain();                                                          \
	} while (0)

/* Beside one that gives a lock back, before it. */
static __always_inline void sb_unlock(void)
{
	if (sb_on())
		storebuf_release();
}

/* A page that will be shown to others was just cleared. */
static __always_inline void sb_page_cleared(void *page)
{
	if (sb_on())
		storebuf_clear_last(page);
}

/* smp_inc_mb; @dropped is that what follows may come before the count is seen. */
#define sb_inc_mb(count, dropped)                                                                  \
	do {                                                                                       \
		u64 *sb_count = (count);                                                           \
                                                                                                   \
		if (sb_on()) {                                                                     \
			sb_mb();                                                                   \
			sb_store(sb_count, sb_load(sb_count) + 1);                                 \
			sb_full(dropped);                                                          \
		} else {                                                                           \
			smp_inc_mb(sb_count);                                                      \
		}                                                                                  \
	} while (0)
#else
#define sb_store(p, v) WRITE_ONCE(*(p), (v))
#define sb_load(p) READ_ONCE(*(p))
#define sb_wmb() smp_wmb()
#define sb_rmb() smp_rmb()
#define sb_mb() smp_mb()
#define sb_store_release(p, v, dropped) smp_store_release((p), (v))
#define sb_or(p, bits) ((void)fetch_or((p), (bits)))
#define sb_and(p, bits) ((void)fetch_and((p), (bits)))
#define sb_take(p) xchg((p), 0)
#define sb_full(dropped) do { } while (0)
#define sb_unlock() do { } while (0)
#define sb_page_cleared(page) do { } while (0)
#define sb_inc_mb(count, dropped) smp_inc_mb(count)
#endif
