/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Life of VMAs: allocation, the write section of vm_sequence, and freeing through SRCU.
 *
 * Owns the VMA cache and vma_srcu. A VMA is complete before it is linked, vm_sequence included, so
 * that no reader ever meets a counter that was set anew under its eyes. It is freed by the worker
 * of vma_srcu, a grace period after it was taken out of the tree, and what it refers to lives as
 * long (INV-7): a fault that found it may read it until its read section ends.
 *
 * Locking: none of its own. Write sections require mmap_sem held for writing (INV-5): two writers
 * of one counter would make it look idle in the midst of a change (hazard L-1).
 *
 * Source: L. Dufour and P. Zijlstra, "Speculative page faults" (RFC v5, patches 4 and 7).
 */
#include "kernel/cpu.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/vma_order.h"

struct srcu vma_srcu;
static struct slab_cache *vma_cache;

void vma_subsystem_init(void)
{
	vma_cache = slab_create("vma", sizeof(struct vma));
	slab_isolate(vma_cache);
	anon_vma_init();
	vma_order_init();
	if (srcu_init(&vma_srcu, "vma_srcu"))
		panic("no memory for vma_srcu");
}

pgprot_t vma_prot(unsigned long flags)
{
	return pgprot_make(flags & VM_READ, flags & VM_WRITE, flags & VM_EXEC);
}

struct vma *vma_alloc(struct mm *mm, unsigned long start, unsigned long end, unsigned long flags)
{
	struct vma *vma = slab_alloc(vma_cache);

	if (!vma)
		return NULL;
	vma->start = start;
	vma->end = end;
	vma->flags = flags;
	vma->prot = vma_prot(flags);
	vma->anon_vma = NULL;
	seqcount_init(&vma->vm_sequence, "vm_sequence");
	rb_node_clear(&vma->node);
	vma->gap = vma->subtree_gap = 0;
	list_init(&vma->list);
	vma->mm = mm;
	return vma;
}

static void free_after_grace_period(struct srcu_head *head)
{
	struct vma *vma = container_of(head, struct vma, srcu);

	if (vma->anon_vma)
		anon_vma_put(vma->anon_vma);
	slab_free(vma_cache, vma);
	stat_inc(VMA_FREED);
}

void vma_free_deferred(struct vma *vma)
{
	BUG_ON_MSG(!vma_is_dead(vma) || (vma->vm_sequence.seq & 1), "%lx-%lx seq=%u", vma->start,
		   vma->end, vma->vm_sequence.seq);
	call_srcu(&vma_srcu, &vma->srcu, free_after_grace_period);
}

u64 vma_nr_used(void)
{
	return slab_nr_used(vma_cache);
}

void vma_write_begin(struct vma *vma)
{
#if LAB
	WARN_ON(!rwsem_is_write_locked(&vma->mm->mmap_sem));
#endif
	write_seqcount_begin(&vma->vm_sequence);
}

void vma_write_begin_nested(struct vma *vma, unsigned int n)
{
	hook_nest(n);
	vma_write_begin(vma);
}

void vma_write_end(struct vma *vma)
{
	write_seqcount_end(&vma->vm_sequence);
}
