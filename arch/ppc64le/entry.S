/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The border between user mode, interrupts and the kernel on ppc64le.
 *
 * Every way in leaves a struct trap_frame on a stack and calls C with its address. The vectors are
 * copies of entry_vector, made by trap_vectors.c: r13 is in SPRG1 and the CPU's struct cpu in r13,
 * r10 is saved in its scratch and holds the vector. Interrupts with translation on enter at
 * VECTORS_PHYS of the direct map with translation still on (AIL 3), so that stacks are usable at
 * once. SRR0 and SRR1 hold what an interrupt interrupted until the frame has it; up to there, and
 * from where a return loads them, RI is 0 and nothing may interrupt but a system reset, which then
 * is not survived. A system reset enters with translation off, whatever it interrupts, on the NMI
 * stack, with SPRG2 and scratch of its own.
 *
 * In a return r13 comes from the frame for user mode only: the kernel may have slept in a fault of
 * its own and be on another CPU. Each return gives up a reservation, or a store conditional of the
 * interrupted code could rely on the one of an interrupt handler.
 *
 * Stack walks know this text by entry_text_start and entry_text_stop: a return address in it says
 * that a trap frame lies above the header of the stack frame.
 *
 * Source: Power ISA 3.0B, book III, chapter 6 (interrupts), 6.5 (definitions); ELFv2 ABI, 2.2.
 */
#include "arch/layout.h"
#include "arch/ppc64le/frame.h"
#include "arch/ppc64le/offsets.h"

	.macro LOAD_ADDR reg, sym
	lis \reg, (\sym)@highest
	ori \reg, \reg, (\sym)@higher
	sldi \reg, \reg, 32
	oris \reg, \reg, (\sym)@high
	ori \reg, \reg, (\sym)@l
	.endm

	.macro SAVE_GPRS from, to
	.if (\to) >= (\from)
	.set n, \from
	.rept (\to) - (\from) + 1
	SAVE_GPR %n
	.set n, n + 1
	.endr
	.endif
	.endm
	.altmacro
	.macro SAVE_GPR n
	std \n, STACK_HEADER + TF_GPR(\n)(1)
	.endm
	.macro LOAD_GPR n
	ld \n, STACK_HEADER + TF_GPR(\n)(1)
	.endm
	.macro LOAD_GPRS from, to
	.set n, \from
	.rept (\to) - (\from) + 1
	LOAD_GPR %n
	.set n, n + 1
	.endr
	.endm

	/* r11, r12 and CR to the scratch at @scratch; r12 becomes the interrupted stack pointer. */
	.macro SAVE_SCRATCH scratch
	std 11, \scratch + 8(13)
	std 12, \scratch + 16(13)
	mfcr 12
	std 12, \scratch + 24(13)
	mr 12, 1
	.endm

	/* With r1 at the new stack frame: all general registers, CR, CTR, LR and XER. */
	.macro SAVE_REGS scratch, sprg
	std 12, 0(1)
	SAVE_GPR 0
	std 12, STACK_HEADER + TF_GPR(1)(1)
	SAVE_GPRS 2, 9
	ld 11, \scratch(13)
	std 11, STACK_HEADER + TF_GPR(10)(1)
	ld 11, \scratch + 8(13)
	std 11, STACK_HEADER + TF_GPR(11)(1)
	ld 12, \scratch + 16(13)
	SAVE_GPR 12
	ld 11, \scratch + 24(13)
	std 11, STACK_HEADER + TF_CCR(1)
	mfspr 11, \sprg
	std 11, STACK_HEADER + TF_GPR(13)(1)
	SAVE_GPRS 14, 31
	mfctr 11
	std 11, STACK_HEADER + TF_CTR(1)
	mflr 11
	std 11, STACK_HEADER + TF_LR(1)
	mfxer 11
	std 11, STACK_HEADER + TF_XER(1)
	std 10, STACK_HEADER + TF_TRAP(1)
	LOAD_ADDR 2, .TOC.
	.endm

	.macro SAVE_SRRS
	mfspr 11, SPR_SRR0
	std 11, STACK_HEADER + TF_NIP(1)
	mfspr 11, SPR_SRR1
	std 11, STACK_HEADER + TF_MSR(1)
	.endm

	.macro SAVE_FAULT
	mfspr 11, SPR_DAR
	std 11, STACK_HEADER + TF_DAR(1)
	mfspr 11, SPR_DSISR
	std 11, STACK_HEADER + TF_DSISR(1)
	.endm

	/* Everything but r0, r1, r3, r4, r13 and CR; SRR0 and SRR1 are loaded, so RI goes first. */
	.macro LOAD_SPECIAL
	li 3, 0
	mtmsrd 3, 1
	stdcx. 3, 0, 1
	ld 3, STACK_HEADER + TF_NIP(1)
	ld 4, STACK_HEADER + TF_MSR(1)
	mtspr SPR_SRR0, 3
	mtspr SPR_SRR1, 4
	ld 3, STACK_HEADER + TF_CTR(1)
	mtctr 3
	ld 3, STACK_HEADER + TF_LR(1)
	mtlr 3
	ld 3, STACK_HEADER + TF_XER(1)
	mtxer 3
	.endm

	.macro LOAD_CCR
	ld 3, STACK_HEADER + TF_CCR(1)
	mtcr 3
	.endm

	/* From any mode; the C handler returns with interrupts off. */
	.macro ENTER handler
	SAVE_SCRATCH CPU_SCRATCH
	mfspr 11, SPR_SRR1
	andi. 11, 11, MSR_PR
	ld 11, CPU_KSTACK_TOP(13)
	bne 1f
	/* A kernel stack pointer within KSTACK_SIZE below the stack has run off its end. */
	addi 1, 1, -(KERNEL_RED_ZONE + ENTRY_FRAME)
	subf 11, 1, 11
	addi 11, 11, -1
	srdi 11, 11, KSTACK_SHIFT
	cmpdi 11, 1
	bne 2f
	ld 11, CPU_NMI_STACK_TOP(13)
	ori 10, 10, 2 /* TRAP_OVERFLOW */
