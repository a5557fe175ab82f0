/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mprotect.
 *
 * VMA by VMA. The part that changes is merged with a neighbour that already has the new flags, or
 * split off. Then, in one section of its vm_sequence, flags, prot and the present entries change
 * together: a speculative fault that read the old flags fails its check under the PTL, so no
 * entry with the old permission can appear behind the change (INV-1). Between a merge and the
 * section that follows, entries may still have the old permission under the new flags; that is
 * no more than an mprotect that has not happened yet.
 *
 * Locking: mmap_sem for writing.
 */
#include "kernel/errno.h"
#include "lab/shadow.h"
#include "lab/sync.h"
#include "mm/gather.h"
#include "mm/mm.h"

static int split_counted(struct mm *mm, struct vma *vma, unsigned long addr)
{
	return mm->nr_vmas >= MAX_MAP_COUNT ? -ENOMEM : vma_split(mm, vma, addr);
}

/* Makes [@start, @end) a VMA of its own out of *@vma, which holds it. */
static int carve_out(struct mm *mm, struct vma **vma, unsigned long start, unsigned long end)
{
	int err;

	if ((*vma)->start < start) {
		err = split_counted(mm, *vma, start);
		if (err)
			return err;
		*vma = vma_next(mm, *vma);
	}
	return (*vma)->end > end ? split_counted(mm, *vma, end) : 0;
}

/* Changes [@start, @end) within *@vma; afterwards *@vma is the VMA that holds it. */
static int protect_one(struct mm *mm, struct vma **vma, unsigned long start, unsigned long end,
		       unsigned long access)
{
	unsigned long flags = ((*vma)->flags & ~VM_ACCESS) | access;
	struct vma *prev, *merged;
	int err;

	if (flags == (*vma)->flags)
		return 0;
	prev = (*vma)->start < start ? *vma : vma_prev(mm, *vma);
	merged = vma_merge(mm, prev, start, end, flags, (*vma)->anon_vma);
	if (merged) {
		*vma = merged;
	} else {
		err = carve_out(mm, vma, start, end);
		if (err)
			return err;
	}
	vma_write_begin(*vma);
	SYNC_POINT(mprotect_seq_open);
	WRITE_ONCE((*vma)->flags, flags);
	WRITE_ONCE((*vma)->prot.v, vma_prot(flags).v);
	change_protection(*vma, start, end);
	vma_write_end(*vma);
	return 0;
}

static int mprotect_locked(struct mm *mm, unsigned long start, unsigned long end,
			   unsigned long access)
{
	struct vma *vma = find_vma(mm, start);

	while (vma && vma->start <= start) {
		int err = protect_one(mm, &vma, start, min(vma->end, end), access);

		if (err)
			return err;
		/* A merge may have taken in more, which then has the flags already. */
		start = vma->end;
		if (start >= end)
			return 0;
		vma = vma_next(mm, vma);
	}
	return -ENOMEM;
}

long mm_mprotect(struct mm *mm, unsigned long addr, unsigned long len, unsigned long prot)
{
	unsigned long end;
	int err;

	if (addr & ~PAGE_MASK)
		return -EINVAL;
	if (!len)
		return 0;
	end = addr + ALIGN_UP(len, PAGE_SIZE);
	if (end <= addr)
		return -ENOMEM;
	if (prot & ~VM_ACCESS)
		return -EINVAL;
	down_write(&mm->mmap_sem);
	SYNC_POINT(mprotect_write_held);
	shadow_change_begin(mm, addr, end, prot);
	err = mprotect_locked(mm, addr, end, prot);
	shadow_change_end(mm, err);
	up_write(&mm->mmap_sem);
	SYNC_POINT(mprotect_done);
	return err;
}
