/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flushing this CPU's own TLB on x86_64.
 */
#pragma once

#include "kernel/types.h"
#include "arch/mmu.h"

/* The machine cannot flush other CPUs without interrupting them; so the two are never called. */
#define ARCH_TLB_BROADCAST 0
void arch_tlb_broadcast_page(pgd_t *pgd, unsigned long addr);
void arch_tlb_broadcast_all(pgd_t *pgd);
u32 arch_tlb_late_read(u64 *began, u64 round, const u64 *done, const u32 *word, u64 *seen_done);

/* Beyond this a CR3 load is cheaper than single pages (platform measurements: about 14). */
#define TLB_FLUSH_ALL_PAGES 14

static inline void arch_tlb_flush_page(unsigned long addr)
{
	__asm__ __volatile__("invlpg (%0)" ::"r"(addr) : "memory");
}

/* The kernel's own translations on this CPU: of the page at @addr, or all. Any context. */
static inline void arch_tlb_flush_kernel_page(unsigned long addr)
{
	arch_tlb_flush_page(addr);
}
void arch_tlb_flush_kernel_all(void);

static inline void arch_tlb_flush_all(void)
{
	unsigned long cr3;

	__asm__ __volatile__("movq %%cr3, %0; movq %0, %%cr3" : "=r"(cr3)::"memory");
}
