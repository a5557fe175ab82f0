/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What user programs need of ppc64le itself: a counter, a polite spin, and the kernel's page clear.
 *
 * The time base ticks with 512 MHz. Under QEMU's -icount shift=5 an instruction takes 32 ns, which
 * are 16.384 ticks: the nearest whole number of instructions is exact. tools/bench.py converts.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

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

/* Of 4 KiB as the kernel does it, to know what part of a fault it is. */
static inline void clear_like_kernel(char *base)
{
	for (size_t n = 4096 / 128; n; n--, base += 128)
		__asm__ volatile("dcbz 0, %0" : : "r"(base) : "memory");
}
