/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt controllers: the local xAPIC sends and receives IPIs, NMIs and timer interrupts; the
 * legacy PICs stay masked and so do the pins of the I/O APIC but one (nmi_timer.c), since no device
 * interrupts.
 *
 * Every register is this CPU's own. The command register (ICR) is two words, with interrupts off
 * between them; an NMI that came there puts the first back (apic_icr_high).
 *
 * Source: Intel SDM volume 3, chapter 11 (xAPIC; TCG has no x2APIC).
 */
#include "arch/ipi.h"
#include "arch/nmi.h"
#include "arch/page.h"
#include "arch/x86_64/internal.h"
#include "arch/x86_64/io.h"
#include "arch/x86_64/msr.h"
#include "kernel/boot.h"
#include "kernel/printk.h"
#include "lab/trace.h"

enum apic_register {
	APIC_ID = 0x020,
	APIC_TPR = 0x080,
	APIC_EOI = 0x0b0,
	APIC_SPURIOUS = 0x0f0,
	APIC_ICR_LOW = 0x300,
	APIC_ICR_HIGH = 0x310,
	APIC_LVT_TIMER = 0x320,
	APIC_LVT_LINT0 = 0x350,
	APIC_LVT_LINT1 = 0x360,
	APIC_LVT_ERROR = 0x370,
	APIC_TIMER_INITIAL = 0x380,
	APIC_TIMER_CURRENT = 0x390,
	APIC_TIMER_DIVIDE = 0x3e0,
};

#define APIC_BASE_X2APIC BIT(10)
#define APIC_BASE_ENABLE BIT(11)
#define APIC_SOFTWARE_ENABLE 0x100
#define APIC_DIVIDE_BY_1 0xb
#define LVT_MASKED 0x10000
#define ICR_NMI 0x00400
#define ICR_INIT 0x00500
#define ICR_STARTUP 0x00600
#define ICR_ASSERT 0x04000
#define ICR_OTHERS 0xc0000

#define PIC1_DATA 0x21
#define PIC2_DATA 0xa1

static volatile char *apic;

static u32 apic_read(enum apic_register reg)
{
	return *(volatile u32 *)(apic + reg);
}

static void apic_write(enum apic_register reg, u32 value)
{
	*(volatile u32 *)(apic + reg) = value;
}

void apic_init_boot(void)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	apic = mmu_map_device(base & ~0xfffUL & ((1UL << 52) - 1));
	outb(PIC1_DATA, 0xff);
	outb(PIC2_DATA, 0xff);
	if (base & APIC_BASE_X2APIC)
		panic("the firmware left the local APIC in x2APIC mode, which is not supported");
}

void apic_init_cpu(void)
{
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE);
	apic_write(APIC_SPURIOUS, APIC_SOFTWARE_ENABLE | X86_VECTOR_SPURIOUS);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	apic_write(APIC_LVT_LINT1, ICR_NMI); /* QEMU's monitor command nmi comes this way */
	apic_write(APIC_LVT_ERROR, LVT_MASKED);
	apic_write(APIC_LVT_TIMER, X86_VECTOR_TIMER); /* one-shot */
	apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_1);
	apic_write(APIC_TIMER_INITIAL, 0);
}

void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

u32 apic_id(void)
{
	return apic_read(APIC_ID) >> 24;
}

void apic_timer_set(u32 count)
{
	apic_write(APIC_TIMER_INITIAL, count);
}

u32 apic_timer_read(void)
{
	return apic_read(APIC_TIMER_CURRENT);
}

/*
 * Virtual machines deliver an IPI while the ICR is written: its pending bit is never seen set, and
 * is not looked at, since each access costs an exit.
 */
static void icr_send(u32 command, u32 dest)
{
	unsigned long flags = irq_save();

	apic_write(APIC_ICR_HIGH, dest << 24);
	apic_write(APIC_ICR_LOW, command | ICR_ASSERT);
	irq_restore(flags);
}

/* One word, so an NMI may do it in the middle of an icr_send. */
static void icr_send_others(u32 command)
{
	apic_write(APIC_ICR_LOW, command | ICR_ASSERT | ICR_OTHERS);
}

u32 apic_icr_high(void)
{
	return apic_read(APIC_ICR_HIGH);
}

void apic_icr_high_restore(u32 high)
{
	apic_write(APIC_ICR_HIGH, high);
}

void apic_init_others(void)
{
	icr_send_others(ICR_INIT);
}

void apic_start_others(phys_addr_t page)
{
	icr_send_others(ICR_STARTUP | page >> PAGE_SHIFT);
}

void arch_ipi_send(unsigned int cpu, enum ipi_kind kind)
{
	trace(IPI, IPI_SEND, kind, cpu, 0);
	icr_send(X86_VECTOR_IPI_BASE + kind, boot_info.cpu_hwid[cpu]);
}

void arch_ipi_send_mask(const struct cpumask *mask, enum ipi_kind kind)
{
	unsigned int self = cpu_id();
	unsigned int cpu;

	for_each_cpu(cpu, mask)
		if (cpu != self)
			arch_ipi_send(cpu, kind);
}

void arch_ipi_stop_others(void)
{
	icr_send_others(X86_VECTOR_IPI_BASE + IPI_STOP);
}

void arch_nmi_send(unsigned int cpu)
{
	icr_send(ICR_NMI, boot_info.cpu_hwid[cpu]);
}
