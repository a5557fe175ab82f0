/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Locks of reverse maps, for experiments with their order: on by bug switches, else nothing.
 *
 * There are no files here, and so no reverse maps to lock. A kernel that has them takes
 * i_mmap_rwsem where it splits a shared mapping, where it takes pages out of one, and where it
 * reclaims memory. With one of the switches below the same paths take one such lock for all shared
 * mappings together, as if they were maps of one file:
 *
 * - rmap_locks: in the order of the series' patch 05, the lock first, vm_sequence inside;
 * - rmap_locks_p04: a split opens its sections first, as patch 04 did (hazard 5.1);
 * - alloc_in_section: as rmap_locks, but a split of a private mapping allocates inside its section,
 *   and an allocation may reclaim.
 */
#pragma once

#include "lab/bug.h"
#include "mm/gather.h"
#include "mm/vma.h"

#if LAB
void vma_order_init(void);
/* Whether one of the switches is on. */
bool vma_order_on(void);
/* vma_split in the order that the switches say. */
int vma_split_ordered(struct mm *mm, struct vma *vma, unsigned long addr);
/* Zaps part of a shared mapping as truncation does; mmap_sem held for writing. */
void vma_remove_ordered(struct mmu_gather *tlb, struct vma *vma, unsigned long start,
			unsigned long end);
/* An allocation that finds memory short. May sleep. */
void vma_order_reclaim(void);
#else
static inline void vma_order_init(void) { }
static inline bool vma_order_on(void)
{
	return false;
}
static inline int vma_split_ordered(struct mm *mm, struct vma *vma, unsigned long addr)
{
	(void)mm, (void)vma, (void)addr;
	return 0;
}
static inline void vma_remove_ordered(struct mmu_gather *tlb, struct vma *vma, unsigned long start,
				      unsigned long end)
{
	(void)tlb, (void)vma, (void)start, (void)end;
}
static inline void vma_order_reclaim(void) { }
#endif
