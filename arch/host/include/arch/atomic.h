/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory barriers of the host, by the compiler.
 *
 * The thread sanitizer does not understand fences. For it there are none, and READ_ONCE acquires
 * and WRITE_ONCE releases instead (arch/host/tsan.c): the order that x86_64 keeps by itself. A
 * barrier too few it does not see; tests/models/barriers.pml looks at what barriers are for.
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
#define host_fence(order) barrier()
#else
#define host_fence(order) __atomic_thread_fence(order)
#endif

#define smp_mb() host_fence(__ATOMIC_SEQ_CST)
#define smp_rmb() host_fence(__ATOMIC_ACQUIRE)
#define smp_wmb() host_fence(__ATOMIC_RELEASE)

/* As much as the thread sanitizer understands, and the host's machine, if it is x86_64, needs. */
#define atomic_full(builtin, ...) builtin(__VA_ARGS__, __ATOMIC_SEQ_CST)

#define arch_flag_is_set(flag) (READ_ONCE(*(flag)))
