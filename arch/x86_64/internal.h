/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of arch/x86_64 and boot/x86_64 share with each other and with nobody else.
 */
#pragma once

#include "kernel/cpu.h"
#include "kernel/ipi.h"
#include "kernel/types.h"

/* Interrupt vectors; the exceptions are below 0x20. */
#define X86_VECTOR_TIMER 0xef
#define X86_VECTOR_IPI_BASE 0xf0 /* + enum ipi_kind */
#define X86_VECTOR_SPURIOUS 0xff /* not to be acknowledged */

/* The boot CPU, cpus[0]; GS points to it before kernel_main runs. */
extern struct cpu boot_cpu;

/* Bounds of the image's parts, page-aligned, from linker.ld; image_end includes .bss. */
extern const char text_start[], text_end[], rodata_start[], rodata_end[], data_start[];
extern const char image_end[];
/* The boot CPU's stack of KSTACK_SIZE bytes; the page below it is unmapped by arch_mmu_init. */
extern char boot_stack_guard[], boot_stack[], boot_stack_end[];
/* Physical addresses that only the start code knows: the whole image, and its page tables. */
extern const phys_addr_t boot_image_start, boot_image_end, boot_pgd_phys, boot_pud_low_phys;
#define BOOT_MAP_END 0x100000000UL /* the boot map's size, before mmu_map_high_ram */
#define MMU_RAM_LIMIT (1UL << 39)  /* RAM beyond is not used: one top-level entry maps it all */

/* --- console.c --- */
void console_init(void);

/* --- apic.c --- */
/* Boot CPU, once: maps its local APIC and silences the PICs. */
void apic_init_boot(void);
/* Enables the local APIC of the CPU it runs on: spurious vector, LINT1 as NMI, timer stopped. */
void apic_init_cpu(void);
/* Acknowledges the interrupt that is being served. */
void apic_eoi(void);
/* The id of the CPU it runs on, 0 to 255. */
u32 apic_id(void);
/* The half of the command register that an NMI may overwrite, to be put back. */
u32 apic_icr_high(void);
void apic_icr_high_restore(u32 high);
/* Boot CPU, on the boot map. */
void nmi_timer_init_boot(void);
/* INIT, or start-up at the physical page @page below 1 MiB, to all CPUs but this one. */
void apic_init_others(void);
void apic_start_others(phys_addr_t page);
/* The timer of this CPU counts @count down, a nanosecond each, then interrupts; 0 stops it. */
void apic_timer_set(u32 count);
u32 apic_timer_read(void);

/* --- cpu.c --- */
/* GDT, TSS and interrupt stacks for @cpu. 0 or -ENOMEM. */
int cpu_tables_alloc(struct cpu *cpu);

/* --- mmu.c --- */
/* Maps one page of device registers uncached and returns its address. Boot CPU, at boot only. */
volatile void *mmu_map_device(phys_addr_t phys);
/* Bytes of tables that the boot map needs for RAM above 4 GiB, and adding it with them. */
size_t mmu_high_ram_tables(void);
void mmu_map_high_ram(phys_addr_t tables);

/* --- acpi.c --- */
/* Fills boot_info's CPUs from the MADT that @rsdp leads to; false if there is no good one. */
bool acpi_find_cpus(phys_addr_t rsdp);

/* --- fw_cfg.c --- */
/* How many CPUs QEMU says the machine has; 0 if it says nothing. */
unsigned int fw_cfg_nr_cpus(void);
/* Reads the file @name as a string, cut to @size; its length, or -ENOENT. */
int fw_cfg_read_string(const char *name, char *buf, size_t size);

/* --- smp.c --- */
/* Puts the trampoline below 1 MiB, while that is mapped and no longer needed for anything else. */
void smp_init_boot(void);
