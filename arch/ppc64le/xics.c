/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interrupt controller: IPIs, which are all that comes through it.
 *
 * Every CPU has a presentation server with one byte, its MFRR, that others write to interrupt it.
 * IPIs coalesce there, so what they ask for is in ipi_pending of the receiver: the sender sets a
 * bit before it writes the byte, the receiver resets the byte before it takes the bits.
 *
 * Source: PAPR+ 14.5.4.7 (H_IPI, H_XIRR, H_EOI, H_CPPR).
 */
#include "arch/ipi.h"
#include "arch/nmi.h"
#include "arch/ppc64le/hcall.h"
#include "arch/ppc64le/internal.h"
#include "kernel/boot.h"
#include "lab/trace.h"
#include "lab/watchdog.h"

#define XIRR_SOURCE 0xffffff
#define XICS_IPI 2	/* the source number of all IPIs */
#define IPI_PRIORITY 4
#define PRIORITY_LEAST 0xff
#define IPI_ASK NR_IPIS /* beside those of kernel/ipi.h: arch_nmi_interrupt's */

void xics_init_cpu(void)
{
	hcall(H_IPI, boot_info.cpu_hwid[cpu_id()], PRIORITY_LEAST, 0, 0, NULL);
	hcall(H_CPPR, PRIORITY_LEAST, 0, 0, 0, NULL);
}

static void ipi_receive(struct cpu *cpu, struct trap_frame *regs)
{
	u32 pending;

	hcall(H_IPI, boot_info.cpu_hwid[cpu->id], PRIORITY_LEAST, 0, 0, NULL);
	pending = xchg(&cpu->arch.ipi_pending, 0);
	for (unsigned int kind = 0; kind < NR_IPIS; kind++)
		if (pending & BIT(kind))
			ipi_handle(kind);
	if (pending & BIT(IPI_ASK))
		nmi_handle_interrupt(regs);
}

/* Acknowledged last, so that handlers do not nest. */
void platform_external_interrupt(struct trap_frame *regs)
{
	unsigned long xirr;

	hcall(H_XIRR, 0, 0, 0, 0, &xirr);
	if (!(xirr & XIRR_SOURCE))
		return;
	if ((xirr & XIRR_SOURCE) == XICS_IPI)
		ipi_receive(this_cpu(), regs);
	hcall(H_EOI, xirr, 0, 0, 0, NULL);
}

/* The atomic operation is a full barrier: what was stored before is seen by the handler. */
void arch_ipi_send(unsigned int cpu, enum ipi_kind kind)
{
	trace(IPI, IPI_SEND, kind, cpu, 0);
	(void)fetch_or(&cpus[cpu]->arch.ipi_pending, (u32)BIT(kind));
	hcall(H_IPI, boot_info.cpu_hwid[cpu], IPI_PRIORITY, 0, 0, NULL);
}

bool arch_nmi_interrupt(unsigned int cpu)
{
	(void)fetch_or(&cpus[cpu]->arch.ipi_pending, (u32)BIT(IPI_ASK));
	hcall(H_IPI, boot_info.cpu_hwid[cpu], IPI_PRIORITY, 0, 0, NULL);
	return true;
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
	arch_ipi_send_mask(&cpus_online, IPI_STOP);
}
