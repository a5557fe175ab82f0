/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walks down the tree of VMAs without mmap_sem, inline for the speculative fault.
 *
 * A walk reads links, start and end, and nothing else. It always comes to an end, since the tree's
 * stores never make a loop reachable, and its steps are counted (hazard 7.7); whether it saw
 * all there is to see mm_seq tells. The keys may change outside mm_seq (hazard 7.8): a walk may
 * then miss a VMA or find a neighbour, which its caller notices by the bounds under vm_sequence.
 */
#pragma once

#include "kernel/thread.h"
#include "lab/sync.h"
#include "mm/mm.h"

#define LOOKUP_STEPS 128 /* more than twice the height of any tree of MAX_MAP_COUNT VMAs */

extern unsigned int vma_walk_longest;

/* For vma_longest_walk. Racy on purpose: a maximum that is missed once is met again. */
static inline void vma_note_walk(unsigned int steps)
{
#if LAB
	if (unlikely(steps > READ_ONCE(vma_walk_longest)))
		WRITE_ONCE(vma_walk_longest, steps);
#else
	(void)steps;
#endif
}

/*
 * As find_vma, on a tree that may change. False if it did not hold still or if the walk went on for
 * too long; then *@found says nothing.
 */
static __always_inline bool vma_walk_lockless(const struct mm *mm, unsigned long addr,
					      struct vma **found)
{
	u32 seq = raw_read_seqcount(&mm->mm_seq.count);
	unsigned int left = LOOKUP_STEPS;
	struct rb_node *node;

	SYNC_POINT(tree_walk);
	if (unlikely(seq & 1))
		return false;
	*found = NULL;
	for (node = READ_ONCE(mm->mm_rb.node); node && likely(--left);) {
		struct vma *vma = container_of(node, struct vma, node);

		if (READ_ONCE(vma->end) <= addr) {
			node = READ_ONCE(node->right);
			continue;
		}
		*found = vma;
		if (READ_ONCE(vma->start) <= addr) {
			vma_note_walk(LOOKUP_STEPS - left);
			return !read_seqcount_retry(&mm->mm_seq.count, seq);
		}
		node = READ_ONCE(node->left);
	}
	vma_note_walk(LOOKUP_STEPS - left);
	return left && !read_seqcount_retry(&mm->mm_seq.count, seq);
}

/* Out of line, for the function below only. */
struct vma *find_vma_srcu_again(struct mm *mm, unsigned long addr, bool *busy);

/*
 * The first VMA with end > @addr, without mmap_sem, inside a read section of vma_srcu. Tries a few
 * times while the tree moves. Returns NULL with *@busy true if it never held still, NULL with
 * *@busy false if there is none. The result may be out of date: check its bounds under vm_sequence.
 */
static __always_inline struct vma *find_vma_srcu(struct mm *mm, unsigned long addr, bool *busy)
{
	struct vma *vma, *again;
	bool again_busy;

#if LAB
	WARN_ON(current->srcu_depth == 0);
#endif
	*busy = false;
	if (likely(vma_walk_lockless(mm, addr, &vma)))
		return vma;
	again = find_vma_srcu_again(mm, addr, &again_busy);
	*busy = again_busy;
	return again;
}
