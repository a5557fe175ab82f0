/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The register frame that interrupts and system calls leave on the kernel stack.
 */
#pragma once

#include "kernel/types.h"

struct trap_frame {
	u64 gpr[32]; /* of a frame from the kernel gpr[13] is not put back: that is the CPU's */
	u64 nip, msr;
	u64 orig_gpr3; /* of a system call: its first argument */
	u64 ctr, lr, xer, ccr;
	u64 trap; /* the vector, TRAP_CHANGED, or with TRAP_OVERFLOW */
	u64 dar, dsisr; /* of storage interrupts */
};

#define TRAP_SYSCALL 0xc00
/* A frame that signal code has changed: no longer a system call, to be restored in full. */
#define TRAP_CHANGED 0xc01
/* Added where the kernel stack had no room for the frame: it is on the NMI stack. */
#define TRAP_OVERFLOW 2

#define TRAP_MSR_PR 0x4000UL
#define TRAP_MSR_EE 0x8000UL

static inline unsigned long trap_frame_pc(const struct trap_frame *regs) { return regs->nip; }
static inline unsigned long trap_frame_fp(const struct trap_frame *regs) { return regs->gpr[1]; }
static inline unsigned long trap_frame_sp(const struct trap_frame *regs) { return regs->gpr[1]; }

static inline bool trap_frame_is_user(const struct trap_frame *regs)
{
	return regs->msr & TRAP_MSR_PR;
}

static inline bool trap_frame_irqs_on(const struct trap_frame *regs)
{
	return regs->msr & TRAP_MSR_EE;
}

/* An exception in the kernel that no exception-table entry covers: report and end. */
void trap_kernel_died(struct trap_frame *regs, const char *what) __noreturn;
