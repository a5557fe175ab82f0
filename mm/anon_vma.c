/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * anon_vma: the object that stands for the anonymous pages of one VMA, or of several that were one
 * or may become one.
 *
 * Each VMA that points to it holds a reference; a VMA drops it when it is freed, that is after the
 * grace period (INV-7). vma->anon_vma is set once and stays: by anon_vma_prepare with mmap_sem held
 * for reading and page_table_lock, which decides between two faults of one VMA, or by a merge with
 * mmap_sem held for writing. Speculative faults read it and never set it (hazard L-14), since
 * looking at neighbours takes a layout that stands still.
 */
#include "kernel/errno.h"
#include "lab/bug.h"
#include "lab/storebuf.h"
#include "mm/mm.h"
#include "mm/slab.h"

static struct slab_cache *anon_vma_cache;

void anon_vma_init(void)
{
	anon_vma_cache = slab_create("anon_vma", sizeof(struct anon_vma));
	slab_isolate(anon_vma_cache);
}

u64 anon_vma_nr_used(void)
{
	return slab_nr_used(anon_vma_cache);
}

void anon_vma_get(struct anon_vma *anon_vma)
{
	atomic_inc(&anon_vma->refs);
}

void anon_vma_put(struct anon_vma *anon_vma)
{
	if (atomic_dec_and_test(&anon_vma->refs))
		slab_free(anon_vma_cache, anon_vma);
}

/*
 * The anon_vma of @near if @vma and it touch and could become one by mprotect: two different ones
 * would keep them apart for ever. Not released meanwhile: @near is linked, mmap_sem is held.
 */
static struct anon_vma *anon_vma_of_neighbour(struct vma *vma, struct vma *near)
{
	if (!near || (near->end != vma->start && near->start != vma->end))
		return NULL;
	if ((near->flags ^ vma->flags) & ~VM_ACCESS)
		return NULL;
	return smp_load_acquire(&near->anon_vma);
}

/* With a reference for the caller, or NULL without memory. */
static struct anon_vma *anon_vma_find_or_alloc(struct vma *vma)
{
	struct anon_vma *anon_vma;

	anon_vma = anon_vma_of_neighbour(vma, vma_next(vma->mm, vma));
	if (!anon_vma)
		anon_vma = anon_vma_of_neighbour(vma, vma_prev(vma->mm, vma));
	if (anon_vma) {
		anon_vma_get(anon_vma);
		return anon_vma;
	}
	anon_vma = slab_alloc(anon_vma_cache);
	if (anon_vma)
		sb_store(&anon_vma->refs.v, 1);
	return anon_vma;
}

int anon_vma_prepare(struct vma *vma)
{
	struct anon_vma *anon_vma;

	if (likely(READ_ONCE(vma->anon_vma)))
		return 0;
	anon_vma = anon_vma_find_or_alloc(vma);
	if (!anon_vma)
		return -ENOMEM;
	spin_lock(&vma->mm->page_table_lock);
	if (!vma->anon_vma) {
		/* MO-14: who finds it counts further references. */
		sb_store_release(&vma->anon_vma, anon_vma, bug(anon_vma_no_release));
		anon_vma = NULL;
	}
	spin_unlock(&vma->mm->page_table_lock);
	if (anon_vma) /* another fault of this VMA was faster */
		anon_vma_put(anon_vma);
	return 0;
}
