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
#include "arch/x86_64/internal.h"
#include "arch/x86_64/offsets.h"
#include "arch/x86_64/traps.h"

static void died_print_registers(const struct trap_frame *regs)
{
	printk("  rip %016lx  %pS\n", regs->rip, (void *)regs->rip);
	printk("  rsp %016lx  rflags %08lx  cs %04lx  ss %04lx\n", regs->rsp, regs->rflags,
	       regs->cs, regs->ss);
	printk("  rax %016lx  rbx %016lx  rcx %016lx\n", regs->rax, regs->rbx, regs->rcx);
	printk("  rdx %016lx  rsi %016lx  rdi %016lx\n", regs->rdx, regs->rsi, regs->rdi);
	printk("  rbp %016lx  r8  %016lx  r9  %016lx\n", regs->rbp, regs->r8, regs->r9);
	printk("  r10 %016lx  r11 %016lx  r12 %016lx\n", regs->r10, regs->r11, regs->r12);
	printk("  r13 %016lx  r14 %016lx  r15 %016lx\n", regs->r13, regs->r14, regs->r15);
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
	if (addr < DIRECT_MAP_BASE)
		return "no canonical address";
	if (addr_is_guard(thread, addr))
		return "the guard page of this thread's stack";
	if (addr >= KERNEL_VIRT_OFFSET)
		return "the kernel image";
	if (addr >= KSTACK_AREA_BASE && addr < KSTACK_AREA_BASE + KSTACK_AREA_SIZE)
		return "the kernel stacks";
	return addr < KSTACK_AREA_BASE ? "the direct map" : "no kernel object";
}

static void died_print_fault(const struct trap_frame *regs, const struct thread *thread)
{
	unsigned long addr = reg_cr2_read();
	u64 error = regs->error;

	if (regs->vector == VECTOR_DOUBLE_FAULT) {
		if (addr_is_guard(thread, addr))
			printk("  kernel stack overflow: %016lx is in its guard page", addr);
		else
			printk("  last page fault at %016lx\n", addr);
		return;
	}
	if (regs->vector != VECTOR_PAGE_FAULT) {
		printk("  %s, vector %lu, error code %#lx\n", trap_vector_name(regs->vector),
		       regs->vector, error);
		return;
	}
	printk("  %s of %016lx, %s; from %s mode, page %s%s\n",
	       error & 16 ? "execution" : error & 2 ? "write" : "read", addr,
	       fault_place(thread, addr), error & 4 ? "user" : "kernel",
	       error & 1 ? "present but not permitted" : "not present",
	       error & 8 ? ", reserved bits set in the page tables" : "");
}

void trap_kernel_died(struct trap_frame *regs, const char *what)
{
	irq_disable();
	panic_report_trap(what, regs->rip, regs->vector == VECTOR_DOUBLE_FAULT);
	died_print_fault(regs, current_thread());
	died_print_registers(regs);
	panic_with(EXIT_PANIC, "%s at %pS", what, (void *)regs->rip);
}
