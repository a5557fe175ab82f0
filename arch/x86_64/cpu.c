/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a CPU needs before it can take exceptions: descriptor tables, control registers, MSRs.
 *
 * Owns the IDT (one for all CPUs, written once by the boot CPU), the tables of every CPU and the
 * map from LAPIC numbers to CPUs. No locks: each CPU writes its own slot before anyone can ask
 * for it.
 *
 * Source: Intel SDM volume 3, 2.5 "Control registers", 3.5, 6.14, 7.7; AMD APM volume 2, 6.1
 * (SYSCALL and SYSRET).
 */
#include "kernel/errno.h"
#include "kernel/printk.h"
#include "kernel/string.h"
#include "mm/slab.h"
#include "arch/boot.h"
#include "arch/elf.h"
#include "arch/x86_64/internal.h"
#include "arch/x86_64/offsets.h"
#include "arch/x86_64/traps.h"

#define CR0_MP BIT(1)
#define CR0_EM BIT(2)
#define CR0_TS BIT(3)
#define CR0_NE BIT(5)
#define CR0_WP BIT(16)
#define CR0_AM BIT(18)
#define CR0_NW BIT(29)
#define CR0_CD BIT(30)

#define CR4_TSD BIT(2)
#define CR4_MCE BIT(6)
#define CR4_PGE BIT(7)
#define CR4_PCE BIT(8)
#define CR4_OSFXSR BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_UMIP BIT(11)
#define CR4_FSGSBASE BIT(16)
#define CR4_OSXSAVE BIT(18)
#define CR4_SMEP BIT(20)
#define CR4_SMAP BIT(21)
#define CR4_PKE BIT(22)

#define EFER_SCE BIT(0)
#define EFER_NXE BIT(11)

/* Flags that a system call clears: TF, IF, DF, IOPL, NT (iretq refuses it), AC. */
#define SYSCALL_FLAGS_MASK 0x47700

#define GDT_KERNEL_CODE 0x00af9b000000ffffUL
#define GDT_KERNEL_DATA 0x00cf93000000ffffUL
#define GDT_USER_DATA 0x00cff3000000ffffUL
#define GDT_USER_CODE 0x00affb000000ffffUL
#define GDT_TSS_TYPE 0x89UL

#define GATE_INTERRUPT 0x8e
#define GATE_USER 0x60
#define VECTOR_BREAKPOINT 3

struct idt_gate {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_mid;
	u32 offset_high, reserved;
};

struct table_pointer {
	u16 limit;
	u64 base;
} __packed;

_Static_assert(sizeof(struct idt_gate) == 16, "IDT gate");
_Static_assert(sizeof(struct tss) == 104, "TSS");
_Static_assert(sizeof(struct arch_tables) <= 16384, "tables of a CPU fit in four pages");
_Static_assert(offsetof(struct arch_tables, fatal_stack) + 8192 == sizeof(struct arch_tables),
	       "the tables lie below both stacks");
_Static_assert(offsetof(struct cpu, arch) == 0, "GS points at struct arch_cpu");
_Static_assert(offsetof(struct arch_cpu, self) == 0, "this_cpu");
_Static_assert(offsetof(struct arch_cpu, thread) == CPU_CURRENT, "offsets.h");
_Static_assert(offsetof(struct arch_cpu, kstack_top) == CPU_KSTACK_TOP, "offsets.h");
_Static_assert(offsetof(struct arch_cpu, user_sp) == CPU_USER_SP, "offsets.h");

struct arch_tables boot_tables __aligned(16);
static struct idt_gate idt[256] __aligned(16);
static struct cpu *cpus_by_apic_id[256];

struct cpuid_regs {
	u32 eax, ebx, ecx, edx;
};

static struct cpuid_regs cpuid_read(u32 leaf)
{
	struct cpuid_regs r = { .eax = leaf, .ecx = 0 };

	__asm__ __volatile__("cpuid" : "+a"(r.eax), "=b"(r.ebx), "+c"(r.ecx), "=d"(r.edx));
	return r;
}

/* The leaf, or zeros if the CPU does not have it. */
static struct cpuid_regs cpuid_leaf(u32 leaf)
{
	struct cpuid_regs none = { 0, 0, 0, 0 };

	return cpuid_read(leaf & 0x80000000).eax >= leaf ? cpuid_read(leaf) : none;
}

