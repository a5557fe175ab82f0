/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPU itself on ppc64le: per-CPU base in r13, interrupt flag, idling.
 *
 * In the kernel r13 is always the CPU's struct cpu, and so is SPRG0, from which entries from user
 * mode load it (there r13 is the program's thread pointer). A CPU whose SPRG0 is 0 has never been
 * started. Assembly knows the offsets of struct arch_cpu's first members (arch/ppc64le/offsets.h,
 * asserted in arch/ppc64le/cpu.c).
 *
 * Source: Power ISA 3.0B, book III, 3.2.1 (MSR), book II, 3.2 (or 31,31,31); PAPR+
 * 14.11.3.3 (H_CEDE).
 */
#pragma once

#include "kernel/types.h"
#include "arch/layout.h"

struct cpu;
struct thread;

struct arch_cpu {
	struct cpu *self;	  /* offset 0 */
	struct thread *thread;	  /* offset 8: the one that runs */
	unsigned long kstack_top; /* offset 16: of the current thread, for entries from user mode */
	unsigned long user_sp;	  /* offset 24: scratch of such an entry */
	unsigned long scratch[8]; /* offset 32: of interrupt entries, interrupts off */
	unsigned long nmi_scratch[8]; /* offset 96: of the system reset's entry */
	unsigned long nmi_stack_top;  /* offset 160: in the direct map */
	unsigned long start_sp;	  /* offset 168: the idle stack with which the CPU starts */
	u32 ipi_pending;	  /* BIT(enum ipi_kind); set by other CPUs, atomically */
	u32 nmi_busy;		  /* a system reset is on its way or being handled */
	u64 timer_due;		  /* timebase at which the timer interrupts; U64_MAX: off */
};

#define PPC_MSR_EE 0x8000UL
#define PPC_MSR_RI 0x2UL
#define PPC_H_CEDE 0xe0

/* The compiler takes every call as one that may change it, so no value is kept over a sleep. */
register struct cpu *cpu_base_register __asm__("r13");

static __always_inline struct cpu *this_cpu(void)
{
	return cpu_base_register;
}

/* Under QEMU's round robin this is what lets another CPU run: no wait may be without it. */
static inline void cpu_relax(void)
{
	__asm__ __volatile__("or 31,31,31" ::: "memory");
}

static inline unsigned long irq_flags(void)
{
	unsigned long flags;

	__asm__ __volatile__("mfmsr %0" : "=r"(flags)::"memory");
	return flags;
}

static inline bool irq_flags_enabled(unsigned long flags)
{
	return flags & PPC_MSR_EE;
}

static inline bool irq_enabled(void)
{
	return irq_flags_enabled(irq_flags());
}

/* With L=1 mtmsrd changes EE and RI only. */
static inline void irq_enable(void)
{
	__asm__ __volatile__("mtmsrd %0,1" ::"r"(PPC_MSR_EE | PPC_MSR_RI) : "memory");
}

static inline void irq_disable(void)
{
	__asm__ __volatile__("mtmsrd %0,1" ::"r"(PPC_MSR_RI) : "memory");
}

static inline unsigned long irq_save(void)
{
	unsigned long flags = irq_flags();

	irq_disable();
	return flags;
}

static inline void irq_restore(unsigned long flags)
{
	if (irq_flags_enabled(flags))
		irq_enable();
}

/* Called with interrupts off, returns with them on: H_CEDE does both without losing one. */
static inline void cpu_idle_wait(void)
{
	register unsigned long r3 __asm__("r3") = PPC_H_CEDE;

	__asm__ __volatile__("sc 1"
			     : "+r"(r3)
			     :
			     : "r0", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12",
			       "ctr", "xer", "cr0", "memory");
}

/* Takes no interrupt any more but system resets. */
void cpu_halt_forever(void) __noreturn;

static __always_inline unsigned long cpu_frame_pointer(void)
{
	return (unsigned long)__builtin_frame_address(0);
}
