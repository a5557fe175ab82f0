/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flushing the TLB on ppc64le: this CPU's own by tlbiel, every CPU's by tlbie.
 */
#pragma once

#include "kernel/types.h"
#include "arch/mmu.h"

/* The machine can flush other CPUs without interrupting them. */
#define ARCH_TLB_BROADCAST 1
/* Beyond this one flush of everything is cheaper than single pages. */
#define TLB_FLUSH_ALL_PAGES 32

/* User translations of this CPU: of the page at @addr, or all. Any context. */
void arch_tlb_flush_page(unsigned long addr);
void arch_tlb_flush_all(void);
/* The same on every CPU, of the address space with top table @pgd, whichever is loaded here;
 * complete on return. No CPU takes an interrupt for it. */
void arch_tlb_broadcast_page(pgd_t *pgd, unsigned long addr);
void arch_tlb_broadcast_all(pgd_t *pgd);
/* The kernel's own translations on this CPU: of the page at @addr, or all. Any context. */
void arch_tlb_flush_kernel_page(unsigned long addr);
void arch_tlb_flush_kernel_all(void);
/*
 * For the probe of the above: stores @round to *@began, and some microseconds later reads *@done
 * into *@seen_done and then, the result, the user address @word, which must be mapped. All of it is
 * one stretch of code without a branch, in which QEMU's CPU does nothing for others.
 */
u32 arch_tlb_late_read(u64 *began, u64 round, const u64 *done, const u32 *word, u64 *seen_done);