1:	addi 1, 11, -ENTRY_FRAME
2:	SAVE_REGS CPU_SCRATCH, SPR_SPRG1
	SAVE_SRRS
	SAVE_FAULT
	li 11, MSR_RI
	mtmsrd 11, 1
	addi 3, 1, STACK_HEADER
	bl \handler
	nop
	.endm

	.text
	.machine power9

	/* The vector's code: trap_vectors.c puts the vector into li and the displacement into b. */
	.globl entry_vector, entry_vector_nmi
entry_vector:
	mtspr SPR_SPRG1, 13
	mfspr 13, SPR_SPRG0
	std 10, CPU_SCRATCH(13)
	li 10, 0
	b .
	/* The same for those with translation off. With SPRG0 = 0 it writes to frame 0. */
entry_vector_nmi:
	mtspr SPR_SPRG2, 13
	mfspr 13, SPR_SPRG0
	std 10, CPU_NMI_SCRATCH(13)
	li 10, 0
	b .

	.globl entry_text_start
entry_text_start:

	.globl entry_fault
	.type entry_fault, @function
entry_fault:
	ENTER trap_page_fault
	/* What is left for a frame from user mode is done, and interrupts are off. */
entry_leave:
	LOAD_SPECIAL
	LOAD_GPR 2
	LOAD_GPRS 5, 12
	LOAD_GPRS 14, 31
	andi. 3, 4, MSR_PR
	beq 1f
	LOAD_GPR 13
1:	LOAD_CCR
	LOAD_GPR 0
	LOAD_GPR 3
	LOAD_GPR 4
	LOAD_GPR 1
	rfid
	.size entry_fault, . - entry_fault

	.globl entry_exception
	.type entry_exception, @function
entry_exception:
	ENTER trap_exception
	b entry_leave
	.size entry_exception, . - entry_exception

	.globl entry_interrupt
	.type entry_interrupt, @function
entry_interrupt:
	ENTER trap_interrupt
	b entry_leave
	.size entry_interrupt, . - entry_interrupt

	/*
	 * From user mode only (the kernel's `sc 1` is the hypervisor's). r0 is the number, r3 to r8
	 * are the arguments, which stand in the frame as the array that syscall_dispatch takes.
	 */
	.globl entry_syscall
	.type entry_syscall, @function
entry_syscall:
	SAVE_SCRATCH CPU_SCRATCH
	ld 1, CPU_KSTACK_TOP(13)
	addi 1, 1, -ENTRY_FRAME
	SAVE_REGS CPU_SCRATCH, SPR_SPRG1
	SAVE_SRRS
	std 3, STACK_HEADER + TF_ORIG_GPR3(1)
	li 11, MSR_EE_RI - 0x10000
	mtmsrd 11, 1
	addi 3, 1, STACK_HEADER
	mr 4, 0
	addi 5, 1, STACK_HEADER + TF_GPR(3)
	bl syscall_dispatch
	.globl entry_syscall_return
