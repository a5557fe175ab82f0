/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clock and timer of ppc64le: timebase and decrementer, both at the device tree's frequency.
 */
#pragma once

#include "kernel/types.h"

void arch_time_init(void); /* boot CPU, once, after arch_cpu_init */
u64 arch_clock_ns(void);
/* One-shot timer interrupt on this CPU after @delta_ns (at least 1 us, at most 4 s). */
void arch_timer_arm(u64 delta_ns);
void arch_timer_off(void);
