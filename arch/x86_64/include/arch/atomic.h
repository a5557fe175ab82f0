/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory barriers on x86_64, which is TSO: only a store followed by a load may change places.
 * Source: Intel SDM volume 3, 9.2 "Memory Ordering".
 */
#pragma once

#include "kernel/types.h"

#define smp_mb() __asm__ __volatile__("lock; addl $0, -4(%%rsp)" ::: "memory", "cc")
#define smp_rmb() barrier()
#define smp_wmb() barrier()

/* A locked instruction is a full barrier by itself. */
#define atomic_full(builtin, ...) builtin(__VA_ARGS__, __ATOMIC_SEQ_CST)
static inline void smp_inc_mb(u64 *count)
{
	__asm__ __volatile__("lock; addq $1, %0" : "+m"(*count)::"memory", "cc");
}
#define smp_inc_mb smp_inc_mb

/* READ_ONCE would be loaded into a register first: this is two instructions, not three. */
static __always_inline bool arch_flag_is_set(const bool *flag)
{
	__asm__ goto("cmpb $0, %0\n\tjne %l[set]" : : "m"(*flag) : "cc" : set);
	return false;
set:
	return true;
}
