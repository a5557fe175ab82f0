/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The first instructions of a secondary CPU, in real mode at TRAMPOLINE_PHYS.
 *
 * All CPUs run them at the same time, so nothing is written and no stack is used. The rest of the
 * way is the boot CPU's, from boot_long_mode on.
 *
 * Source: Intel SDM volume 3, 8.4.4 (start-up IPI) and 10.9.1 (switching to protected mode).
 */
#include "boot/x86_64/boot.h"

#define AT(symbol) (symbol - trampoline_start + TRAMPOLINE_PHYS)

	.section .rodata
	.code16
	.globl trampoline_start, trampoline_end
trampoline_start:
	cli
	cld
	xorw %ax, %ax
	movw %ax, %ds
	lgdtl AT(trampoline_gdt_pointer)
	movl %cr0, %eax
	orl $0x1, %eax		/* PE */
	andl $0x9fffffff, %eax	/* caches on: not CD, not NW */
	movl %eax, %cr0
	ljmpl $0x18, $AT(trampoline_32)

	.code32
trampoline_32:
	movw $0x10, %ax
	movw %ax, %ds
	movw %ax, %ss
	xorl %edi, %edi		/* tells start_high that this is no boot CPU */
	movl $boot_long_mode, %eax
	jmp *%eax

	.balign 8
trampoline_gdt_pointer:
	.short 4 * 8 - 1
	.long boot_gdt
trampoline_end:
