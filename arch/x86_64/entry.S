/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The border between user mode, exceptions and the kernel on x86_64.
 *
 * Every way in leaves a struct trap_frame on a stack and calls C with its address. From user mode
 * the CPU switches to the thread's kernel stack by itself (TSS.rsp0) but for the system call,
 * which does it here. NMI, double fault and machine check can come anywhere, between the first
 * instruction of an entry and its swapgs too, so they have stacks of their own and their C code
 * sets the GS base itself. The direction flag and, with SMAP, the AC flag are the user's at an
 * exception and are cleared; the system call's mask (MSR SFMASK) has both.
 *
 * Stack walks know this text by entry_text_start and entry_text_stop: a return address in it says
 * that a trap frame lies above.
 *
 * Source: Intel SDM volume 3, 6.14 "Exception and interrupt handling in 64-bit mode"; volume 2,
 * SYSCALL, SYSRET, SWAPGS.
 */
#include "arch/x86_64/offsets.h"

	.macro SAVE_REGS
	pushq %rdi
	pushq %rsi
	pushq %rdx
	pushq %rcx
	pushq %rax
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	.endm

	/* The part that C code changes. */
	.macro RESTORE_SCRATCH_REGS
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rax
	popq %rcx
	popq %rdx
	popq %rsi
	popq %rdi
	.endm

	.macro RESTORE_REGS
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	RESTORE_SCRATCH_REGS
	.endm

	/* AC counts with SMAP only; why not by clac says uaccess.c. */
	.macro CLEAR_USER_FLAGS
	cld
	cmpl $0, uaccess_smap
	je .Lno_smap\@
	pushfq
	andl $~RFLAGS_AC, (%rsp)
	popfq
.Lno_smap\@:
	.endm

	/* With error code and vector on the stack. */
	.macro ENTER handler
	SAVE_REGS
	testb $3, TF_CS(%rsp)
	jz .Lfrom_kernel\@
	swapgs
.Lfrom_kernel\@:
	CLEAR_USER_FLAGS
	movq %rsp, %rdi
	call \handler
	.endm

	.text
	.globl entry_text_start
entry_text_start:

	.globl entry_page_fault
	.type entry_page_fault, @function
entry_page_fault:
	pushq $VECTOR_PAGE_FAULT
	SAVE_REGS
	testb $3, TF_CS(%rsp)
	jz .Lkernel_page_fault
	swapgs
	CLEAR_USER_FLAGS
	movq %rsp, %rdi
	call trap_user_page_fault
	cli
	movq %gs:CPU_CURRENT, %rcx
	cmpl $0, THREAD_WORK(%rcx)
	jne entry_return_user
	/* The frame is as it was: the registers that C code preserves need not be restored. */
	addq $TF_CALLEE_SAVED_SIZE, %rsp
	RESTORE_SCRATCH_REGS
	addq $16, %rsp
	swapgs
	iretq

.Lkernel_page_fault:
	CLEAR_USER_FLAGS
	movq %rsp, %rdi
	call trap_kernel_page_fault
	/* What is left for a frame from user mode is done, and interrupts are off. */
entry_leave:
	testb $3, TF_CS(%rsp)
	jz entry_restore
entry_leave_user:
	swapgs
entry_restore:
	RESTORE_REGS
	addq $16, %rsp
	iretq
	.size entry_page_fault, . - entry_page_fault

	.type entry_exception, @function
entry_exception:
	ENTER trap_exception
	jmp entry_leave
	.size entry_exception, . - entry_exception

	.type entry_interrupt, @function
entry_interrupt:
	ENTER trap_interrupt
	jmp entry_leave
	.size entry_interrupt, . - entry_interrupt

	/*
	 * rcx is the return address, r11 the flags; nothing else has changed but CS and SS. User
	 * mode gets all registers back but rax, rcx and r11.
	 */
	.globl entry_syscall
	.type entry_syscall, @function
