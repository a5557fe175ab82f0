/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a CPU does when another one interrupts it. No locks.
 */
#include "kernel/ipi.h"
#include "kernel/cpu.h"
#include "lab/bug.h"
#include "lab/perturb.h"
#include "lab/quarantine.h"
#include "lab/storebuf.h"
#include "lab/trace.h"
#include "mm/tlb.h"

void ipi_handle(enum ipi_kind kind)
{
	struct cpu *cpu = this_cpu();

	cpu->irq_depth++;
	trace(IPI, IPI_RECV, kind, 0, 0);
	perturb(PERTURB_IPI);
	quarantine_catch_up();
	switch (kind) {
	case IPI_TLB:
		tlb_ipi_handle();
		break;
	case IPI_STOP:
		cpu_halt_forever();
	case IPI_WAKE:    /* leaving the idle instruction was all */
	case IPI_RESCHED: /* so was that, or passing the border of user mode with work set */
	case NR_IPIS:
		break;
	}
	/* MO-11: what this CPU did before is over, what it does next comes after what was undone
	 * before somebody read the count. */
	sb_inc_mb(&cpu->ipis, bug(ipi_count_no_mb));
	trace(IPI, IPI_DONE, kind, 0, 0);
	cpu->irq_depth--;
}
