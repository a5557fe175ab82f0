/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The signal frame of ppc64le as Linux's user mode knows it (struct rt_sigframe, asm/ucontext.h,
 * asm/sigcontext.h). Layout only.
 */
#pragma once

#include "kernel/signal.h"
#include "kernel/types.h"

/* Places in gp_regs after the 32 general registers. */
enum sigframe_reg {
	SIGREG_NIP = 32,
	SIGREG_MSR,
	SIGREG_ORIG_R3,
	SIGREG_CTR,
	SIGREG_LINK,
	SIGREG_XER,
	SIGREG_CCR,
	SIGREG_SOFTE,
	SIGREG_TRAP,
	SIGREG_DAR,
	SIGREG_DSISR,
	SIGREG_RESULT,
	NR_SIGREGS = 48,
};

/* What v_regs points to: the vector registers, which are VSX registers 32 to 63, and then the
 * halves of the others that are not in fp_regs. */
struct sigframe_vector {
	u64 vr[32][2];
	u64 vscr[2];
	u32 vrsave[4]; /* in the first word */
	u64 vsx_low[32];
};

struct sigframe_context {
	u64 unused[4];
	s32 signal, pad;
	u64 handler;
	u64 oldmask;
	u64 regs; /* user address of gp_regs */
	u64 gp_regs[NR_SIGREGS];
	u64 fp_regs[32]; /* doubleword 0 of VSX registers 0 to 31 */
	u64 fpscr;
	u64 v_regs; /* user address of the struct sigframe_vector, or 0 */
	u64 vmx_align;
	struct sigframe_vector vector;
};

struct sigframe_ucontext {
	u64 flags;
	u64 link;
	struct k_sigstack stack;
	u64 mask;
	u64 unused[15];
	struct sigframe_context mcontext;
};

struct sigframe {
	struct sigframe_ucontext uc; /* first: sigreturn finds it at the stack pointer */
	u64 unused[2];
	u32 trampoline[6];
	u64 info_addr, uc_addr;
	struct k_siginfo info;
	u8 red_zone[512]; /* what the interrupted code may use below its stack pointer */
} __aligned(16);

_Static_assert(sizeof(struct k_siginfo) == 128, "siginfo_t");
_Static_assert(sizeof(struct k_sigstack) == 24, "stack_t");
_Static_assert(sizeof(struct sigframe_context) == 1528, "sigcontext");
_Static_assert(offsetof(struct sigframe_context, gp_regs) == 64, "sigcontext");
_Static_assert(offsetof(struct sigframe_context, v_regs) == 712, "sigcontext");
_Static_assert(offsetof(struct sigframe_ucontext, mcontext) == 168, "ucontext");
_Static_assert(offsetof(struct sigframe, uc.mcontext.vector) % 16 == 0, "v_regs");
