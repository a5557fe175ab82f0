/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPU itself on x86_64: per-CPU base in GS, interrupt flag, idling.
 *
 * Assembly knows the offsets of struct arch_cpu's first members (asserted in arch/x86_64/cpu.c).
 */
#pragma once

#include "kernel/types.h"
#include "arch/layout.h"

struct cpu;
struct thread;
struct arch_tables; /* GDT, TSS, IST stacks: arch/x86_64/cpu.c */
struct fpu_state;

struct arch_cpu {
	struct cpu *self;	 /* offset 0 */
	struct thread *thread;	 /* offset 8: the one that runs */
	unsigned long kstack_top; /* offset 16: of the current thread, for system-call entry */
	unsigned long user_sp;	 /* offset 24: scratch of system-call entry */
	u32 apic_id;
	struct arch_tables *tables;
	const struct fpu_state *fpu_owner; /* whose state the FPU registers hold */
};

#define X86_FLAGS_IF 0x200UL

/*
 * Never defined and never read: as an operand it tells the compiler that this_cpu() depends on
 * memory, so that its value is not kept over a call that may sleep and come back elsewhere.
 */
extern unsigned long this_cpu_order;

static __always_inline struct cpu *this_cpu(void)
{
	struct cpu *cpu;

	__asm__("movq %%gs:0, %0" : "=r"(cpu) : "m"(this_cpu_order));
	return cpu;
}

static inline void cpu_relax(void)
{
	__asm__ __volatile__("pause" ::: "memory");
}

static inline unsigned long irq_flags(void)
{
	unsigned long flags;

	__asm__ __volatile__("pushfq; popq %0" : "=r"(flags)::"memory");
	return flags;
}

static inline bool irq_flags_enabled(unsigned long flags)
{
	return flags & X86_FLAGS_IF;
}

static inline bool irq_enabled(void)
{
	return irq_flags_enabled(irq_flags());
}

static inline void irq_enable(void)
{
	__asm__ __volatile__("sti" ::: "memory");
}

static inline void irq_disable(void)
{
	__asm__ __volatile__("cli" ::: "memory");
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

/* Called with interrupts off, returns with them on; sti's shadow covers the hlt. */
static inline void cpu_idle_wait(void)
{
	__asm__ __volatile__("sti; hlt" ::: "memory");
}

static inline void __noreturn cpu_halt_forever(void)
{
	for (;;)
		__asm__ __volatile__("cli; hlt" ::: "memory");
}

static __always_inline unsigned long cpu_frame_pointer(void)
{
	return (unsigned long)__builtin_frame_address(0);
}
