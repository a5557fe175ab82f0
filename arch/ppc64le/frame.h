/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What entry, context and trap code of ppc64le share with assembly: offsets, register numbers.
 * Only #defines; asserted in arch/ppc64le/trap.c.
 */
#pragma once

/* struct trap_frame, and the stack frame that it lies in: ELFv2's 32 bytes come first. */
#define TF_GPR(n) ((n) * 8)
#define TF_NIP 256
#define TF_MSR 264
#define TF_ORIG_GPR3 272
#define TF_CTR 280
#define TF_LR 288
#define TF_XER 296
#define TF_CCR 304
#define TF_TRAP 312
#define TF_DAR 320
#define TF_DSISR 328
#define TF_SIZE 336
#define STACK_HEADER 32
#define STACK_LR_SAVE 16
#define ENTRY_FRAME (STACK_HEADER + TF_SIZE)
/* What the interrupted code may use below its stack pointer. */
#define KERNEL_RED_ZONE 288

/* What arch_switch leaves on the stack of who does not run: r14 to r31 above a header. */
#define SWITCH_FRAME 176
#define SWITCH_GPR(n) (STACK_HEADER + ((n) - 14) * 8)

/* Above a signal frame: room for the handler to save its caller into, as it expects it. */
#define SIGNAL_STACK_HEADER 128

#define SPR_DSISR 18
#define SPR_DAR 19
#define SPR_SRR0 26
#define SPR_SRR1 27
#define SPR_PID 48
#define SPR_IAMR 61
#define SPR_FSCR 153
#define SPR_VRSAVE 256
#define SPR_SPRG0 272
#define SPR_SPRG1 273
#define SPR_SPRG2 274
#define SPR_TAR 815

#define MSR_EE_RI 0x8002
#define MSR_PR 0x4000
#define MSR_FP 0x2000
#define MSR_IR_DR 0x30
#define MSR_RI 0x2
#define MSR_VEC_VSX_HIGH 0x0280 /* for oris */

#define CCR_SO 0x10000000
#define SYSCALL_ERRNO_MAX 4095

#define VEC_RESET 0x100
#define VEC_MACHINE_CHECK 0x200
#define VEC_DATA 0x300
#define VEC_DATA_SEGMENT 0x380
#define VEC_INSN 0x400
#define VEC_INSN_SEGMENT 0x480
#define VEC_EXTERNAL 0x500
#define VEC_ALIGNMENT 0x600
#define VEC_PROGRAM 0x700
#define VEC_FP_UNAVAILABLE 0x800
#define VEC_DECREMENTER 0x900
#define VEC_SYSCALL 0xc00
#define VEC_TRACE 0xd00
#define VEC_VEC_UNAVAILABLE 0xf20
#define VEC_VSX_UNAVAILABLE 0xf40
#define VEC_FACILITY 0xf60
