/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tree of VMAs: linking, unlinking, lookup with and without mmap_sem, and the search for gaps.
 *
 * Owns mm->mm_rb, mm->vmas, mm->nr_vmas and every subtree_gap. Tree and list hold the same VMAs in
 * the same order, so neighbours are found in the list and their place in the tree needs no search.
 *
 * Locking: changes need mmap_sem held for writing; changes of tree links moreover lie in a write
 * section of mm_seq (lock order: vm_sequence, mm_seq). What lockless walkers do is in
 * mm/vma_walk.h.
 *
 * Gaps: vma->gap = its start, less the guard below a stack, - the previous VMA's end, at most
 * VMA_GAP_MAX. The cap keeps the one vast gap of an address space, below the mmap area, from
 * changing with every mapping, which would go up to the root each time. A new VMA takes part of the
 * next one's gap and gives it back when it goes; the next one's is brought up to date after the
 * insertion and before the erasure, so that the larger gap hides what changes below it. At each
 * rotation gaps and subtree_gaps agree.
 *
 * Source: Cormen et al., "Introduction to Algorithms", 14.2 "How to augment a data structure";
 * M. Lespinasse's idea of largest gaps for mmap (2012).
 */
#include "kernel/errno.h"
#include "kernel/thread.h"
#include "lab/bug.h"
#include "mm/vma_walk.h"

#define LOOKUP_TRIES 4

static struct vma *vma_of(const struct rb_node *node)
{
	return container_of(node, struct vma, node);
}

struct vma *vma_next(struct mm *mm, struct vma *vma)
{
	struct list_head *next = vma ? vma->list.next : mm->vmas.next;

	return next == &mm->vmas ? NULL : list_entry(next, struct vma, list);
}

struct vma *vma_prev(struct mm *mm, struct vma *vma)
{
	struct list_head *prev = vma ? vma->list.prev : mm->vmas.prev;

	return prev == &mm->vmas ? NULL : list_entry(prev, struct vma, list);
}

/* Where mappings below @vma have to end. */
static unsigned long gap_end(const struct vma *vma)
{
	if (likely(!(vma->flags & VM_GROWSDOWN)))
		return vma->start;
	return vma->start > STACK_GUARD_GAP ? vma->start - STACK_GUARD_GAP : 0;
}

static unsigned long gap_start(struct vma *vma)
{
	struct vma *prev = vma_prev(vma->mm, vma);

	return prev ? prev->end : 0;
}

static unsigned long gap_below(struct vma *vma)
{
	unsigned long start = gap_start(vma), end = gap_end(vma);

	return end > start ? min(end - start, VMA_GAP_MAX) : 0;
}

static unsigned long largest_gap(const struct rb_node *node)
{
	unsigned long gap = vma_of(node)->gap;

	if (node->left)
		gap = max(gap, vma_of(node->left)->subtree_gap);
	if (node->right)
		gap = max(gap, vma_of(node->right)->subtree_gap);
	return gap;
}

static bool update_gap(struct rb_node *node)
{
	struct vma *vma = vma_of(node);
	unsigned long gap = largest_gap(node);

	if (gap == vma->subtree_gap)
		return false;
	vma->subtree_gap = gap;
	return true;
}

static void set_gap(struct vma *vma)
{
	unsigned long gap = gap_below(vma);

	if (gap == vma->gap)
		return;
	vma->gap = gap;
	rb_propagate(&vma->node, update_gap);
}

void vma_gap_update(struct mm *mm, struct vma *vma)
{
	struct vma *next = vma_next(mm, vma);

	if (bug(skip_gap_update))
		return;
	set_gap(vma);
	if (next)
		set_gap(next);
}

void vma_link(struct mm *mm, struct vma *vma, struct vma *prev)
{
	struct vma *next = vma_next(mm, prev);
	struct rb_node *parent = NULL, **link = &mm->mm_rb.node;

	/* Of two neighbours either the upper has no left child or the lower no right one. */
	if (next && !next->node.left) {
		parent = &next->node;
		link = &parent->left;
	} else if (prev) {
		parent = &prev->node;
		link = &parent->right;
	}
	list_add(&vma->list, prev ? &prev->list : &mm->vmas);
	mm->nr_vmas++;
	vma->gap = gap_below(vma);
	/* MO-2: the fields are stored before the section's barrier, the link after it. */
	write_seqlock(&mm->mm_seq);
	rb_insert(&mm->mm_rb, &vma->node, parent, link, update_gap);
	write_sequnlock(&mm->mm_seq);
	if (next)
		set_gap(next);
}

void vma_unlink(struct mm *mm, struct vma *vma)
{
	struct vma *next = vma_next(mm, vma);

	list_del(&vma->list);
	mm->nr_vmas--;
	if (next)
		set_gap(next);
	write_seqlock(&mm->mm_seq);
	rb_erase(&mm->mm_rb, &vma->node, update_gap);
	write_sequnlock(&mm->mm_seq);
	/* MO-3: the section's barrier orders the erasure before the mark; the barrier that begins
	 * the next section of vm_sequence, or that ends the present one, orders it before a zap. */
	rb_node_clear(&vma->node);
}

