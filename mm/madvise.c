/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * madvise: MADV_DONTNEED takes the pages out at once; the hints about access are accepted and
 * change nothing, which is all that a hint promises. All else is refused as by a kernel built
 * without it.
 *
 * Locking: mmap_sem for reading, and no section of vm_sequence: only who holds mmap_sem for writing
 * may open one (INV-5, hazard L-1). None is needed, since the VMA's attributes stay as they are
 * and a fault that puts a page in behind the zap is one that came after it.
 */
#include "kernel/errno.h"
#include "lab/shadow.h"
#include "mm/gather.h"
#include "mm/mm.h"

/* Zaps what is mapped of [@start, @end). -ENOMEM if there was a hole, with the rest done. */
static int madvise_locked(struct mm *mm, unsigned long start, unsigned long end, bool zap)
{
	struct mmu_gather tlb;
	struct vma *vma;
	u64 since;
	int err = 0;

	gather_begin(&tlb, mm);
	for (vma = find_vma(mm, start); vma && vma->start < end; vma = vma_next(mm, vma)) {
		if (vma->start > start) {
			err = -ENOMEM;
			start = vma->start;
		}
		if (zap) {
			since = shadow_zap_begin(mm);
			zap_page_range(&tlb, vma, start, min(vma->end, end));
			shadow_zap_end(mm, start, min(vma->end, end), since);
		}
		start = vma->end;
	}
	gather_end(&tlb);
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
	down_read(&mm->mmap_sem);
	err = madvise_locked(mm, addr, end, advice == MADV_DONTNEED);
	up_read(&mm->mmap_sem);
	return err;
}
