/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the loader to C: PVH note and multiboot2 header, long mode, the boot page tables.
 *
 * Both protocols enter in 32-bit protected mode, paging and interrupts off, with the address of
 * their information in ebx. There is no multiboot1 header: QEMU would take it before the note and
 * then refuse an ELF64 file. The boot map has the first 4 GiB three times: identity, direct map,
 * and the first of them at the image's address; all writable and executable, until arch_mmu_init.
 *
 * Source: Xen's docs/misc/pvh.pandoc; Multiboot2 Specification 2.0, 3.1; Intel SDM volume
 * 3, 10.8.5.
 */
#include "arch/layout.h"
#include "kernel/exit.h"
#include "boot/x86_64/boot.h"

#define PAGE 4096
#define TABLE_FLAGS 0x3	 /* present, writable */
#define HUGE_FLAGS 0x83	 /* and 2 MiB */
#define PGD_SLOT(addr) (((addr) >> 39 & 511) * 8)
#define PUD_SLOT(addr) (((addr) >> 30 & 511) * 8)
#define MSR_EFER 0xc0000080
#define MSR_GS_BASE 0xc0000101
#define EFER_LME_NXE 0x900
#define CPUID_NX_LM (1 << 20 | 1 << 29)
#define COM1 0x3f8
#define EXIT_PORT 0xf4
#define BOOT_GDT_LIMIT (4 * 8 - 1)

	.section .boot.header, "a"
	.balign 8
multiboot2_header:
	.long 0xe85250d6, 0, multiboot2_end - multiboot2_header
	.long -(0xe85250d6 + (multiboot2_end - multiboot2_header))
	.short 6, 0		/* modules on page boundaries */
	.long 8
	.short 0, 0		/* end */
	.long 8
multiboot2_end:

	.section .note.boot, "a", @note
	.balign 4
	.long 4, 8, 18		/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.quad pvh_entry

	.section .boot.text, "ax"
	.code32
pvh_entry:
	movl $BOOT_MAGIC_PVH, %eax
	.globl boot_entry
boot_entry:			/* multiboot2 comes here with its own magic in eax */
	cli
	cld
	movl %eax, %edi		/* the arguments of boot_main */
	movl %ebx, %esi
	movl $0x80000001, %eax
	cpuid
	andl $CPUID_NX_LM, %edx
	cmpl $CPUID_NX_LM, %edx
	jne boot_no_long_mode

	movl $boot_pmds, %ebx	/* 4 GiB in 2 MiB pages */
	movl $HUGE_FLAGS, %eax
1:	movl %eax, (%ebx)
	addl $8, %ebx
	addl $0x200000, %eax
	jnc 1b
	movl $(boot_pmds + TABLE_FLAGS), %eax
	movl %eax, boot_pud_high + PUD_SLOT(KERNEL_VIRT_OFFSET)
	xorl %ecx, %ecx
2:	movl %eax, boot_pud_low(, %ecx, 8)
	addl $PAGE, %eax
	incl %ecx
	cmpl $4, %ecx
	jne 2b
	movl $(boot_pud_low + TABLE_FLAGS), boot_pgd
	movl $(boot_pud_low + TABLE_FLAGS), boot_pgd + PGD_SLOT(DIRECT_MAP_BASE)
	movl $(boot_pud_high + TABLE_FLAGS), boot_pgd + PGD_SLOT(KERNEL_VIRT_OFFSET)

	.globl boot_long_mode	/* secondary CPUs come here from the trampoline, edi 0 */
boot_long_mode:
	movl %cr4, %eax
	orl $0x20, %eax		/* PAE */
	movl %eax, %cr4
	movl $boot_pgd, %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	rdmsr
	orl $EFER_LME_NXE, %eax
	wrmsr
	movl %cr0, %eax
	orl $0x80010001, %eax	/* PG, WP, PE */
	movl %eax, %cr0
	lgdt boot_gdt_pointer
	ljmp $0x08, $3f
	.code64
3:	movabsq $start_high, %rax
	jmp *%rax

/* Says so on the console, which nobody has set up, and ends the machine. */
	.code32
boot_no_long_mode:
	movl $boot_no_long_mode_text, %esi
	movl $(boot_no_long_mode_text_end - boot_no_long_mode_text), %ecx
	movw $COM1, %dx
	rep outsb
	movb $EXIT_PANIC, %al
	outb %al, $EXIT_PORT
4:	hlt
	jmp 4b

	.section .boot.rodata, "a"
boot_no_long_mode_text:
	.ascii "# panic: this CPU has no 64-bit mode with no-execute pages\n"
boot_no_long_mode_text_end:
	.balign 8
	.globl boot_gdt
boot_gdt:		/* 0x08 code, 0x10 data, 0x18 32-bit code; accessed bits set already */
	.quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cf9b000000ffff
boot_gdt_pointer:
	.short BOOT_GDT_LIMIT
	.long boot_gdt

	.text
	.code64
start_high:
	lgdt high_gdt_pointer
	xorl %eax, %eax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw %ax, %fs
	movw %ax, %gs
	testl %edi, %edi
	jz secondary_high
	movq $boot_stack_end, %rsp
	xorl %ebp, %ebp		/* back-traces end here */
	movl %edi, %edi
	movl %esi, %esi
	call boot_main

/*
 * A secondary CPU passes the door (arch/x86_64/smp.c) and looks up what arch_cpu_prepare left for
 * its LAPIC id. One that nobody prepared, or that finds the door shut, sleeps for ever.
 */
secondary_high:
	movq boot_kernel_cr3, %rax
	movq %rax, %cr3
	movl $SMP_DOOR_OPEN, %ecx
4:	pause
	movl $SMP_DOOR_NEW, %eax
	lock cmpxchgl %ecx, smp_door
	cmpl $SMP_DOOR_WAIT, %eax
	je 4b
	cmpl $SMP_DOOR_SHUT, %eax
	je 5f
	movl $1, %eax
	cpuid
	shrl $24, %ebx		/* the LAPIC id at reset */
	shll $4, %ebx
	movq smp_start(%rbx), %rdi
	testq %rdi, %rdi
	jz 5f
	movq smp_start + 8(%rbx), %rsp
	movl %edi, %eax
	movq %rdi, %rdx
	shrq $32, %rdx
	movl $MSR_GS_BASE, %ecx
	wrmsr
	xorl %ebp, %ebp
	call secondary_main
5:	cli
	hlt
	jmp 5b

	.section .rodata
high_gdt_pointer:
	.short BOOT_GDT_LIMIT
	.quad boot_gdt + KERNEL_VIRT_OFFSET
	.balign 8
boot_kernel_cr3:
	.quad kernel_pgd - KERNEL_VIRT_OFFSET
	.globl boot_image_start, boot_image_end, boot_pgd_phys, boot_pud_low_phys
boot_image_start:
	.quad boot_start
boot_image_end:
	.quad boot_end
boot_pgd_phys:
	.quad boot_pgd
boot_pud_low_phys:
	.quad boot_pud_low

	.section .boot.bss, "aw", @nobits
	.balign PAGE
boot_pgd:
	.skip PAGE
boot_pud_low:
	.skip PAGE
boot_pud_high:
	.skip PAGE
boot_pmds:
	.skip 4 * PAGE

	.section .bss.page, "aw", @nobits
	.balign PAGE
	.globl boot_stack_guard, boot_stack, boot_stack_end
boot_stack_guard:
	.skip PAGE
boot_stack:
	.skip BOOT_STACK_SIZE
boot_stack_end:
