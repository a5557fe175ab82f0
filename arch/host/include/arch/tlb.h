/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flushing this CPU's own TLB, which arch/host/mmu.c emulates.
 */
#pragma once

#include "arch/mmu.h"

/* The two are never called. */
#define ARCH_TLB_BROADCAST 0
void arch_tlb_broadcast_page(pgd_t *pgd, unsigned long addr);
void arch_tlb_broadcast_all(pgd_t *pgd);

/* Small, so that both ways of flushing are well used. */
#define TLB_FLUSH_ALL_PAGES 6

void arch_tlb_flush_page(unsigned long addr);
void arch_tlb_flush_all(void);
