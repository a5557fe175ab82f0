/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What user programs need of the processor itself: a counter and a polite spin.
 *
 * Under QEMU's -icount shift=0 the x86_64 time stamp advances by one per instruction of the guest,
 * so differences are instruction counts; no fence is wanted then, and none is used. The time base
 * of ppc64le is slower than that: differences there are ticks of 512 MHz.
 */
#pragma once

#include <stdint.h>

#if defined(__x86_64__)

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

#elif defined(__powerpc64__)

static inline uint64_t cycles(void)
{
	uint64_t ticks;

	__asm__ volatile("mftb %0" : "=r"(ticks) : : "memory");
	return ticks;
}

static inline void cpu_relax(void)
{
	__asm__ volatile("or 31,31,31" : : : "memory");
}

#else
#error "no cycle counter for this architecture"
#endif
