/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What user programs need of x86_64 itself: a counter, a polite spin, and the kernel's page clear.
 *
 * Under QEMU's -icount shift=0 the time stamp advances by one per instruction of the guest, so
 * differences are instruction counts; no fence is wanted then, and none is used.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

static inline uint64_t cycles(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static inline void cpu_relax(void)
{
	__asm__ volatile("pause" : : : "memory");
}

/* Of 4 KiB as the kernel does it, to know what part of a fault it is. */
static inline void clear_like_kernel(char *base)
{
	size_t n = 4096 / 8;

	__asm__ volatile("rep stosq" : "+D"(base), "+c"(n) : "a"(0L) : "memory");
}
