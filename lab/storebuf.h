/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Emulation of a store buffer, around the annotated stores of sequence counts and SRCU.
 *
 * An emulator that runs one CPU at a time shows every store at once and in order, and x86_64 never
 * shows two stores in the wrong order: a dropped barrier goes unnoticed there. With the emulation
 * on, a CPU's annotated stores stay in a buffer of its own, as they may on a machine of any order:
 * its own loads find them there, other CPUs do not; a write barrier divides them into groups, and
 * those of one group reach memory in whatever order the test asks for; a full barrier empties the
 * buffer. Loads are not delayed.
 *
 * sb_store and its like are WRITE_ONCE and the barriers themselves while it is off, and with LAB=0.
 * Source: P. Sewell et al., "x86-TSO: A Rigorous and Usable Programmer's Model for x86
 * Multiprocessors" (CACM 2010), with stores of a group unordered as in PSO.
 */
#pragma once

#include "kernel/atomic.h"

#define STOREBUF_SIZE 16

#if LAB
extern bool storebuf_active; /* on some CPU */

void storebuf_store(void *place, size_t size, u64 value);
u64 storebuf_load(const void *place, size_t size);
void storebuf_divide(void);
void storebuf_drain(void);

/*
 * From here to storebuf_end this CPU's annotated stores are kept back. The caller must not sleep
 * in between. Within a group they drain in the @order-th permutation (0: as stored; any number
 * will do), and after each that has reached memory @seen is called, if not NULL.
 */
void storebuf_begin(u64 order, void (*seen)(void));
/* Drains what is left. */
void storebuf_end(void);

#define sb_store(p, v)                                                                             \
	do {                                                                                       \
		if (unlikely(READ_ONCE(storebuf_active)))                                          \
			storebuf_store((p), sizeof(*(p)), (u64)(v));                               \
		else                                                                               \
			WRITE_ONCE(*(p), (v));                                                     \
	} while (0)
#define sb_load(p)                                                                                 \
	(unlikely(READ_ONCE(storebuf_active)) ?                                                    \
		 (__typeof__(*(p)))storebuf_load((p), sizeof(*(p))) :                              \
		 READ_ONCE(*(p)))

static __always_inline void sb_wmb(void)
{
	smp_wmb();
	if (unlikely(READ_ONCE(storebuf_active)))
		storebuf_divide();
}

static __always_inline void sb_mb(void)
{
	smp_mb();
	if (unlikely(READ_ONCE(storebuf_active)))
		storebuf_drain();
}
#else
#define sb_store(p, v) WRITE_ONCE(*(p), (v))
#define sb_load(p) READ_ONCE(*(p))
#define sb_wmb() smp_wmb()
#define sb_mb() smp_mb()
#endif
