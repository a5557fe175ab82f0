/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What user programs need of ppc64le itself: a counter and a polite spin.
 *
 * The time base ticks with 512 MHz, slower than instructions: differences are no counts of them.
 */
#pragma once

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