entry_syscall_return:
	nop
	/* A frame that rt_sigreturn has filled holds its own result. */
	ld 4, STACK_HEADER + TF_TRAP(1)
	cmpldi 4, VEC_SYSCALL
	bne entry_return_user
	/* CR0.SO says that r3 is an error number, positive. */
	ld 6, STACK_HEADER + TF_CCR(1)
	rlwinm 6, 6, 0, 4, 2
	neg 4, 3
	addi 5, 4, -1
	cmpldi 5, SYSCALL_ERRNO_MAX - 1
	bgt 1f
	oris 6, 6, CCR_SO >> 16
	mr 3, 4
1:	std 6, STACK_HEADER + TF_CCR(1)
	std 3, STACK_HEADER + TF_GPR(3)(1)
	li 4, MSR_RI
	mtmsrd 4, 1
	ld 4, CPU_CURRENT(13)
	lwz 4, THREAD_WORK@l(4)
	cmpwi 4, 0
	bne entry_return_user
	/* C code has preserved r14 to r31. */
	LOAD_SPECIAL
	LOAD_CCR
	LOAD_GPR 0
	LOAD_GPRS 2, 13
	LOAD_GPR 1
	rfid
	.size entry_syscall, . - entry_syscall

	/* To user mode with the frame at r1, whatever it holds. */
	.globl entry_return_user
	.type entry_return_user, @function
entry_return_user:
	li 4, MSR_RI
	mtmsrd 4, 1
	ld 4, CPU_CURRENT(13)
	lwz 4, THREAD_WORK@l(4)
	cmpwi 4, 0
	beq entry_leave
	li 4, MSR_EE_RI - 0x10000
	mtmsrd 4, 1
	addi 3, 1, STACK_HEADER
	bl thread_exit_to_user
	nop
	b entry_leave
	.size entry_return_user, . - entry_return_user

	/* Translation off. What was interrupted may use SRR0, SRR1, SPRG1 and the other scratch. */
	.globl entry_nmi
	.type entry_nmi, @function
entry_nmi:
	SAVE_SCRATCH CPU_NMI_SCRATCH
	cmpdi 13, 0
	beq 2f
	mfspr 11, SPR_SRR0
	std 11, CPU_NMI_SCRATCH + 32(13)
	mfspr 11, SPR_SRR1
	std 11, CPU_NMI_SCRATCH + 40(13)
	LOAD_ADDR 11, 1f
	mtspr SPR_SRR0, 11
	mfmsr 11
	ori 11, 11, MSR_IR_DR
	mtspr SPR_SRR1, 11
	rfid
1:	ld 1, CPU_NMI_STACK_TOP(13)
	addi 1, 1, -ENTRY_FRAME
	SAVE_REGS CPU_NMI_SCRATCH, SPR_SPRG2
	ld 11, CPU_NMI_SCRATCH + 32(13)
	std 11, STACK_HEADER + TF_NIP(1)
	ld 11, CPU_NMI_SCRATCH + 40(13)
	std 11, STACK_HEADER + TF_MSR(1)
	addi 3, 1, STACK_HEADER
	bl trap_nmi
	nop
	LOAD_SPECIAL
	LOAD_GPR 2
	LOAD_GPRS 5, 31
	LOAD_CCR
	LOAD_GPR 0
	LOAD_GPR 3
	LOAD_GPR 4
	LOAD_GPR 1
	rfid
	/* A CPU that nobody has started. */
2:	or 31, 31, 31
	b 2b
	.size entry_nmi, . - entry_nmi

	.globl entry_text_stop
entry_text_stop:

	/*
	 * What a signal handler returns to. It has a page of its own, the only one of the kernel's
	 * that user mode may execute (mmu.c): there is no vdso, and user stacks are not executable.
	 */
	.section .user.text, "ax", @progbits
	.balign 1 << PAGE_SHIFT
	.globl sigreturn_page
sigreturn_page:
	addi 1, 1, SIGNAL_STACK_HEADER
	li 0, 172
	sc
	.balign 1 << PAGE_SHIFT
	.section .note.GNU-stack, "", @progbits