entry_syscall:
	swapgs
	movq %rsp, %gs:CPU_USER_SP
	movq %gs:CPU_KSTACK_TOP, %rsp
	pushq $SEL_USER_DATA
	pushq %gs:CPU_USER_SP
	pushq %r11
	pushq $SEL_USER_CODE
	pushq %rcx
	pushq %rax
	pushq $SYSCALL_VECTOR
	SAVE_REGS
	/* The six arguments as an array, and a pointer to it. */
	pushq %r9
	pushq %r8
	pushq %r10
	pushq %rdx
	pushq %rsi
	pushq %rdi
	sti
	leaq SYSCALL_ARGS_SIZE(%rsp), %rdi
	movq %rax, %rsi
	movq %rsp, %rdx
	call syscall_dispatch
	.globl entry_syscall_return
entry_syscall_return:
	addq $SYSCALL_ARGS_SIZE, %rsp
	/* A frame that rt_sigreturn has filled holds its own rax. */
	cmpl $SYSCALL_VECTOR, TF_VECTOR(%rsp)
	jne entry_return_user
	movq %rax, TF_RAX(%rsp)
	cli
	movq %gs:CPU_CURRENT, %rcx
	cmpl $0, THREAD_WORK(%rcx)
	jne entry_return_user
	/*
	 * The frame is as the entry made it but for rax, so rip, rcx and the flags are what the
	 * CPU itself gave us, which is why sysret is safe, and rbx, rbp and r12 to r15, which C
	 * code preserves, are still in their registers.
	 */
	addq $TF_CALLEE_SAVED_SIZE, %rsp
	RESTORE_SCRATCH_REGS
	movq (TF_RSP - TF_VECTOR)(%rsp), %rsp
	swapgs
	sysretq
	.size entry_syscall, . - entry_syscall

	/* To user mode with the frame at rsp, whatever it holds. */
	.globl entry_return_user
	.type entry_return_user, @function
entry_return_user:
	cli
	movq %gs:CPU_CURRENT, %rcx
	cmpl $0, THREAD_WORK(%rcx)
	je entry_leave_user
	sti
	movq %rsp, %rdi
	call thread_exit_to_user
	jmp entry_leave_user
	.size entry_return_user, . - entry_return_user

	/* void entry_return_frame(regs): the same from C code, for a frame that it has changed. */
	.globl entry_return_frame
	.type entry_return_frame, @function
entry_return_frame:
	movq %rdi, %rsp
	jmp entry_return_user
	.size entry_return_frame, . - entry_return_frame

	.globl entry_nmi
	.type entry_nmi, @function
entry_nmi:
	pushq $0
	pushq $VECTOR_NMI
	SAVE_REGS
	CLEAR_USER_FLAGS
	movq %rsp, %rdi
	call trap_nmi
	jmp entry_restore
	.size entry_nmi, . - entry_nmi

	.globl entry_double_fault
	.type entry_double_fault, @function
entry_double_fault:
	pushq $VECTOR_DOUBLE_FAULT
	SAVE_REGS
	CLEAR_USER_FLAGS
	movq %rsp, %rdi
	call trap_double_fault
	ud2
	.size entry_double_fault, . - entry_double_fault

	.globl entry_machine_check
	.type entry_machine_check, @function
entry_machine_check:
	pushq $0
	pushq $VECTOR_MACHINE_CHECK
	SAVE_REGS
	CLEAR_USER_FLAGS
	movq %rsp, %rdi
	call trap_machine_check
	ud2
	.size entry_machine_check, . - entry_machine_check

	/* The common part of all other vectors; those whose bit is set here push an error code. */
	.set ERROR_CODE_VECTORS, 0x60227d00
	.balign VECTOR_STUB_SIZE
	.globl entry_stubs
	.type entry_stubs, @function
entry_stubs:
	.set vector, 0
	.rept 256
	.balign VECTOR_STUB_SIZE
	.if vector < 32
	.if !((ERROR_CODE_VECTORS >> vector) & 1)
	pushq $0
	.endif
	pushq $vector
	jmp entry_exception
	.else
	pushq $0
	pushq $vector
	jmp entry_interrupt
	.endif
	.set vector, vector + 1
	.endr
	.balign VECTOR_STUB_SIZE
	.size entry_stubs, . - entry_stubs

	.globl entry_text_stop
entry_text_stop:
	.section .note.GNU-stack, "", @progbits
