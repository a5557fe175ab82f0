/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory barriers of the host, by the compiler.
 *
 * The thread sanitizer does not understand fences. For it a barrier is a read-modify-write of one
 * word, which it takes as an order between all that pass one: it misses races that a barrier too
 * few makes (tests/models/barriers.pml looks for those), and finds those that a lock too few makes.
 */
#pragma once

#include "kernel/types.h"

#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define HOST_NO_FENCES 1
#endif
#endif
#ifdef __SANITIZE_THREAD__
#define HOST_NO_FENCES 1
#endif

#ifdef HOST_NO_FENCES
extern u32 host_fence_word;
#define host_fence(order) ((void)__atomic_fetch_add(&host_fence_word, 0, __ATOMIC_ACQ_REL))
#else
#define host_fence(order) __atomic_thread_fence(order)
#endif

#define smp_mb() host_fence(__ATOMIC_SEQ_CST)
#define smp_rmb() host_fence(__ATOMIC_ACQUIRE)
#define smp_wmb() host_fence(__ATOMIC_RELEASE)
