/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mmu_gather: collects the pages and tables that a zap takes out, so that one flush serves many.
 *
 * A page is freed only after a flush that came after its entry was cleared (INV-10). The batch
 * holds gather_batch pages (boot word gather=N); when it is full the flush happens at once, with
 * the PTL held. That is the first half of the deadlock this laboratory is about (hazard 9.1).
 */
#pragma once

#include "kernel/list.h"
#include "mm/mm.h"
#include "mm/page.h"

#define GATHER_BATCH_MAX 512

struct mmu_gather {
	struct mm *mm;
	unsigned long start, end; /* range cleared and not yet flushed; start > end: none */
	unsigned int nr, max;
	struct page **pages; /* max of them */
	struct list_head tables; /* ptdescs to free after the flush */
	bool ptl_held;
	struct page *inline_pages[16];
};

extern unsigned int gather_batch;

void gather_begin(struct mmu_gather *tlb, struct mm *mm);
/* Flushes and frees what is left. */
void gather_end(struct mmu_gather *tlb);
/* Flushes now and frees what was gathered. */
void gather_flush(struct mmu_gather *tlb);

/*
 * Takes all pages of [@start, @end) of @vma out of the page tables. mmap_sem held (either way); the
 * caller opens vm_sequence where it holds mmap_sem for writing, and never else (INV-5).
 */
void zap_page_range(struct mmu_gather *tlb, struct vma *vma, unsigned long start,
		    unsigned long end);
/*
 * Frees the tables that only [@start, @end) used, where nothing else lies in [@floor, @ceiling)
 * (the neighbouring VMAs' end and start; ceiling 0: top). mmap_sem held for writing.
 */
void gather_free_tables(struct mmu_gather *tlb, unsigned long start, unsigned long end,
			unsigned long floor, unsigned long ceiling);
/* Gives all present entries of [@start, @end) @vma's present protection; flushes if one changed.
 * mmap_sem held for writing, vm_sequence open. */
void change_protection(struct vma *vma, unsigned long start, unsigned long end);
