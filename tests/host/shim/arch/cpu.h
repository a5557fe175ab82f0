/* SPDX-License-Identifier: GPL-2.0-only */
/* The CPU of host tests: one a thread, set by host_set_cpu. */
#pragma once

#include "kernel/types.h"

struct cpu;
struct thread;

struct arch_cpu {
	struct cpu *self;
	struct thread *thread;
};

extern __thread struct cpu *host_cpu;

static inline struct cpu *this_cpu(void)
{
	return host_cpu;
}

static inline void cpu_relax(void)
{
	__asm__ __volatile__("" ::: "memory");
}

/* There are no interrupts. */
static inline bool irq_enabled(void)
{
	return true;
}

static inline void irq_enable(void)
{
}

static inline void irq_disable(void)
{
}

static inline unsigned long irq_save(void)
{
	return 0;
}

static inline void irq_restore(unsigned long flags)
{
	(void)flags;
}
