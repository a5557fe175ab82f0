/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * madvise: MADV_DONTNEED takes the pages out at once, and so does MADV_REMOVE, which is for shared
 * mappings and frees what is behind them as well; the hints about access are accepted and change
 * nothing, which is all that a hint promises. All else is refused as by a kernel built without it.
 *
 * Locking: mmap_sem for reading, and no section of vm_sequence: only who holds mmap_sem for writing
 * may open one (INV-5, hazard L-1). None is needed, since the VMA's attributes stay as they are
 * and a fault that puts a page in behind the zap is one that came after it. The experiments of
 * mm/vma_order.h remove pages inside a section, and so with mmap_sem held for writing.
 */
#include "kernel/errno.h"
#include "lab/shadow.h"
#include "mm/gather.h"
#include "mm/mm.h"
#include "mm/vma_order.h"

/* What has no file behind it is not removed; shared anonymous memory has one on Linux. */
static int take_out(struct mmu_gather *tlb, struct vma *vma, unsigned long start,
		    unsigned long end, int advice)
{
	u64 since;

	if (advice == MADV_REMOVE && !(vma->flags & VM_SHARED))
		return -EINVAL;
	since = shadow_zap_begin(tlb->mm);
	if (advice == MADV_REMOVE && unlikely(vma_order_on()))
		vma_remove_ordered(tlb, vma, start, end);
	else
		zap_page_range(tlb, vma, start, end);
	shadow_zap_end(tlb->mm, start, end, since);
	return 0;
}

/* What @advice does to [@start, @end). -ENOMEM if there was a hole, with the rest done. */
static int madvise_locked(struct mm *mm, unsigned long start, unsigned long end, int advice)
{
	bool takes_out = advice == MADV_DONTNEED || advice == MADV_REMOVE;
	int err = 0, refused = 0;
	struct mmu_gather tlb;
	struct vma *vma;

	gather_begin(&tlb, mm);
	for (vma = find_vma(mm, start); vma && vma->start < end; vma = vma_next(mm, vma)) {
		if (vma->start > start) {
			err = -ENOMEM;
			start = vma->start;
		}
		if (takes_out)
			refused = take_out(&tlb, vma, start, min(vma->end, end), advice);
		if (refused)
			break;
		start = vma->end;
	}
	gather_end(&tlb);
	if (refused)
		return refused;
	return start < end ? -ENOMEM : err;
}

static bool advice_known(int advice)
{
	switch (advice) {
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_WILLNEED:
	case MADV_DONTNEED:
	case MADV_REMOVE:
		return true;
	default:
		return false;
	}
}

long mm_madvise(struct mm *mm, unsigned long addr, unsigned long len, int advice)
{
	unsigned long end = addr + ALIGN_UP(len, PAGE_SIZE);
	int err;

	if (!advice_known(advice) || (addr & ~PAGE_MASK))
		return -EINVAL;
	/* Also a length that became 0 by rounding up. */
	if (end < addr || (len && end == addr))
		return -EINVAL;
	if (end == addr)
		return 0;
	if (advice == MADV_REMOVE && unlikely(vma_order_on())) {
		down_write(&mm->mmap_sem);
		err = madvise_locked(mm, addr, end, advice);
		up_write(&mm->mmap_sem);
		return err;
	}
	down_read(&mm->mmap_sem);
	err = madvise_locked(mm, addr, end, advice);
	up_read(&mm->mmap_sem);
	return err;
}
