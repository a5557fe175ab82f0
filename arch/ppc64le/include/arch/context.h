/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Thread context on ppc64le: what is saved when a thread does not run. The thread pointer is r13 of
 * user mode and lies in the trap frame.
 */
#pragma once

#include "kernel/types.h"

struct thread;
struct trap_frame;
struct fpu_state; /* VSX registers and what goes with them: arch/ppc64le/traps.h */

struct arch_thread {
	unsigned long sp; /* offset 0: kernel stack pointer while switched away */

	/* FPU state, see arch/ppc64le/fpu.c. */
	struct fpu_state *fpu; /* NULL for kernel threads */
	unsigned int fpu_cpu;  /* on whose registers it was last */
	bool fpu_live;	       /* in the registers now, maybe newer than memory */
};

/* Switches stacks; returns, in the context of @next, the thread that ran before it here.
 * Interrupts off. The caller has switched mm, FPU state and current. */
struct thread *arch_switch(struct thread *prev, struct thread *next);
/* Kernel stack top for entries from user mode: with interrupts off, before it. */
void arch_switch_prepare(struct thread *prev, struct thread *next);
/* What a user thread has beside its kernel stack: FPU state. 0 or -ENOMEM. */
int arch_thread_alloc(struct thread *thread);
void arch_thread_free(struct thread *thread);
/* First runs thread_switch_finish(prev), then @entry with interrupts on. */
void arch_thread_init_kernel(struct thread *thread, void (*entry)(void));
/* Starts in user mode at @pc, which is in r12 too, with stack pointer @sp, all other registers
 * zero. */
void arch_thread_init_user(struct thread *thread, unsigned long pc, unsigned long sp);
/* As @parent, a frame of the current thread, but 0 in the return register, with @sp (0: the
 * parent's) and, if @set_tls, @tls. */
void arch_thread_clone(struct thread *thread, const struct trap_frame *parent, unsigned long sp,
		       bool set_tls, unsigned long tls);
/* The frame at the top of its kernel stack, with which it entered from user mode. */
struct trap_frame *arch_thread_regs(struct thread *thread);
