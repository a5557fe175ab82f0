/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walks down the tree of VMAs without mmap_sem, inline for the speculative fault.
 *
 * A walk reads links, start and end, and nothing else. It always comes to an end, since the tree's stores
 * never make a loop reachable, and since its steps are counted besides (hazard 7.7); whether it saw
 * all there is to see mm_seq tells. The keys may change outside mm_seq (hazard 7.8): a walk may
 * then miss a VMA or find a neighbour, which its caller notices by the bounds under vm_sequence.
 */
#pragma once

#include "mm/mm.h"

#define LOOKUP_STEPS 128 /* more than twice the height of any tree of MAX_MAP_COUNT VMAs */

/* For vma_longest_walk; LAB only. */
void vma_note_walk(unsigned int steps);

/*
 * One walk: the VMA that holds @addr, or NULL if it came upon none. Then *@above is the last VMA
 * above @addr that it passed, NULL if none, and *@ended whether it did not go on for too long.
 */
static __always_inline struct vma *vma_walk_lockless(const struct mm *mm, unsigned long addr,
						     struct vma **above, bool *ended)
{
	struct rb_node *node = READ_ONCE(mm->mm_rb.node);
	unsigned int left = LOOKUP_STEPS;

	*above = NULL;
	while (node && likely(--left)) {
		const struct vma *vma = container_of(node, struct vma, node);

		if (READ_ONCE(vma->end) <= addr) {
			node = READ_ONCE(node->right);
		} else if (READ_ONCE(vma->start) > addr) {
			*above = container_of(node, struct vma, node);
			node = READ_ONCE(node->left);
		} else {
			break;
		}
	}
#if LAB
	vma_note_walk(LOOKUP_STEPS - left);
#endif
	*ended = left != 0;
	return node && left ? container_of(node, struct vma, node) : NULL;
}

/*
 * The VMA that holds @addr, if one walk comes upon it; inside a read section of vma_srcu. mm_seq is
 * not asked: a VMA whose own count, mark and bounds are found good is the right one however the
 * tree has moved. Only of what is missing mm_seq must tell, and find_vma_srcu asks it.
 */
static __always_inline struct vma *find_vma_srcu_hit(const struct mm *mm, unsigned long addr)
{
	struct vma *above;
	bool ended;

	return vma_walk_lockless(mm, addr, &above, &ended);
}
