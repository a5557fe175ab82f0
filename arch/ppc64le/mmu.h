/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What mmu.c and tlb.c share.
 */
#pragma once

#include "arch/mmu.h"

/* The PID of an address space is the number of the 64 KiB that its top table fills. */
#define MMU_PID_SHIFT 16
_Static_assert(PGD_TABLE_SIZE == 1UL << MMU_PID_SHIFT, "one PID for each place of a top table");

static inline unsigned long mmu_pid(const pgd_t *pgd)
{
	return virt_to_phys(pgd) >> MMU_PID_SHIFT;
}
