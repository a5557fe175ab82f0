/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The register frame that traps and system calls leave on the kernel stack.
 */
#pragma once

#include "kernel/types.h"

struct trap_frame {
	u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	u64 vector; /* for a system call: TRAP_VECTOR_SYSCALL */
	u64 error;  /* for a system call: its number as it came in, else the error code */
	u64 rip, cs, rflags, rsp, ss;
};

#define TRAP_VECTOR_SYSCALL 0x100
/* A frame that signal code has changed: no longer a system call, to be restored in full. */
#define TRAP_VECTOR_CHANGED 0x101

static inline unsigned long trap_frame_pc(const struct trap_frame *regs) { return regs->rip; }
static inline unsigned long trap_frame_fp(const struct trap_frame *regs) { return regs->rbp; }
static inline unsigned long trap_frame_sp(const struct trap_frame *regs) { return regs->rsp; }
static inline bool trap_frame_is_user(const struct trap_frame *regs) { return regs->cs & 3; }
static inline bool trap_frame_irqs_on(const struct trap_frame *regs)
{
	return regs->rflags & 0x200;
}

/* An exception in the kernel that no exception-table entry covers: report and end. */
void trap_kernel_died(struct trap_frame *regs, const char *what) __noreturn;
