/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Signal frames in Linux's layout for ppc64le (rt_sigframe, ucontext, VSX state).
 */
#pragma once

#include "kernel/types.h"

struct trap_frame;
struct k_sigaction;
struct k_siginfo;

/* Builds the frame on the user stack (or the alternate one) and points @regs at the handler. */
int __must_check arch_signal_setup(struct trap_frame *regs, int signo,
				   const struct k_sigaction *action,
				   const struct k_siginfo *info, u64 oldmask);
/* rt_sigreturn: restores @regs and FPU state; the mask to set goes to *@mask. */
int __must_check arch_signal_return(struct trap_frame *regs, u64 *mask);
/* Whether @regs is a system call's entry whose return value is a restart code. */
bool arch_in_syscall(const struct trap_frame *regs);
/* Makes the system call of @regs run again on return to user mode. */
void arch_syscall_restart(struct trap_frame *regs);
void arch_syscall_set_return(struct trap_frame *regs, long value);
long arch_syscall_return_value(const struct trap_frame *regs);
