/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory barriers on ppc64le, which may reorder any two accesses that do not depend on each other.
 * Source: Power ISA 3.0B, book II, 4.6.3 (sync, lwsync), B.2 (lock acquisition by isync).
 */
#pragma once

#include "kernel/types.h"

#define smp_mb() __asm__ __volatile__("sync" ::: "memory")
#define smp_rmb() __asm__ __volatile__("lwsync" ::: "memory")
#define smp_wmb() __asm__ __volatile__("lwsync" ::: "memory")

/*
 * A full barrier has a sync on both sides. The compiler's __ATOMIC_SEQ_CST ends with isync: what
 * follows waits until the operation has succeeded, and not until others see it.
 */
#define atomic_full(builtin, ...)                                                                  \
	({                                                                                         \
		smp_mb();                                                                          \
		__auto_type atomic_value = builtin(__VA_ARGS__, __ATOMIC_RELAXED);                 \
		smp_mb();                                                                          \
		atomic_value;                                                                      \
	})

/* @flag is a variable's address. For READ_ONCE the compiler makes the whole address first: five. */
static __always_inline bool arch_flag_is_set(const bool *flag)
{
	__asm__ goto("addis 9, 2, %0@toc@ha\n\t"
		     "lbz 9, %0@toc@l(9)\n\t"
		     "cmpwi 9, 0\n\t"
		     "bne %l[set]"
		     : : "i"(flag) : "r9", "cr0" : set);
	return false;
set:
	return true;
}
