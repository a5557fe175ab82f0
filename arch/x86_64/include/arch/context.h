/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Thread context on x86_64: what is saved when a thread does not run.
 */
#pragma once

#include "kernel/types.h"

struct thread;
struct trap_frame;
struct fpu_state; /* 512 bytes of FXSAVE, 16-aligned */

struct arch_thread {
	unsigned long sp;  /* kernel stack pointer while switched away */
	unsigned long fs_base;
	struct fpu_state *fpu; /* NULL for kernel threads */
};

/* Switches stacks; returns, in the context of @next, the thread that ran before it here.
 * Interrupts off. The caller has switched mm, FPU state and current. */
struct thread *arch_switch(struct thread *prev, struct thread *next);
/* User FS base, kernel stack top for entries from user mode: with interrupts off, before it. */
void arch_switch_prepare(struct thread *prev, struct thread *next);
int arch_thread_alloc(struct thread *thread);
void arch_thread_free(struct thread *thread);
/* First runs thread_switch_finish(prev), then @entry with interrupts on. */
void arch_thread_init_kernel(struct thread *thread, void (*entry)(void));
void arch_thread_init_user(struct thread *thread, unsigned long pc, unsigned long sp);
void arch_thread_clone(struct thread *thread, const struct trap_frame *parent, unsigned long sp,
		       bool set_tls, unsigned long tls);
/* The frame at the top of its kernel stack, with which it entered from user mode. */
struct trap_frame *arch_thread_regs(struct thread *thread);
