/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lookup of VMAs without mmap_sem, inline for the speculative fault.
 *
 * A walk reads links, start and end, and nothing else. It always comes to an end, since the tree's stores
 * never make a loop reachable, and since its steps are counted besides (hazard 7.7); whether it saw
 * all there is to see mm_seq tells. The keys may change outside mm_seq (hazard 7.8): a walk may
 * then miss a VMA or find a neighbour, which its caller notices by the bounds under vm_sequence.
 */
#pragma once

#include "kernel/thread.h"
#include "mm/mm.h"

#define LOOKUP_STEPS 128 /* more than twice the height of any tree of MAX_MAP_COUNT VMAs */

/* Out of line, for the functions below only. */
struct vma *find_vma_srcu_again(struct mm *mm, unsigned long addr, bool *busy);
void vma_note_walk(unsigned int steps);

/*
 * As find_vma, on a tree that may change. False if it did not hold still or if the walk went on for
 * too long; then *@found says nothing.
 */
static __always_inline bool vma_walk_lockless(const struct mm *mm, unsigned long addr,
					      struct vma **found)
{
	u32 seq = raw_read_seqcount(&mm->mm_seq.count);
	struct rb_node *node = READ_ONCE(mm->mm_rb.node);
	unsigned int left = LOOKUP_STEPS;

	*found = NULL;
	if (unlikely(seq & 1))
		return false;
	while (node && left) {
		struct vma *vma = container_of(node, struct vma, node);

		left--;
		if (READ_ONCE(vma->end) <= addr) {
			node = READ_ONCE(node->right);
			continue;
		}
		*found = vma;
		if (READ_ONCE(vma->start) <= addr)
			break;
		node = READ_ONCE(node->left);
	}
#if LAB
	vma_note_walk(LOOKUP_STEPS - left);
#endif
	return likely(left) && !read_seqcount_retry(&mm->mm_seq.count, seq);
}

/*
 * The first VMA with end > @addr, without mmap_sem, inside a read section of vma_srcu. Tries a few
 * times while the tree moves. Returns NULL with *@busy true if it never held still, NULL with
 * *@busy false if there is none. The result may be out of date: check its bounds under vm_sequence.
 */
static __always_inline struct vma *find_vma_srcu(struct mm *mm, unsigned long addr, bool *busy)
{
	struct vma *vma;
	bool again_busy;

#if LAB
	WARN_ON(current->srcu_depth == 0);
#endif
	*busy = false;
	if (likely(vma_walk_lockless(mm, addr, &vma)))
		return vma;
	vma = find_vma_srcu_again(mm, addr, &again_busy);
	*busy = again_busy;
	return vma;
}
