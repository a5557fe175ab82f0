/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory barriers on ppc64le, which may reorder any two accesses that do not depend on each other.
 * Source: Power ISA 3.0B, book II, 4.6.3 (sync, lwsync).
 */
#pragma once

#include "kernel/types.h"

#define smp_mb() __asm__ __volatile__("sync" ::: "memory")
#define smp_rmb() __asm__ __volatile__("lwsync" ::: "memory")
#define smp_wmb() __asm__ __volatile__("lwsync" ::: "memory")

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