struct vma *find_vma(struct mm *mm, unsigned long addr)
{
	struct rb_node *node = mm->mm_rb.node;
	struct vma *best = NULL;

	while (node) {
		struct vma *vma = vma_of(node);

		if (vma->end <= addr) {
			node = node->right;
			continue;
		}
		best = vma;
		if (vma->start <= addr)
			break;
		node = node->left;
	}
	return best;
}

unsigned int vma_walk_longest;

unsigned int vma_longest_walk(void)
{
	return READ_ONCE(vma_walk_longest);
}

struct vma *find_vma_srcu_again(struct mm *mm, unsigned long addr, bool *busy)
{
	struct vma *vma;

	for (unsigned int i = 1; i < LOOKUP_TRIES; i++) {
		stat_inc(LOOKUP_RETRIES);
		cpu_relax();
		if (vma_walk_lockless(mm, addr, &vma)) {
			*busy = false;
			return vma;
		}
	}
	stat_inc(LOOKUP_RETRIES);
	*busy = true;
	return NULL;
}

/* Whether the gap below @vma holds @len bytes within [@low, @high); the highest place for them. */
static bool gap_fits(struct vma *vma, unsigned long len, unsigned long low, unsigned long high,
		     unsigned long *addr)
{
	unsigned long start = max(gap_start(vma), low), end = min(gap_end(vma), high);

	if (end < start || end - start < len)
		return false;
	*addr = end - len;
	return true;
}

static bool subtree_fits(const struct rb_node *node, unsigned long len)
{
	return node && vma_of(node)->subtree_gap >= min(len, VMA_GAP_MAX);
}

/* The nearest ancestor to whose right @vma lies: next in line on the way down the addresses. */
static struct vma *left_ancestor(struct vma *vma)
{
	struct rb_node *child = &vma->node, *node;

	while ((node = rb_parent(child)) && node->right != child)
		child = node;
	return node ? vma_of(node) : NULL;
}

/* Visits VMAs from high to low, passing over subtrees in which no gap is large enough. */
static struct vma *find_gap_below(struct mm *mm, unsigned long len, unsigned long low,
				  unsigned long high, unsigned long *addr)
{
	struct vma *vma = subtree_fits(mm->mm_rb.node, len) ? vma_of(mm->mm_rb.node) : NULL;
	bool down = true;

	while (vma) {
		/* Gaps to the right begin at vma->end or above. */
		while (down && vma->end <= high - len && subtree_fits(vma->node.right, len))
			vma = vma_of(vma->node.right);
		if (gap_fits(vma, len, low, high, addr))
			return vma;
		if (vma->start < low + len)
			break; /* and the gaps to the left end lower still */
		down = subtree_fits(vma->node.left, len);
		vma = down ? vma_of(vma->node.left) : left_ancestor(vma);
	}
	return NULL;
}

long vma_find_gap(struct mm *mm, unsigned long len, unsigned long low, unsigned long high,
		  struct vma **next)
{
	struct vma *last = vma_prev(mm, NULL);
	unsigned long top = last ? max(last->end, low) : low, addr;

	*next = NULL;
	if (high < low || high - low < len)
		return -ENOMEM;
	if (top <= high && high - top >= len)
		return (long)(high - len);
	*next = find_gap_below(mm, len, low, high, &addr);
	return *next ? (long)addr : -ENOMEM;
}

static void validate_vma(struct mm *mm, struct vma *vma)
{
	struct vma *next = vma_next(mm, vma);

	BUG_ON_MSG(vma->start >= vma->end || ((vma->start | vma->end) & ~PAGE_MASK), "vma %lx-%lx",
		   vma->start, vma->end);
	BUG_ON_MSG(next && next->start < vma->end, "vma %lx-%lx before %lx-%lx", vma->start,
		   vma->end, next->start, next->end);
	BUG_ON_MSG(vma->mm != mm || vma_is_dead(vma) || (vma->vm_sequence.seq & 1),
		   "vma %lx-%lx seq=%u", vma->start, vma->end, vma->vm_sequence.seq);
	BUG_ON_MSG(vma->prot.v != vma_prot(vma->flags).v, "vma %lx-%lx flags=%lx", vma->start,
		   vma->end, vma->flags);
	BUG_ON_MSG(vma->gap != gap_below(vma) || vma->subtree_gap != largest_gap(&vma->node),
		   "vma %lx-%lx gap=%lx subtree_gap=%lx", vma->start, vma->end, vma->gap,
		   vma->subtree_gap);
}

void vma_validate(struct mm *mm)
{
	struct rb_node *node = rb_first(&mm->mm_rb);
	unsigned int count = 0;
	struct vma *vma;

	BUG_ON(rb_validate(&mm->mm_rb) < 0);
	list_for_each_entry(vma, &mm->vmas, list) {
		BUG_ON_MSG(node != &vma->node, "vma %lx-%lx is not next in the tree", vma->start,
			   vma->end);
		validate_vma(mm, vma);
		node = rb_next(node);
		count++;
	}
	BUG_ON_MSG(node || count != mm->nr_vmas, "%u listed, %u counted", count, mm->nr_vmas);
}
