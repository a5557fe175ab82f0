/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changing kernel stacks, and the first steps of a new thread.
 *
 * A thread that does not run has its nonvolatile registers on its stack, saved by arch_switch in a
 * frame of its own; context.c makes the same picture for a new one. r13 is the CPU's and stays, r2
 * is the same everywhere in the kernel.
 */
#include "arch/ppc64le/frame.h"

	.altmacro
	.macro SAVE_GPR n
	std \n, SWITCH_GPR(\n)(1)
	.endm
	.macro LOAD_GPR n
	ld \n, SWITCH_GPR(\n)(1)
	.endm

	.text

	/* struct thread *arch_switch(prev, next): thread->arch.sp is at offset 0. */
	.globl arch_switch
	.type arch_switch, @function
arch_switch:
	mflr 0
	std 0, STACK_LR_SAVE(1)
	mfcr 0
	std 0, 8(1)
	stdu 1, -SWITCH_FRAME(1)
	.set n, 14
	.rept 18
	SAVE_GPR %n
	.set n, n + 1
	.endr
	std 1, 0(3)
	ld 1, 0(4)
	.set n, 14
	.rept 18
	LOAD_GPR %n
	.set n, n + 1
	.endr
	addi 1, 1, SWITCH_FRAME
	ld 0, 8(1)
	mtcr 0
	ld 0, STACK_LR_SAVE(1)
	mtlr 0
	blr
	.size arch_switch, . - arch_switch

	/* r3: the thread that ran before; r14: the kernel thread's entry, which does not return. */
	.globl context_start_kernel
	.type context_start_kernel, @function
context_start_kernel:
	bl thread_switch_finish
	nop
	mr 12, 14
	mtctr 12
	bctrl
	trap
	.size context_start_kernel, . - context_start_kernel

	/* The stack pointer is at the frame to leave with. */
	.globl context_start_user
	.type context_start_user, @function
context_start_user:
	bl thread_switch_finish
	nop
	b entry_return_user
	.size context_start_user, . - context_start_user
	.section .note.GNU-stack, "", @progbits