static void gate_set(unsigned int vector, const void *entry, unsigned int ist, unsigned int type)
{
	u64 addr = (u64)entry;

	idt[vector] = (struct idt_gate){
		.offset_low = (u16)addr,
		.selector = SEL_KERNEL_CODE,
		.ist = (u8)ist,
		.type = (u8)type,
		.offset_mid = (u16)(addr >> 16),
		.offset_high = (u32)(addr >> 32),
	};
}

static void idt_fill(void)
{
	unsigned int vector;

	for (vector = 0; vector < ARRAY_SIZE(idt); vector++)
		gate_set(vector, entry_stubs + vector * VECTOR_STUB_SIZE, 0, GATE_INTERRUPT);
	gate_set(VECTOR_BREAKPOINT, entry_stubs + VECTOR_BREAKPOINT * VECTOR_STUB_SIZE, 0,
		 GATE_INTERRUPT | GATE_USER);
	gate_set(VECTOR_PAGE_FAULT, (const void *)entry_page_fault, 0, GATE_INTERRUPT);
	gate_set(VECTOR_NMI, (const void *)entry_nmi, IST_NMI, GATE_INTERRUPT);
	gate_set(VECTOR_DOUBLE_FAULT, (const void *)entry_double_fault, IST_FATAL, GATE_INTERRUPT);
	gate_set(VECTOR_MACHINE_CHECK, (const void *)entry_machine_check, IST_FATAL,
		 GATE_INTERRUPT);
}

static void tables_fill(struct arch_tables *tables)
{
	u64 tss = (u64)&tables->tss;
	u64 limit = sizeof(tables->tss) - 1;

	memset(&tables->tss, 0, sizeof(tables->tss));
	tables->tss.iomap_base = sizeof(tables->tss);
	tables->tss.ist[IST_NMI - 1] = (u64)(tables->nmi_stack + sizeof(tables->nmi_stack));
	tables->tss.ist[IST_FATAL - 1] = (u64)(tables->fatal_stack + sizeof(tables->fatal_stack));
	memset(tables->gdt, 0, sizeof(tables->gdt));
	tables->gdt[SEL_KERNEL_CODE / 8] = GDT_KERNEL_CODE;
	tables->gdt[SEL_KERNEL_DATA / 8] = GDT_KERNEL_DATA;
	tables->gdt[SEL_USER_DATA / 8] = GDT_USER_DATA;
	tables->gdt[SEL_USER_CODE / 8] = GDT_USER_CODE;
	tables->gdt[SEL_TSS / 8] = limit | (tss & 0xffffff) << 16 | GDT_TSS_TYPE << 40 |
				   (tss >> 24 & 0xff) << 56;
	tables->gdt[SEL_TSS / 8 + 1] = tss >> 32;
}

/* Loading FS and GS clears their bases, so the GS base comes last. */
static void tables_load(struct cpu *cpu, struct arch_tables *tables)
{
	struct table_pointer gdt = { sizeof(tables->gdt) - 1, (u64)tables->gdt };
	struct table_pointer idtr = { sizeof(idt) - 1, (u64)idt };

	__asm__ __volatile__("lgdt %0\n\t"
			     "pushq %1\n\t"
			     "leaq 1f(%%rip), %%rax\n\t"
			     "pushq %%rax\n\t"
			     "lretq\n"
			     "1:\tmovl %2, %%eax\n\t"
			     "movl %%eax, %%ss\n\t"
			     "movl %%eax, %%ds\n\t"
			     "movl %%eax, %%es\n\t"
			     "xorl %%eax, %%eax\n\t"
			     "movl %%eax, %%fs\n\t"
			     "movl %%eax, %%gs"
			     :
			     : "m"(gdt), "i"(SEL_KERNEL_CODE), "i"(SEL_KERNEL_DATA)
			     : "rax", "memory");
	wrmsr(MSR_GS_BASE, (u64)cpu);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
	wrmsr(MSR_FS_BASE, 0);
	__asm__ __volatile__("lidt %0; ltr %w1" ::"m"(idtr), "r"(SEL_TSS) : "memory");
}

