/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads' contexts on x86_64: what changes with a switch, and what a new one starts from.
 *
 * A user thread's trap frame lies at the top of its kernel stack, since entries from user mode
 * start there. The FS base belongs to the thread and changes only through arch_prctl and clone
 * (CR4.FSGSBASE is off), so it is never read back. A program that loads segment registers itself
 * gets no more than its own confusion. All of this is the thread's own or written before it runs;
 * no locks.
 *
 * Source: System V ABI, x86_64 (registers that calls preserve); Linux's arch_prctl(2).
 */
#include "kernel/errno.h"
#include "kernel/string.h"
#include "kernel/thread.h"
#include "arch/stack.h"
#include "arch/syscall.h"
#include "arch/uaccess.h"
#include "arch/x86_64/internal.h"
#include "arch/x86_64/offsets.h"
#include "arch/x86_64/traps.h"

#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003

_Static_assert(offsetof(struct thread, arch.sp) == 0, "context.S");

/* What arch_switch pops. */
struct switch_frame {
	u64 r15, r14, r13, r12, rbx, rbp, rip;
};

static unsigned long kstack_top(const struct thread *thread)
{
	return (unsigned long)thread->kstack + KSTACK_SIZE;
}

struct trap_frame *arch_thread_regs(struct thread *thread)
{
	return (struct trap_frame *)kstack_top(thread) - 1;
}

void arch_switch_prepare(struct thread *prev, struct thread *next)
{
	struct cpu *cpu = this_cpu();

	(void)prev;
	if (!next->mm)
		return;
	cpu->arch.kstack_top = kstack_top(next);
	cpu->arch.tables->tss.rsp[0] = kstack_top(next);
	wrmsr(MSR_FS_BASE, next->arch.fs_base);
}

void arch_stack_saved(const struct thread *thread, unsigned long *pc, unsigned long *fp)
{
	const struct switch_frame *frame = (const struct switch_frame *)thread->arch.sp;

	*pc = frame->rip;
	*fp = frame->rbp;
}

int arch_thread_alloc(struct thread *thread)
{
	thread->arch.fs_base = 0;
	return fpu_alloc(thread);
}

void arch_thread_free(struct thread *thread)
{
	fpu_free(thread);
}

/* A stack that looks as if @thread had called arch_switch from just before @start. */
static void switch_frame_init(struct thread *thread, unsigned long top, void (*start)(void),
			      void (*entry)(void))
{
	struct switch_frame *frame = (struct switch_frame *)top - 1;

	*frame = (struct switch_frame){ .rbx = (u64)entry, .rip = (u64)start };
	thread->arch.sp = (unsigned long)frame;
}

void arch_thread_init_kernel(struct thread *thread, void (*entry)(void))
{
	thread->arch.fpu = NULL;
	switch_frame_init(thread, kstack_top(thread), context_start_kernel, entry);
}

void arch_thread_init_user(struct thread *thread, unsigned long pc, unsigned long sp)
{
	struct trap_frame *regs = arch_thread_regs(thread);

	*regs = (struct trap_frame){
		.rip = addr_is_canonical(pc) ? pc : 0,
		.cs = SEL_USER_CODE,
		.rflags = RFLAGS_FIXED | X86_FLAGS_IF,
		.rsp = sp,
		.ss = SEL_USER_DATA,
	};
	switch_frame_init(thread, (unsigned long)regs, context_start_user, NULL);
}

void arch_thread_clone(struct thread *thread, const struct trap_frame *parent, unsigned long sp,
		       bool set_tls, unsigned long tls)
{
	struct trap_frame *regs = arch_thread_regs(thread);

	*regs = *parent;
	regs->rax = 0;
	if (sp)
		regs->rsp = sp;
	thread->arch.fs_base = current->arch.fs_base;
	if (set_tls)
		thread->arch.fs_base = tls < USER_TOP ? tls : 0;
	fpu_clone(thread);
	switch_frame_init(thread, (unsigned long)regs, context_start_user, NULL);
}

long sys_arch_prctl(const unsigned long args[6])
{
	unsigned long addr = args[1];

	switch (args[0]) {
	case ARCH_SET_FS:
		if (addr >= USER_TOP)
			return -EPERM;
		current->arch.fs_base = addr;
		wrmsr(MSR_FS_BASE, addr);
		return 0;
	case ARCH_GET_FS:
		return copy_to_user((void *)addr, &current->arch.fs_base, sizeof(addr));
	}
	return -EINVAL;
}
