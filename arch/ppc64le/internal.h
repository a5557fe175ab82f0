/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of arch/ppc64le and boot/ppc64le share with each other and with nobody else.
 *
 * Registers: r13 and SPRG0 hold the CPU's struct cpu (arch/cpu.h), r2 the TOC. SPRG1 is scratch of
 * interrupt entries, SPRG2 of the system reset's entry; SPRG3 is readable in user mode and stays 0.
 * A CPU with SPRG0 = 0 has never been started: a system reset finds it so, and it must park.
 */
#pragma once

#include "kernel/cpu.h"
#include "kernel/types.h"

struct trap_frame;

/* The boot CPU, cpus[0]; r13 points to it before boot_main runs. */
extern struct cpu boot_cpu;

/* Bounds of the image's parts, page-aligned, from linker.ld; image_end includes .bss. */
extern const char image_start[], text_start[], text_end[], rodata_start[], rodata_end[];
extern const char data_start[], image_end[];
/* The boot CPU's stack of KSTACK_SIZE bytes, and the page below it, which arch_mmu_init unmaps. */
extern char boot_stack_guard[], boot_stack[], boot_stack_end[];

/* --- mmu.c: from real mode to translation --- */
/*
 * Boot CPU, once, translation off, boot_info filled: tables that map boot_info.ram at
 * DIRECT_MAP_BASE, the process table registered with the hypervisor, translation on. What it needs
 * below the end of RAM it takes from .bss, or with boot_reserve_find. Returns with translation on.
 */
void mmu_boot_cpu_init(void);
/* Secondary CPU: it comes with PID 0 and translation on, by the start code (process table and LPCR
 * are those of the boot CPU); this is for what the MMU needs beside that. */
void mmu_secondary_init(void);

/* --- traps.c and entry.S: interrupt vectors --- */
/*
 * Vectors, for the boot CPU also their copies at 0x100 and little-endian interrupts (H_SET_MODE),
 * which other CPUs inherit; facilities that user mode may use. Interrupts off. SPRG0 is set.
 */
void traps_init_cpu(struct cpu *cpu);

/* --- boot.c --- */
/* RAM of @size bytes at a multiple of @align that nothing uses yet, now reserved. Boot CPU, before
 * kernel_main; dies if there is none. */
phys_addr_t boot_reserve_find(size_t size, size_t align);

/* --- what the interrupt entries call, interrupts off, on the thread's kernel stack --- */
/* 0x500: takes interrupts from XICS until there is none, with acknowledgement. */
void platform_external_interrupt(struct trap_frame *regs);
/* 0x900: the decrementer. Calls timer_interrupt if the timer is due. */
void platform_decrementer(bool from_user);
/* 0x100, on the CPU's NMI stack: calls nmi_handle, then lets others send to this CPU again. */
void platform_nmi(struct trap_frame *regs);

/* --- xics.c --- */
/* Accepts interrupts of every priority on the CPU it runs on. */
void xics_init_cpu(void);

/* --- time.c --- */
void timer_init_cpu(void);

/* --- smp.c --- */
/* The NMI stack of the boot CPU. */
extern char boot_nmi_stack[];
#define NMI_STACK_SIZE 16384
