/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The signal frame of x86_64 as Linux's user mode knows it (struct rt_sigframe, asm/ucontext.h,
 * asm/sigcontext.h). Layout only.
 */
#pragma once

#include "kernel/signal.h"
#include "kernel/types.h"

struct sigframe_context {
	u64 r8, r9, r10, r11, r12, r13, r14, r15;
	u64 rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
	u16 cs, gs, fs, ss;
	u64 error, vector, oldmask, cr2;
	u64 fpstate; /* user address of FXSAVE state, or 0 */
	u64 reserved[8];
};

struct sigframe_ucontext {
	u64 flags;
	u64 link;
	struct k_sigstack stack;
	struct sigframe_context mcontext;
	u64 mask;
};

struct sigframe {
	u64 return_addr; /* the restorer */
	struct sigframe_ucontext uc;
	struct k_siginfo info;
};

/* uc flags: SS is in the frame, and is taken from it. */
#define UC_SIGCONTEXT_SS 2
#define UC_STRICT_RESTORE_SS 4

_Static_assert(sizeof(struct k_siginfo) == 128, "siginfo_t");
_Static_assert(sizeof(struct k_sigstack) == 24, "stack_t");
_Static_assert(sizeof(struct sigframe_context) == 256, "sigcontext");
_Static_assert(sizeof(struct sigframe_ucontext) == 304, "ucontext");
_Static_assert(sizeof(struct sigframe) == 440, "rt_sigframe");
