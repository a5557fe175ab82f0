/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The report of an exception that the kernel does not survive. The back-trace is panic's, which
 * leads through the trap frame to the instruction that failed.
 *
 * Runs with interrupts off, on any stack.
 */
#include "kernel/exit.h"
#include "kernel/printk.h"
#include "kernel/thread.h"
#include "arch/page.h"
#include "arch/ppc64le/internal.h"
#include "arch/ppc64le/traps.h"

#define DSISR_NO_TRANSLATION 0x40000000UL
#define DSISR_STORE 0x02000000UL

static void died_print_registers(const struct trap_frame *regs)
{
	printk("  nip %016lx  %pS\n", regs->nip, (void *)regs->nip);
	printk("  lr  %016lx  %pB\n", regs->lr, (void *)regs->lr);
	printk("  msr %016lx  ctr %016lx  xer %08lx  cr %08lx\n", regs->msr, regs->ctr, regs->xer,
	       regs->ccr);
	for (unsigned int i = 0; i < 32; i += 4)
		printk("  r%-2u %016lx %016lx %016lx %016lx\n", i, regs->gpr[i], regs->gpr[i + 1],
		       regs->gpr[i + 2], regs->gpr[i + 3]);
}

static bool addr_is_guard(const struct thread *thread, unsigned long addr)
{
	unsigned long stack = thread ? (unsigned long)thread->kstack : 0;

	if (addr >= (unsigned long)boot_stack_guard && addr < (unsigned long)boot_stack)
		return true;
	return stack && addr < stack && addr >= stack - PAGE_SIZE;
}

static const char *fault_place(const struct thread *thread, unsigned long addr)
{
	if (addr < PAGE_SIZE)
		return "near NULL";
	if (addr < USER_TOP)
		return "a user address";
	if (addr_is_guard(thread, addr))
		return "the guard page of this thread's stack";
	if (addr >= (unsigned long)image_start && addr < (unsigned long)image_end)
		return "the kernel image";
	if (addr >= KSTACK_AREA_BASE && addr < KSTACK_AREA_BASE + KSTACK_AREA_SIZE)
		return "the kernel stacks";
	if (addr >= DIRECT_MAP_BASE && addr < DIRECT_MAP_BASE + DIRECT_MAP_SIZE)
		return "the direct map";
	return "no kernel object";
}

static void died_print_fault(const struct trap_frame *regs, const struct thread *thread)
{
	u64 trap = regs->trap & ~(u64)TRAP_OVERFLOW;
	bool fetch = trap == VEC_INSN;
	u64 cause = fetch ? regs->msr : regs->dsisr;
	unsigned long addr = fetch ? regs->nip : regs->dar;

	if (trap != VEC_DATA && !fetch) {
		printk("  %s, vector %#lx, DAR %016lx\n", trap_name(trap), trap, regs->dar);
		return;
	}
	printk("  %s of %016lx, %s; %s, cause %#lx\n",
	       fetch ? "execution" : cause & DSISR_STORE ? "write" : "read", addr,
	       fault_place(thread, addr),
	       cause & DSISR_NO_TRANSLATION ? "page not present" : "not permitted",
	       cause & 0xffffffff);
}

void trap_kernel_died(struct trap_frame *regs, const char *what)
{
	irq_disable();
	panic_report_trap(what, regs->nip, regs->trap & TRAP_OVERFLOW);
	died_print_fault(regs, current_thread());
	died_print_registers(regs);
	panic_with(EXIT_PANIC, "%s at %pS", what, (void *)regs->nip);
}
