/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Model-specific registers. Source: Intel SDM volume 4.
 */
#pragma once

#include "kernel/types.h"

#define MSR_APIC_BASE 0x1b
#define MSR_GS_BASE 0xc0000101

static inline u64 rdmsr(u32 msr)
{
	u32 low, high;

	__asm__ __volatile__("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (u64)high << 32 | low;
}

static inline void wrmsr(u32 msr, u64 value)
{
	__asm__ __volatile__("wrmsr" ::"c"(msr), "a"((u32)value), "d"((u32)(value >> 32))
			     : "memory");
}
