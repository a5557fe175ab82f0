/* SPDX-License-Identifier: GPL-2.0-only */
/* Barriers of host tests. */
#pragma once

#define smp_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)
#define arch_flag_is_set(flag) (READ_ONCE(*(flag)))
