/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The paths that take locks of reverse maps, in the orders of the series (mm/vma_order.h).
 *
 * Owns i_mmap_rwsem, the one lock of all shared mappings. Lock order with rmap_locks: mmap_sem,
 * i_mmap_rwsem, vm_sequence; the other switches break it, and lockdep says so.
 *
 * Address spaces that map one file have a mmap_sem each, so holding one's own does not keep
 * another process out: the cycles that lockdep reports here are real ones.
 *
 * Source: RFC v5, patches 04 and 05, with the report in the latter; for reclaim S. Senozhatsky's
 * report of 2017-08-21 on the same series. Hazard 5.1.
 */
#include "mm/vma_order.h"

#if LAB
#include "kernel/errno.h"
#include "mm/mm.h"
#include "mm/page.h"

static struct rwsem i_mmap_rwsem;

void vma_order_init(void)
{
	rwsem_init(&i_mmap_rwsem, "i_mmap_rwsem");
}

bool vma_order_on(void)
{
	return READ_ONCE(bug_switches[BUG_rmap_locks].on) ||
	       READ_ONCE(bug_switches[BUG_rmap_locks_p04].on) ||
	       READ_ONCE(bug_switches[BUG_alloc_in_section].on);
}

/*
 * Reclaim in little: what this CPU keeps goes back to the zones. With files it would look for who
 * maps a page, under the lock of the reverse map.
 */
void vma_order_reclaim(void)
{
	(void)bug(rmap_locks); /* counts that it was here */
	hook_lock(HOOK_WANT, HOOK_RECLAIM, NULL);
	down_read(&i_mmap_rwsem);
	page_drain_cpu();
	up_read(&i_mmap_rwsem);
	hook_lock(HOOK_LEFT, HOOK_RECLAIM, NULL);
}

/* One that finds memory, but might have had to reclaim. */
static struct vma *alloc_may_reclaim(struct mm *mm, unsigned long start, unsigned long end,
				     unsigned long flags)
{
	hook_lock(HOOK_WANT, HOOK_RECLAIM, NULL);
	hook_lock(HOOK_LEFT, HOOK_RECLAIM, NULL);
	return vma_alloc(mm, start, end, flags);
}

static void sections_open(struct vma *vma, struct vma *next)
{
	vma_write_begin(vma);
	if (next)
		vma_write_begin_nested(next, 1);
}

static void sections_close(struct vma *vma, struct vma *next)
{
	if (next)
		vma_write_end(next);
	vma_write_end(vma);
}

static void split_at(struct mm *mm, struct vma *vma, struct vma *upper, unsigned long addr)
{
	if (vma->anon_vma) {
		anon_vma_get(vma->anon_vma);
		upper->anon_vma = vma->anon_vma;
	}
	WRITE_ONCE(vma->end, addr);
	vma_link(mm, upper, vma);
}

static int split_shared(struct mm *mm, struct vma *vma, unsigned long addr)
{
	struct vma *upper = alloc_may_reclaim(mm, addr, vma->end, vma->flags);
	struct vma *next = vma_next(mm, vma);
	bool sections_first = bug(rmap_locks_p04);

	if (!upper)
		return -ENOMEM;
	if (sections_first)
		sections_open(vma, next);
	down_write(&i_mmap_rwsem);
	if (!sections_first)
		sections_open(vma, next);
	split_at(mm, vma, upper, addr);
	up_write(&i_mmap_rwsem); /* before the sections close: the series' way in either version */
	sections_close(vma, next);
	return 0;
}

static int split_private(struct mm *mm, struct vma *vma, unsigned long addr)
{
	bool alloc_inside = bug(alloc_in_section);
	struct vma *upper = NULL;

	if (!alloc_inside) {
		upper = alloc_may_reclaim(mm, addr, vma->end, vma->flags);
		if (!upper)
			return -ENOMEM;
	}
	sections_open(vma, NULL);
	if (alloc_inside)
		upper = alloc_may_reclaim(mm, addr, vma->end, vma->flags);
	if (upper)
		split_at(mm, vma, upper, addr);
	sections_close(vma, NULL);
	return upper ? 0 : -ENOMEM;
}

int vma_split_ordered(struct mm *mm, struct vma *vma, unsigned long addr)
{
	return vma->flags & VM_SHARED ? split_shared(mm, vma, addr) : split_private(mm, vma, addr);
}

void vma_remove_ordered(struct mmu_gather *tlb, struct vma *vma, unsigned long start,
			unsigned long end)
{
	down_read(&i_mmap_rwsem);
	vma_write_begin(vma);
	zap_page_range(tlb, vma, start, end);
	vma_write_end(vma);
	up_read(&i_mmap_rwsem);
}
#endif
