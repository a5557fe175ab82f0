/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads' contexts on ppc64le: what changes with a switch, and what a new one starts from.
 *
 * A user thread's trap frame lies at the top of its kernel stack, since entries from user mode
 * start there, above the header of the stack frame that entry.S makes. All of this is the thread's
 * own or written before it runs; no locks.
 *
 * Source: ELFv2 ABI, 2.2 (registers and stack frames).
 */
#include "kernel/errno.h"
#include "kernel/string.h"
#include "kernel/thread.h"
#include "arch/stack.h"
#include "arch/ppc64le/internal.h"
#include "arch/ppc64le/traps.h"

#define INSN_ALIGN 4

_Static_assert(offsetof(struct thread, arch.sp) == 0, "context.S");

/* The first words of every stack frame. */
struct stack_header {
	u64 back_chain, cr, lr, toc;
};

/* What arch_switch leaves, with the frame of its caller above it. */
struct switch_frame {
	struct stack_header header;
	u64 r14_r31[18];
	struct stack_header caller;
};

_Static_assert(sizeof(struct stack_header) == STACK_HEADER, "frame.h");
_Static_assert(offsetof(struct stack_header, lr) == STACK_LR_SAVE, "frame.h");
_Static_assert(offsetof(struct switch_frame, caller) == SWITCH_FRAME, "frame.h");

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
	(void)prev;
	this_cpu()->arch.kstack_top = kstack_top(next);
}

void arch_stack_saved(const struct thread *thread, unsigned long *pc, unsigned long *fp)
{
	*fp = thread->arch.sp + SWITCH_FRAME;
	*pc = *(const unsigned long *)(*fp + STACK_LR_SAVE);
}

int arch_thread_alloc(struct thread *thread)
{
	return fpu_alloc(thread);
}

void arch_thread_free(struct thread *thread)
{
	fpu_free(thread);
}

/* A stack that looks as if @thread, with its stack pointer at @sp, had called arch_switch from just
 * before @start. */
static void switch_frame_init(struct thread *thread, unsigned long sp, void (*start)(void),
			      void (*entry)(void))
{
	struct switch_frame *frame = (void *)(sp - SWITCH_FRAME);

	*frame = (struct switch_frame){
		.header.back_chain = sp,
		.r14_r31 = { (u64)entry },
		.caller.lr = (u64)start,
	};
	thread->arch.sp = (unsigned long)frame;
}

void arch_thread_init_kernel(struct thread *thread, void (*entry)(void))
{
	thread->arch.fpu = NULL;
	switch_frame_init(thread, kstack_top(thread) - sizeof(struct stack_header),
			  context_start_kernel, entry);
}

static void switch_frame_init_user(struct thread *thread)
{
	switch_frame_init(thread, (unsigned long)arch_thread_regs(thread) - STACK_HEADER,
			  context_start_user, NULL);
}

void arch_thread_init_user(struct thread *thread, unsigned long pc, unsigned long sp)
{
	struct trap_frame *regs = arch_thread_regs(thread);

	*regs = (struct trap_frame){
		.nip = ALIGN_DOWN(pc, INSN_ALIGN),
		.msr = MSR_USER,
		.trap = TRAP_CHANGED,
	};
	regs->gpr[1] = sp;
	regs->gpr[12] = regs->nip;
	switch_frame_init_user(thread);
}

void arch_thread_clone(struct thread *thread, const struct trap_frame *parent, unsigned long sp,
		       bool set_tls, unsigned long tls)
{
	struct trap_frame *regs = arch_thread_regs(thread);

	*regs = *parent;
	regs->gpr[3] = 0;
	regs->ccr &= ~(u64)CCR_SO;
	if (sp)
		regs->gpr[1] = sp;
	if (set_tls)
		regs->gpr[13] = tls;
	fpu_clone(thread);
	switch_frame_init_user(thread);
}