static void control_registers_set(void)
{
	struct cpuid_regs basic = cpuid_leaf(1);
	struct cpuid_regs extended = cpuid_leaf(7);
	unsigned long cr0, cr4;

	__asm__ __volatile__("movq %%cr0, %0; movq %%cr4, %1" : "=r"(cr0), "=r"(cr4));
	cr0 &= ~(CR0_EM | CR0_TS | CR0_NW | CR0_CD);
	cr0 |= CR0_MP | CR0_NE | CR0_WP | CR0_AM;
	/* User mode may not use what the kernel does not save or does not know of. */
	cr4 &= ~(CR4_TSD | CR4_PCE | CR4_FSGSBASE | CR4_OSXSAVE | CR4_PKE);
	cr4 |= CR4_OSFXSR | CR4_OSXMMEXCPT;
	if (basic.edx & BIT(7))
		cr4 |= CR4_MCE;
	if (basic.edx & BIT(13))
		cr4 |= CR4_PGE;
	if (extended.ecx & BIT(2))
		cr4 |= CR4_UMIP;
	if (extended.ebx & BIT(7))
		cr4 |= CR4_SMEP;
	if (extended.ebx & BIT(20)) {
		cr4 |= CR4_SMAP;
		WRITE_ONCE(uaccess_smap, 1);
	}
	__asm__ __volatile__("movq %0, %%cr0; movq %1, %%cr4" ::"r"(cr0), "r"(cr4) : "memory");
}

static void syscall_msrs_set(void)
{
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE | EFER_NXE);
	wrmsr(MSR_STAR, (u64)SEL_SYSRET_BASE << 48 | (u64)SEL_KERNEL_CODE << 32);
	wrmsr(MSR_LSTAR, (u64)entry_syscall);
	wrmsr(MSR_CSTAR, 0); /* out of reach: there is no 32-bit code segment */
	wrmsr(MSR_SFMASK, SYSCALL_FLAGS_MASK);
}

int cpu_tables_alloc(struct cpu *cpu)
{
	cpu->arch.tables = kzalloc(sizeof(*cpu->arch.tables));
	return cpu->arch.tables ? 0 : -ENOMEM;
}

void arch_cpu_init(struct cpu *cpu)
{
	if (cpu == &boot_cpu) {
		cpu->arch.tables = &boot_tables;
		idt_fill();
	}
	cpu->arch.self = cpu;
	tables_fill(cpu->arch.tables);
	tables_load(cpu, cpu->arch.tables);
	control_registers_set();
	syscall_msrs_set();
	if (cpu == &boot_cpu)
		fpu_init();
	apic_init_cpu();
	cpu->arch.apic_id = apic_id();
	if (cpu->arch.apic_id < ARRAY_SIZE(cpus_by_apic_id))
		WRITE_ONCE(cpus_by_apic_id[cpu->arch.apic_id], cpu);
}

struct cpu *cpu_by_apic_id(u32 id)
{
	return id < ARRAY_SIZE(cpus_by_apic_id) ? READ_ONCE(cpus_by_apic_id[id]) : NULL;
}

u64 arch_hwcap(void)
{
	return cpuid_leaf(1).edx;
}

u64 arch_hwcap2(void)
{
	return 0;
}

/* The CPU's own name for itself, without the blanks in front; @name has 49 bytes. */
static const char *cpu_brand(char *name)
{
	struct cpuid_regs part;
	u32 leaf;

	strlcpy(name, "unnamed CPU", 49);
	if (cpuid_read(0x80000000).eax < 0x80000004)
		return name;
	for (leaf = 0; leaf < 3; leaf++) {
		part = cpuid_read(0x80000002 + leaf);
		memcpy(name + leaf * sizeof(part), &part, sizeof(part));
	}
	name[48] = 0;
	while (*name == ' ')
		name++;
	return name;
}

void arch_describe(char *buf, size_t size)
{
	struct cpuid_regs basic = cpuid_leaf(1), extended = cpuid_leaf(7);
	struct cpuid_regs amd = cpuid_leaf(0x80000001);
	char name[49];

	snprintf(buf, size, "%s, family %u model %u stepping %u:%s%s%s%s%s%s%s", cpu_brand(name),
		 (basic.eax >> 8 & 0xf) + (basic.eax >> 20 & 0xff),
		 (basic.eax >> 4 & 0xf) | (basic.eax >> 12 & 0xf0), basic.eax & 0xf,
		 basic.edx & BIT(13) ? " pge" : "", amd.edx & BIT(20) ? " nx" : "",
		 amd.edx & BIT(26) ? " 1gib-pages" : "", extended.ebx & BIT(7) ? " smep" : "",
		 extended.ebx & BIT(20) ? " smap" : "", extended.ecx & BIT(2) ? " umip" : "",
		 basic.ecx & BIT(31) ? " hypervisor" : "");
}
