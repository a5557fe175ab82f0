/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A CPU of the host: one thread of the process, which never changes it.
 *
 * Interrupts are polled: one that was sent is taken when the CPU turns interrupts on, relaxes,
 * idles, sleeps, or accesses user memory, so it never comes between two lines of kernel code that
 * have it on. What an interrupt can do to this kernel (serve a shootdown, wake the CPU) it does at
 * one of those places; what is worth trying with them at every instruction is left to QEMU.
 */
#pragma once

#include "kernel/types.h"
#include "arch/layout.h"

struct cpu;
struct thread;
struct host_tlb;
struct os_parker;

struct arch_cpu {
	struct cpu *self;
	struct thread *thread;
	bool irqs_off;	       /* the CPU's own, as in a register */
	u32 irqs_pending;      /* BIT(enum ipi_kind); set by others, atomically */
	struct os_parker *idle; /* what it sleeps in */
	const u64 *pgd;	       /* loaded, or NULL; the CPU's own */
	struct host_tlb *tlb;  /* the CPU's own */
};

extern __thread struct cpu *host_cpu;

/* Takes what is pending, if interrupts are on. */
void host_interrupts(void);

static inline struct cpu *this_cpu(void)
{
	return host_cpu;
}

/* All of them go by this_cpu()->arch, which kernel/cpu.h has yet to define. */
bool irq_enabled(void);
void irq_enable(void);
void irq_disable(void);
unsigned long irq_save(void);
void irq_restore(unsigned long flags);

static inline bool irq_flags_enabled(unsigned long flags)
{
	return flags != 0;
}

/* Takes interrupts, and lets another thread of the host run. */
void cpu_relax(void);
/* Interrupts off on entry: sleeps until the next interrupt, or a tick; on when it returns. */
void cpu_idle_wait(void);
void cpu_halt_forever(void) __noreturn;
