/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Atomic integers and ordered accesses, by the compiler's builtins.
 *
 * Names and orders are those of the Linux-kernel memory model, with one exception. Operations that
 * return nothing are relaxed; smp_load_acquire and smp_store_release say what they are. Operations
 * that return a value are a full barrier for what stands before them, and what follows comes after
 * them, which is enough for all that is taken and given back. But an ordinary load that follows may
 * be made before others see what the operation stored: on ppc64le they end with isync, as C's
 * sequential consistency asks no more. Who stores and then looks whether somebody else has stored
 * needs the other half: fetch_or and fetch_and, smp_inc_mb, or smp_mb. The arch gives these in
 * arch/atomic.h.
 */
#pragma once

#include "kernel/types.h"
#include "arch/atomic.h"

#define smp_load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define smp_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define xchg(p, v) __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
/* Full barriers on both sides; the value found before. */
#define fetch_or(p, v) atomic_full(__atomic_fetch_or, (p), (v))
#define fetch_and(p, v) atomic_full(__atomic_fetch_and, (p), (v))

/* Stores @new if *@p equals @old; the value found before, as cmpxchg does everywhere. */
#define cmpxchg(p, old, new)                                                                       \
	({                                                                                         \
		__typeof__(*(p)) cmpxchg_old = (old);                                              \
		__atomic_compare_exchange_n((p), &cmpxchg_old, (new), false, __ATOMIC_SEQ_CST,     \
					    __ATOMIC_SEQ_CST);                                     \
		cmpxchg_old;                                                                       \
	})
/* The same with success as the result, and *@oldp brought up to date on failure. */
#define try_cmpxchg(p, oldp, new)                                                                  \
	__atomic_compare_exchange_n((p), (oldp), (new), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)

/* Adds one to a counter that nobody else writes; full barrier before and after. An arch that has a
 * better way has its own. */
#ifndef smp_inc_mb
static inline void smp_inc_mb(u64 *count)
{
	smp_mb();
	WRITE_ONCE(*count, *count + 1);
	smp_mb();
}
#endif

#define DEFINE_ATOMIC(type, name)                                                                  \
	typedef struct {                                                                           \
		type v;                                                                            \
	} name##_t;                                                                                \
	static inline type name##_read(const name##_t *a)                                          \
	{                                                                                          \
		return READ_ONCE(a->v);                                                            \
	}                                                                                          \
	static inline void name##_set(name##_t *a, type v)                                         \
	{                                                                                          \
		WRITE_ONCE(a->v, v);                                                               \
	}                                                                                          \
	static inline void name##_add(name##_t *a, type v)                                         \
	{                                                                                          \
		__atomic_fetch_add(&a->v, v, __ATOMIC_RELAXED);                                    \
	}                                                                                          \
	static inline void name##_inc(name##_t *a)                                                 \
	{                                                                                          \
		name##_add(a, 1);                                                                  \
	}                                                                                          \
	static inline void name##_dec(name##_t *a)                                                 \
	{                                                                                          \
		name##_add(a, (type)-1);                                                           \
	}                                                                                          \
	static inline type name##_add_return(name##_t *a, type v)                                  \
	{                                                                                          \
		return __atomic_add_fetch(&a->v, v, __ATOMIC_SEQ_CST);                             \
	}                                                                                          \
	static inline type name##_inc_return(name##_t *a)                                          \
	{                                                                                          \
		return name##_add_return(a, 1);                                                    \
	}                                                                                          \
	static inline bool name##_dec_and_test(name##_t *a)                                        \
	{                                                                                          \
		return name##_add_return(a, (type)-1) == 0;                                        \
	}

DEFINE_ATOMIC(int, atomic)
DEFINE_ATOMIC(s64, atomic64)
