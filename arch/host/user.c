/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * User mode: accesses that fault, and what becomes of them. There are no instructions; who wants
 * one done calls host_user_access.
 */
#include "arch/mmu.h"
#include "arch/host/machine.h"
#include "kernel/cpu.h"
#include "kernel/printk.h"
#include "kernel/process.h"
#include "mm/fault.h"

#define MAX_FAULTS 64 /* an access that faults more often gets nowhere (INV-13) */

/* The trap: what it ended in, 0 if the access can be repeated. */
static int trap(enum host_access access, unsigned long addr)
{
	struct thread *self = current;
	struct fault fault = { .addr = addr, .flags = FAULT_USER };

	if (access == HOST_WRITE)
		fault.flags |= FAULT_WRITE;
	if (access == HOST_EXEC)
		fault.flags |= FAULT_EXEC;
	if (host_walk(addr) & HOST_PTE_PRESENT)
		fault.flags |= FAULT_PRESENT;
	self->arch.signo = 0;
	handle_user_fault(self->mm, fault);
	if (self->arch.signo == SIGSEGV)
		BUG_ON(self->arch.addr != addr);
	return self->arch.signo == SIGSEGV ? self->arch.code : self->arch.signo;
}

int host_user_access(enum host_access access, unsigned long addr, u64 *value)
{
	int ended;

	for (unsigned int faults = 0; faults < MAX_FAULTS; faults++) {
		host_interrupts();
		if (host_translate(access, addr, value))
			return 0;
		ended = trap(access, addr);
		if (ended)
			return ended;
	}
	panic("BUG: the access at %lx faults for ever", addr);
}

/* --- where generic code ends what user mode did --- */
void signal_force(int signo, int code, u64 addr)
{
	current->arch.signo = signo;
	current->arch.code = code;
	current->arch.addr = addr;
}

bool process_begin_exit(int status, int signal)
{
	(void)status;
	current->arch.signo = signal;
	return true;
}
