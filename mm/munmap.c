/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unmapping: the system call, and the work that mmap, brk and the end of an address space share.
 *
 * The order is what speculative faults rely on. First the VMAs at the edges are split, the only
 * step that can fail. Then all VMAs of the range are unlinked and marked dead, so that no new
 * attempt finds them and none that found them before gets past its check (MO-3). Then each is
 * zapped inside a section of its vm_sequence; an attempt that holds a PTL was before the zap of
 * that table, any later one sees section or mark (MO-4). Then the tables go, after a flush that
 * every CPU of the mm has acknowledged; last the VMAs, through SRCU.
 *
 * Locking: mmap_sem held for writing throughout.
 */
#include "kernel/errno.h"
#include "lab/shadow.h"
#include "lab/sync.h"
#include "lab/table_age.h"
#include "mm/gather.h"
#include "mm/mm.h"

/* Makes VMAs begin at @start and end at @end. *@first is the first with end > @start; afterwards
 * the first to unmap. */
static int split_edges(struct mm *mm, struct vma **first, unsigned long start, unsigned long end)
{
	struct vma *vma = *first, *next;

	if (vma->start < start) {
		/* Out of the middle of one VMA: the only way in which unmapping makes them more. */
		if (vma->end > end && mm->nr_vmas >= MAX_MAP_COUNT)
			return -ENOMEM;
		if (vma_split(mm, vma, start))
			return -ENOMEM;
		vma = *first = vma_next(mm, vma);
	}
	while ((next = vma_next(mm, vma)) && next->start < end)
		vma = next;
	return vma->end > end ? vma_split(mm, vma, end) : 0;
}

/* Moves the VMAs from @first up to @end to @detached; returns the one behind them. */
static struct vma *unlink_range(struct mm *mm, struct vma *first, unsigned long end,
				struct list_head *detached)
{
	struct vma *vma = first;

	while (vma && vma->start < end) {
		struct vma *next = vma_next(mm, vma);

		vma_unlink(mm, vma);
		list_add_tail(&vma->list, detached);
		vma = next;
	}
	return vma;
}

/* Takes pages and tables of @detached out; nothing else is mapped in [@floor, @ceiling). */
static void zap_detached(struct mm *mm, struct list_head *detached, unsigned long floor,
			 unsigned long ceiling)
{
	struct mmu_gather tlb;
	struct vma *vma;

	gather_begin(&tlb, mm);
	list_for_each_entry(vma, detached, list) {
		vma_write_begin(vma);
		zap_page_range(&tlb, vma, vma->start, vma->end);
		vma_write_end(vma);
	}
	SYNC_POINT(munmap_zapped);
	gather_free_tables(&tlb, list_first_entry(detached, struct vma, list)->start,
			   list_last_entry(detached, struct vma, list)->end, floor, ceiling);
	gather_end(&tlb);
}

int vma_unmap(struct mm *mm, unsigned long start, unsigned long end)
{
	struct list_head detached = LIST_HEAD_INIT(detached);
	struct vma *vma = find_vma(mm, start), *prev, *next, *tmp;
	int err;

	if (!vma || vma->start >= end)
		return 0;
	table_age_unmap(mm, start, end);
	err = split_edges(mm, &vma, start, end);
	if (err)
		return err;
	shadow_change_begin(mm, start, end, SHADOW_UNMAPPED);
	prev = vma_prev(mm, vma);
	next = unlink_range(mm, vma, end, &detached);
	SYNC_POINT(munmap_unlinked);
	zap_detached(mm, &detached, prev ? prev->end : 0, next ? next->start : 0);
	list_for_each_entry_safe(vma, tmp, &detached, list)
		vma_free_deferred(vma);
	shadow_change_end(mm, 0);
	return 0;
}

long mm_munmap(struct mm *mm, unsigned long addr, unsigned long len)
{
	int err;

	if ((addr & ~PAGE_MASK) || addr > USER_TOP || len > USER_TOP - addr || len == 0)
		return -EINVAL;
	down_write(&mm->mmap_sem);
	SYNC_POINT(munmap_write_held);
	err = vma_unmap(mm, addr, addr + ALIGN_UP(len, PAGE_SIZE));
	up_write(&mm->mmap_sem);
	SYNC_POINT(munmap_done);
	return err;
}

void mm_unmap_all(struct mm *mm)
{
	down_write(&mm->mmap_sem);
	/* Whole VMAs: nothing is split, so it cannot fail. */
	BUG_ON(vma_unmap(mm, 0, USER_TOP));
	up_write(&mm->mmap_sem);
}
