/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One lockless walk down the tree of VMAs, inline for the speculative fault.
 *
 * Reads links, start and end, and nothing else. It always comes to an end, since the tree's stores
 * never make a loop reachable, and since its steps are counted besides (hazard 7.7); whether it saw
 * all there is to see mm_seq tells. The keys may change outside mm_seq (hazard 7.8): a walk may
 * then miss a VMA or find a neighbour, which its caller notices by the bounds under vm_sequence.
 */
#pragma once

#include "mm/mm.h"

#define VMA_WALK_STEPS 128 /* more than twice the height of any tree of MAX_MAP_COUNT VMAs */

/* For vma_longest_walk. */
void vma_note_walk(unsigned int steps);

/*
 * As find_vma, inside a read section of vma_srcu. False if the tree did not hold still, or if the
 * walk went on for too long; then *@found says nothing.
 */
static __always_inline bool vma_walk_once(const struct mm *mm, unsigned long addr,
					  struct vma **found)
{
	u32 seq = raw_read_seqcount(&mm->mm_seq.count);
	struct rb_node *node = READ_ONCE(mm->mm_rb.node);
	unsigned int left = VMA_WALK_STEPS;
	struct vma *best = NULL;

	if (unlikely(seq & 1))
		return false;
	for (; node && left; left--) {
		struct vma *vma = container_of(node, struct vma, node);

		if (READ_ONCE(vma->end) <= addr) {
			node = READ_ONCE(node->right);
			continue;
		}
		best = vma;
		if (READ_ONCE(vma->start) <= addr)
			break;
		node = READ_ONCE(node->left);
	}
#if LAB
	vma_note_walk(VMA_WALK_STEPS - left);
#endif
	*found = best;
	return likely(left) && !read_seqcount_retry(&mm->mm_seq.count, seq);
}
