/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changing kernel stacks, and the first steps of a new thread.
 *
 * A thread that does not run has its callee-saved registers on its stack, saved by arch_switch,
 * with arch_switch's return address above them; context.c makes the same picture for a new one.
 */
#include "arch/x86_64/offsets.h"

	.text

	/* struct thread *arch_switch(prev, next): thread->arch.sp is at offset 0. */
	.globl arch_switch
	.type arch_switch, @function
arch_switch:
	pushq %rbp
	pushq %rbx
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, (%rdi)
	movq (%rsi), %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbx
	popq %rbp
	movq %rdi, %rax
	ret
	.size arch_switch, . - arch_switch

	/* rax: the thread that ran before; rbx: the kernel thread's entry, which does not return.
	 * */
	.globl context_start_kernel
	.type context_start_kernel, @function
context_start_kernel:
	movq %rax, %rdi
	call thread_switch_finish
	sti
	call *%rbx
	ud2
	.size context_start_kernel, . - context_start_kernel

	/* The stack pointer is at the frame to leave with. */
	.globl context_start_user
	.type context_start_user, @function
context_start_user:
	movq %rax, %rdi
	call thread_switch_finish
	jmp entry_return_user
	.size context_start_user, . - context_start_user
	.section .note.GNU-stack, "", @progbits
