/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changing the layout: splitting VMAs and merging them, the eight cases of docs/vma-merge.md.
 *
 * Locking: mmap_sem held for writing. Every VMA whose bounds or anon_vma change, and every VMA that
 * goes, has its vm_sequence section open from before the first change until after the last, all at
 * once; a merge that swallows two VMAs is therefore one step, with no half-way layout that looks
 * stable. A VMA that goes is unlinked and marked dead, its section is closed, and only then is it
 * handed to SRCU (hazard L-4). Within a change VMAs shrink before others grow: a lockless walker
 * may meet a hole that was never mapped so, and gives up, but never two VMAs for one address.
 *
 * A merge allocates nothing and cannot fail; it only needs references.
 */
#include "kernel/errno.h"
#include "lab/bug.h"
#include "lab/shadow.h"
#include "lab/sync.h"
#include "mm/mm.h"
#include "mm/vma_order.h"

/* Gives @vma, which has none, a reference to @anon_vma (NULL: none). */
static void share_anon_vma(struct vma *vma, struct anon_vma *anon_vma)
{
	if (!anon_vma)
		return;
	anon_vma_get(anon_vma);
	WRITE_ONCE(vma->anon_vma, anon_vma);
}

int vma_split(struct mm *mm, struct vma *vma, unsigned long addr)
{
	struct vma *upper;

	BUG_ON_MSG(addr <= vma->start || addr >= vma->end, "%lx in %lx-%lx", addr, vma->start,
		   vma->end);
	if (unlikely(vma_order_on()))
		return vma_split_ordered(mm, vma, addr);
	upper = vma_alloc(mm, addr, vma->end, vma->flags);
	if (!upper)
		return -ENOMEM;
	share_anon_vma(upper, vma->anon_vma);
	vma_write_begin(vma);
	SYNC_POINT(adjust_seq_open);
	WRITE_ONCE(vma->end, addr);
	vma_link(mm, upper, vma);
	vma_write_end(vma);
	return 0;
}

struct merge {
	struct vma *keep;	    /* grows to [start, end) */
	unsigned long start, end;
	struct anon_vma *anon_vma;  /* for keep if it has none */
	struct vma *shrink;	    /* gives keep its head or tail, or NULL */
	struct vma *gone[2];	    /* swallowed, or NULL */
};

static void merge_open(const struct merge *m)
{
	unsigned int n = 1;

	vma_write_begin(m->keep);
	if (m->shrink)
		vma_write_begin_nested(m->shrink, n++);
	for (unsigned int i = 0; i < ARRAY_SIZE(m->gone); i++)
		if (m->gone[i])
			vma_write_begin_nested(m->gone[i], n++);
	SYNC_POINT(adjust_seq_open);
}

static void merge_close(const struct merge *m)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(m->gone); i++)
		if (m->gone[i])
			vma_write_end(m->gone[i]);
	if (m->shrink)
		vma_write_end(m->shrink);
	vma_write_end(m->keep);
}

static void merge_apply(struct mm *mm, const struct merge *m)
{
	merge_open(m);
	for (unsigned int i = 0; i < ARRAY_SIZE(m->gone); i++)
		if (m->gone[i])
			vma_unlink(mm, m->gone[i]);
	if (m->shrink && m->shrink->start < m->start)
		WRITE_ONCE(m->shrink->end, m->start);
	else if (m->shrink)
		WRITE_ONCE(m->shrink->start, m->end);
	WRITE_ONCE(m->keep->start, m->start);
	WRITE_ONCE(m->keep->end, m->end);
	if (!m->keep->anon_vma)
		share_anon_vma(m->keep, m->anon_vma);
	vma_gap_update(mm, m->keep);
	merge_close(m);
	for (unsigned int i = 0; i < ARRAY_SIZE(m->gone); i++)
		if (m->gone[i])
			vma_free_deferred(m->gone[i]);
}

static bool anon_vmas_agree(const struct anon_vma *a, const struct anon_vma *b)
{
	return !a || !b || a == b;
}

static bool can_join(const struct vma *vma, unsigned long flags, const struct anon_vma *anon_vma)
{
	return (vma->flags == flags || bug(merge_any_flags)) &&
	       anon_vmas_agree(vma->anon_vma, anon_vma);
}

struct vma *vma_merge(struct mm *mm, struct vma *prev, unsigned long start, unsigned long end,
		      unsigned long flags, struct anon_vma *anon_vma)
{
	struct vma *next = vma_next(mm, prev), *cover = NULL;
	struct merge m = { .start = start, .end = end, .anon_vma = anon_vma };
	bool join_prev, join_next;

	if (next && next->start == start) { /* all or the head of an existing VMA */
		cover = next;
		next = cover->end == end ? vma_next(mm, cover) : NULL;
	}
	join_prev = prev && prev->end == start && can_join(prev, flags, anon_vma);
	join_next = next && next->start == end && can_join(next, flags, anon_vma);
	if (join_prev && join_next && !anon_vmas_agree(prev->anon_vma, next->anon_vma))
		join_next = false;
	if (!join_prev && !join_next)
		return NULL;

	if (cover && cover->end == end)
		m.gone[0] = cover; /* cases 6, 7, 8 */
	else if (cover)
		m.shrink = cover; /* case 5 */
	else if (prev && prev->end > start)
		m.shrink = prev; /* case 4 */
	if (join_prev) {
		m.keep = prev;
		m.start = prev->start;
	} else {
		m.keep = next;
	}
	if (join_next)
		m.end = next->end;
	if (join_prev && join_next) { /* cases 1, 6 */
		m.gone[1] = next;
		if (!m.anon_vma)
			m.anon_vma = next->anon_vma;
	}
	merge_apply(mm, &m);
	return m.keep;
}

static int map_range(struct mm *mm, struct vma *prev, unsigned long start, unsigned long end,
		     unsigned long flags)
{
	struct vma *vma;

	if (vma_merge(mm, prev, start, end, flags, NULL))
		return 0;
	if (mm->nr_vmas >= MAX_MAP_COUNT)
		return -ENOMEM;
	vma = vma_alloc(mm, start, end, flags);
	if (!vma)
		return -ENOMEM;
	vma_link(mm, vma, prev);
	return 0;
}

int vma_map(struct mm *mm, struct vma *prev, unsigned long start, unsigned long end,
	    unsigned long flags)
{
	int err;

	shadow_change_begin(mm, start, end, flags & VM_ACCESS);
	err = map_range(mm, prev, start, end, flags);
	shadow_change_end(mm, err);
	return err;
}
