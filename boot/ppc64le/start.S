/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the firmware, or from RTAS, to C.
 *
 * The boot CPU comes big-endian, in 32-bit mode, at the first byte of the image, the device tree's
 * address in r3; other CPUs come big-endian, in 64-bit mode, at secondary_start, their number in
 * r3. Both come with translation and interrupts off. The boot CPU stays without translation until
 * boot_main has built tables; the others find them and turn it on at once, for their stacks are in
 * the stack area.
 *
 * Source: Power ISA 3.0B, book III, 3.3.1 (rfid), 5.7.6 (real mode ignores the top bits of an
 * address); LoPAPR 7.3.8 (start-cpu).
 */
#include "arch/layout.h"
#include "arch/ppc64le/offsets.h"

#define MSR_TRANSLATE 0x32	/* IR, DR, RI */
#define SPR_PIDR 48
#define STACK_FRAME 32		/* the smallest of the ELFv2 ABI */

/* An instruction for a CPU that is big-endian still. */
	.macro big_endian word
	.byte \word >> 24 & 255, \word >> 16 & 255, \word >> 8 & 255, \word & 255
	.endm

/* Goes on at the next instruction, little-endian and in 64-bit mode; costs r10, r11, lr. */
	.macro become_little_endian
	big_endian 0x429f0005	/* bcl 20,31,1f */
	big_endian 0x7d6802a6	/* 1: mflr r11 */
	big_endian 0x396b0020	/* addi r11,r11,2f-1b */
	big_endian 0x7d7a03a6	/* mtsrr0 r11 */
	big_endian 0x39400001	/* li r10,1 */
	big_endian 0x794af806	/* sldi r10,r10,63: SF */
	big_endian 0x614a1001	/* ori r10,r10,0x1001: ME, LE */
	big_endian 0x7d5b03a6	/* mtsrr1 r10 */
	big_endian 0x4c000024	/* rfid; 2: */
	.endm

	.macro load_address reg, symbol
	lis \reg, \symbol@highest
	ori \reg, \reg, \symbol@higher
	sldi \reg, \reg, 32
	oris \reg, \reg, \symbol@high
	ori \reg, \reg, \symbol@l
	.endm

	.section .head.text, "ax"
	.globl boot_entry
boot_entry:
	become_little_endian
	mr %r31, %r3
	load_address %r12, boot_linked
	mtctr %r12
	bctr			/* from low addresses to those of the link */
boot_linked:
	load_address %r2, .TOC.
	load_address %r13, boot_cpu
	mtsprg0 %r13
	li %r0, 0
	mtsprg3 %r0		/* which user mode reads */
	mtspr SPR_PIDR, %r0
	load_address %r1, boot_stack_end - STACK_FRAME
	std %r0, 0(%r1)		/* back-traces end here */
	std %r0, 16(%r1)
	mr %r3, %r31
	bl boot_main
	nop
	trap

	.balign 16
	.globl secondary_start
secondary_start:
	become_little_endian
	load_address %r2, .TOC.
	load_address %r4, cpus
	sldi %r3, %r3, 3
	ldx %r13, %r4, %r3
	mtsprg0 %r13
	li %r0, 0
	mtsprg3 %r0
	mtspr SPR_PIDR, %r0
	isync
	load_address %r12, secondary_linked
	mfmsr %r5
	ori %r5, %r5, MSR_TRANSLATE
	mtsrr0 %r12
	mtsrr1 %r5
	rfid
secondary_linked:
	ld %r1, CPU_START_SP(%r13)
	addi %r1, %r1, -STACK_FRAME
	std %r0, 0(%r1)
	std %r0, 16(%r1)
	mr %r3, %r13
	bl secondary_main
	nop
	trap

	.section .bss.page, "aw", @nobits
	.balign 1 << PAGE_SHIFT
	.globl boot_stack_guard, boot_stack, boot_stack_end
boot_stack_guard:
	.space 1 << PAGE_SHIFT
boot_stack:
	.space 1 << KSTACK_SHIFT
boot_stack_end:
