/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Moving the floating-point, vector and VSX registers between the CPU and a struct fpu_state.
 *
 * An interrupt in between saves and restores the MSR that permits the kernel their use, and leaves
 * them alone; the kernel is not preemptible. stxv writes a register as one little-endian number:
 * doubleword 0, which is the FPR, comes second.
 *
 * Source: Power ISA 3.0B, book I, 4.2, 6.3, 7.2.
 */
#include "arch/ppc64le/frame.h"
#include "arch/ppc64le/fpu_state.h"

	.altmacro
	.macro STORE_VSR n
	stxv \n, (\n) * 16(3)
	.endm
	.macro LOAD_VSR n
	lxv \n, (\n) * 16(3)
	.endm
	.macro FPU_OPEN
	mfmsr 4
	ori 5, 4, MSR_FP
	oris 5, 5, MSR_VEC_VSX_HIGH
	mtmsrd 5
	isync
	.endm

	.text
	.machine power9

	/* void fpu_regs_save(struct fpu_state *state): the registers stay as they are. */
	.globl fpu_regs_save
	.type fpu_regs_save, @function
fpu_regs_save:
	FPU_OPEN
	.set n, 0
	.rept 64
	STORE_VSR %n
	.set n, n + 1
	.endr
	mffs 0
	stfd 0, FPU_FPSCR(3)
	mfvscr 0
	stxv 32, FPU_VSCR(3)
	lxv 0, 0(3)
	lxv 32, 32 * 16(3)
	mfspr 5, SPR_VRSAVE
	std 5, FPU_VRSAVE(3)
	mfspr 5, SPR_TAR
	std 5, FPU_TAR(3)
	mtmsrd 4
	isync
	blr
	.size fpu_regs_save, . - fpu_regs_save

	/* void fpu_regs_load(const struct fpu_state *state) */
	.globl fpu_regs_load
	.type fpu_regs_load, @function
fpu_regs_load:
	FPU_OPEN
	lfd 0, FPU_FPSCR(3)
	mtfsf 0xff, 0, 1, 0
	lxv 32, FPU_VSCR(3)
	mtvscr 0
	.set n, 0
	.rept 64
	LOAD_VSR %n
	.set n, n + 1
	.endr
	ld 5, FPU_VRSAVE(3)
	mtspr SPR_VRSAVE, 5
	ld 5, FPU_TAR(3)
	mtspr SPR_TAR, 5
	mtmsrd 4
	isync
	blr
	.size fpu_regs_load, . - fpu_regs_load
	.section .note.GNU-stack, "", @progbits
