/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TLB shootdown: this CPU and, by IPI with acknowledgement, exactly the CPUs that need it.
 *
 * mm->cpus has a bit for each CPU that has the mm loaded; mm->tlb_gen rises with every flush; a
 * CPU remembers up to which generation it is flushed and skips what it has done. The initiator
 * waits, interrupts on, until every CPU it asked has acknowledged, so it may be called with a
 * PTL held, but never with interrupts off (INV-4).
 */
#pragma once

#include "kernel/types.h"
#include "kernel/cpumask.h"

struct mm;

/* How other CPUs' translations go: boot word flush=. Tests change it while nothing else runs. */
enum tlb_flush_mode {
	TLB_FLUSH_IPI,	 /* by interrupt, with acknowledgement */
	TLB_FLUSH_TLBIE, /* by the machine's broadcast, where it has one */
};

extern enum tlb_flush_mode tlb_flush_mode;

/*
 * Flushes [@start, @end) of @mm everywhere. By IPI every CPU that had @mm loaded has taken an
 * interrupt since, when it returns. Interrupts on.
 */
void tlb_flush_range(struct mm *mm, unsigned long start, unsigned long end);
void tlb_flush_page(struct mm *mm, unsigned long addr);
/*
 * Interrupts every CPU that has @mm loaded and waits for its answer: whoever walked the tables with
 * interrupts off before is through, so tables unlinked before may be freed. Interrupts on.
 */
void tlb_sync_walkers(struct mm *mm);
/* Receiver of IPI_TLB, interrupts off. */
void tlb_ipi_handle(void);
/* For the watchdog: which CPUs have not acknowledged the request @object of a WAIT_TLB_ACK. */
bool tlb_request_missing(const void *object, unsigned int cpu);
