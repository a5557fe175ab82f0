/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMAs and the tree that finds them.
 *
 * The tree (mm->mm_rb) is an augmented red-black tree by address whose nodes know the largest gap
 * below any VMA of their subtree; mm->vmas lists the same VMAs in order. Both change only with
 * mmap_sem held for writing and, the tree, inside a write section of mm_seq, so that lockless
 * walkers see that it moved. VMAs are freed through SRCU (vma_srcu): who found one inside a read
 * section may look at it until the section ends.
 *
 * Attributes change only with mmap_sem held for writing and inside a write section of the VMA's
 * vm_sequence (INV-5). A VMA taken out of the tree has its node cleared (dead) after mm_seq's
 * section and before its pages are zapped (MO-3).
 */
#pragma once

#include "kernel/rbtree.h"
#include "kernel/seqlock.h"
#include "kernel/srcu.h"
#include "arch/mmu.h"

struct mm;

#define VM_READ BIT(0)
#define VM_WRITE BIT(1)
#define VM_EXEC BIT(2)
#define VM_SHARED BIT(3)
#define VM_GROWSDOWN BIT(4)
#define VM_ACCESS (VM_READ | VM_WRITE | VM_EXEC)

#define VMA_GAP_MAX (1UL << 40)		  /* larger gaps are counted as this */
#define STACK_GUARD_GAP (256 * PAGE_SIZE) /* kept free below a VMA that grows down */
#define STACK_MAX_SIZE (8UL << 20)	  /* no VMA grows beyond */

/* The anon_vma: what ties a VMA to its anonymous pages. Reference-counted by the VMAs that share
 * it and by nothing else; a page's mapping pointer is valid while it is mapped. */
struct anon_vma {
	atomic_t refs;
};

struct vma {
	/* Written with mmap_sem held for writing and vm_sequence open; read locklessly. */
	unsigned long start, end; /* [start, end), page-aligned */
	unsigned long flags;	  /* VM_* */
	pgprot_t prot;
	struct anon_vma *anon_vma; /* NULL until the first write fault; then constant. Set under
				    * mmap_sem (read) and page_table_lock. */
	struct seqcount vm_sequence;

	/* Guarded by mmap_sem (write) and mm_seq. */
	struct rb_node node; /* cleared: the VMA is dead */
	/* Free addresses below this VMA that a mapping may take, and the most below any VMA of this
	 * subtree; no more than VMA_GAP_MAX. Not for lockless use. */
	unsigned long gap, subtree_gap;

	/* Guarded by mmap_sem. */
	struct list_head list;
	struct mm *mm;

	struct srcu_head srcu;
};

extern struct srcu vma_srcu;

/* Boot, once, when threads can be made (vma_srcu has a worker). Panics without memory. */
void vma_subsystem_init(void);

/* --- life --- */
/* A VMA not yet in any tree, node cleared, vm_sequence even; NULL without memory. */
struct vma *vma_alloc(struct mm *mm, unsigned long start, unsigned long end, unsigned long flags);
/* Frees a VMA, unlinked and its section closed (L-4), after a grace period of vma_srcu; its
 * anon_vma reference goes with it (INV-7). */
void vma_free_deferred(struct vma *vma);
/* VMAs allocated and not yet freed: for the ledger. */
u64 vma_nr_used(void);
pgprot_t vma_prot(unsigned long flags);
/* A write section of vm_sequence: every change of an attribute, and every zap with mmap_sem held
 * for writing. mmap_sem held for writing (INV-5, checked with LAB). */
void vma_write_begin(struct vma *vma);
/* The same while other VMAs' sections are open: the @n-th of them, from 1 on. */
void vma_write_begin_nested(struct vma *vma, unsigned int n);
void vma_write_end(struct vma *vma);

static inline bool vma_is_dead(const struct vma *vma)
{
	return rb_node_is_clear(&vma->node);
}

/* --- tree; mmap_sem held for writing unless said otherwise --- */
/* Puts @vma, complete and never linked before, behind @prev (NULL: in front of all), whose next
 * VMA must not begin before @vma ends. No search. */
void vma_link(struct mm *mm, struct vma *vma, struct vma *prev);
/* Takes @vma out of tree and list and marks it dead. Its section may be open. */
void vma_unlink(struct mm *mm, struct vma *vma);
/* After start, end or VM_GROWSDOWN of a linked VMA, or its successor's start, changed. */
void vma_gap_update(struct mm *mm, struct vma *vma);
/* The first VMA with end > @addr, or NULL. mmap_sem held (either way). */
struct vma *find_vma(struct mm *mm, unsigned long addr);
/* Steps of the longest lockless walk (mm/vma_walk.h) since boot: for tests. */
unsigned int vma_longest_walk(void);
/* The neighbours in address order, NULL at the ends; of NULL, the first and the last. */
struct vma *vma_next(struct mm *mm, struct vma *vma);
struct vma *vma_prev(struct mm *mm, struct vma *vma);
/* The start of the highest gap of @len bytes in [@low, @high), the VMA above it in *@next (NULL:
 * none), or -ENOMEM. Keeps STACK_GUARD_GAP below VMAs that grow down. */
long vma_find_gap(struct mm *mm, unsigned long len, unsigned long low, unsigned long high,
		  struct vma **next);
/* Panics if tree, list, gaps or counts disagree: for tests. mmap_sem held. */
void vma_validate(struct mm *mm);

/* --- anon_vma --- */
void anon_vma_init(void);
/*
 * Makes sure @vma has an anon_vma, sharing a neighbour's where a later merge could want it.
 * mmap_sem held (reading is enough), no page_table_lock. Returns 0 or -ENOMEM. Never
 * speculatively (L-14).
 */
int anon_vma_prepare(struct vma *vma);
void anon_vma_get(struct anon_vma *anon_vma);
void anon_vma_put(struct anon_vma *anon_vma);
u64 anon_vma_nr_used(void);

/* --- changing the layout, mmap_sem held for writing --- */
/* Splits at @addr, strictly inside: @vma keeps the lower part. Returns 0 or -ENOMEM; the caller
 * minds MAX_MAP_COUNT. */
int vma_split(struct mm *mm, struct vma *vma, unsigned long addr);
/*
 * Merges a mapping [@start, @end) with @flags, that lies in a hole or is (part of) an existing VMA
 * about to get these flags, with its neighbours: the eight cases of docs/vma-merge.md. @prev is
 * the last VMA that begins below @start (NULL: none), @anon_vma that of the range (NULL: none).
 * Returns the VMA that covers it now, or NULL if nothing could be merged. Never fails halfway.
 */
struct vma *vma_merge(struct mm *mm, struct vma *prev, unsigned long start, unsigned long end,
		      unsigned long flags, struct anon_vma *anon_vma);
/* Maps the hole [@start, @end) behind @prev, merging or with a new VMA. 0 or -ENOMEM. */
int vma_map(struct mm *mm, struct vma *prev, unsigned long start, unsigned long end,
	    unsigned long flags);
/* Unmaps [@start, @end), pages, tables and VMAs. 0, or -ENOMEM with nothing unmapped. */
int vma_unmap(struct mm *mm, unsigned long start, unsigned long end);
