/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VMA code on the host: the eight merge cases one by one, limits and errors, and random
 * sequences of memory calls against a model that knows nothing but pages.
 *
 * At every sync point that a call passes, a lockless lookup is made and what it finds must be the
 * state before the call or after it, or be marked as changing. Page tables and locks are fakes
 * that check what they are asked (vma_host.h).
 */
#include "tests/host/vma_host.h"

#include "kernel/rbtree.c"
#include "mm/anon_vma.c"
#include "mm/brk.c"
#include "mm/madvise.c"
#include "mm/mmap.c"
#include "mm/mprotect.c"
#include "mm/munmap.c"
#include "mm/vma.c"
#include "mm/vma_adjust.c"
#include "mm/vma_tree.c"

#define PG(n) ((unsigned long)(n) * PAGE_SIZE)
#define ARENA_TOP PG(ARENA_PAGES)
#define LOW_PAGE (MMAP_LOW / PAGE_SIZE)
#define TOP_PAGE (ARENA_PAGES - 60) /* mmap_top */
#define BRK_PAGE 40
#define GUARD_PAGES 256
#define PROT_NONE 0
#define STEPS 200000
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_ANONYMOUS | MAP_PRIVATE)

/* The model: each page's VM_* flags and whether it is mapped at all. */
struct model_page {
	bool mapped;
	u8 flags;
};
static struct model_page model[ARENA_PAGES];
static unsigned long model_brk;

/* What the call in progress may make of the pages [first, last). */
static struct {
	unsigned long first, last;
	struct model_page to;
	bool any; /* nothing known */
} change;

static unsigned long roll(unsigned long n)
{
	return (host_random() >> 11) % n;
}

/* --- what lockless readers may see --- */
static void check_lockless(unsigned long page)
{
	bool busy;
	struct vma *vma = find_vma_srcu(&test_mm, PG(page), &busy);

	CHECK(!busy);
	if (change.any || (vma && (vma_is_dead(vma) || (vma->vm_sequence.seq & 1))))
		return;
	if (!vma || vma->start > PG(page)) /* a hole: the speculation gives up */
		return;
	if (model[page].mapped && vma->flags == model[page].flags)
		return;
	CHECK(page >= change.first && page < change.last);
	CHECK(change.to.mapped && vma->flags == change.to.flags);
}

void sync_reach(enum sync_point point)
{
	if (point == SYNC_tree_walk || point == SYNC_tree_rotating) /* inside mm_seq or a walk */
		return;
	if (change.first < change.last)
		check_lockless(change.first + roll(change.last - change.first));
	check_lockless(roll(ARENA_PAGES));
	if (point != SYNC_munmap_unlinked && point != SYNC_munmap_zapped)
		return;
	for (unsigned long page = change.first; !change.any && page < change.last; page++) {
		bool busy;
		struct vma *vma = find_vma_srcu(&test_mm, PG(page), &busy);

		CHECK(!vma || vma->start > PG(page));
	}
}

/* --- comparing --- */
/* The end of @vma as a page number; what lies above the arena may merge with what is in it. */
static unsigned long last_page(const struct vma *vma)
{
	return min(vma->end / PAGE_SIZE, ARENA_PAGES);
}

static void check_pages_of(const struct vma *vma)
{
	for (unsigned long page = vma->start / PAGE_SIZE; page < last_page(vma); page++) {
		const struct host_pte *pte = &host_ptes[page];

		CHECK(model[page].mapped && model[page].flags == vma->flags);
		CHECK(!pte->present || pte->prot == vma->prot.v);
		CHECK(!pte->mapping || pte->mapping == vma->anon_vma);
	}
}

static void check_all(void)
{
	unsigned long at = 0;
	struct vma *vma;

	vma_validate(&test_mm);
	CHECK(!test_mm.mmap_sem.state && !test_mm.mm_seq.lock.val);
	list_for_each_entry(vma, &test_mm.vmas, list) {
		if (vma->start >= ARENA_TOP)
			return;
		for (; at < vma->start / PAGE_SIZE; at++)
			CHECK(!model[at].mapped && !host_ptes[at].present);
		check_pages_of(vma);
		at = last_page(vma);
	}
}

static void model_set(unsigned long first, unsigned long last, struct model_page to)
{
	for (; first < last; first++)
		model[first] = to;
}

/* After a call that ran out of memory half-way: what it did is taken over from the tree. */
static void model_from_tree(void)
{
	struct vma *vma;

	memset(model, 0, sizeof(model));
	list_for_each_entry(vma, &test_mm.vmas, list)
		if (vma->start < ARENA_TOP)
			model_set(vma->start / PAGE_SIZE, last_page(vma),
				  (struct model_page){ true, (u8)vma->flags });
}

static bool model_free(unsigned long first, unsigned long last)
{
	for (; first < last; first++)
		if (model[first].mapped)
			return false;
	return true;
}

static unsigned long model_next(unsigned long page)
{
	while (page < ARENA_PAGES && !model[page].mapped)
		page++;
	return page;
}

/* Whether [first, first + n) is free and keeps away from a stack above. */
static bool model_fits(unsigned long first, unsigned long n)
{
	unsigned long next = model_next(first);
	unsigned long guard = 0;

	if (next < ARENA_PAGES && (model[next].flags & VM_GROWSDOWN))
		guard = GUARD_PAGES;
	return next >= guard && first + n <= next - guard;
}

/* The highest first page of a gap of @n below @top, or 0. */
static unsigned long model_find_gap(unsigned long n, unsigned long top)
{
	unsigned long first = top >= n ? top - n + 1 : 0;

	while (first-- > LOW_PAGE)
		if (model_fits(first, n))
			return first;
	return 0;
}

/* --- the calls, with what the model expects --- */
static void expect_change(unsigned long first, unsigned long last, struct model_page to)
{
	change.first = first;
	change.last = last;
	change.to = to;
	change.any = false;
}

static void step_mmap_fixed(unsigned long first, unsigned long n, unsigned long prot,
			    unsigned long flags)
{
	struct model_page to = { true, (u8)mmap_vm_flags(prot, flags) };
	bool noreplace = flags & MAP_FIXED_NOREPLACE;
	bool blocked = noreplace && !model_free(first, first + n);
	long ret;

	expect_change(first, first + n, to);
	ret = mm_mmap(&test_mm, PG(first), PG(n), prot, flags);
	if (slab_failed && ret == -ENOMEM) {
		CHECK(!blocked);
		model_from_tree();
		return;
	}
	CHECK(ret == (blocked ? -EEXIST : (long)PG(first)));
	if (!blocked)
		model_set(first, first + n, to);
}

static void step_mmap_anywhere(unsigned long hint, unsigned long n, unsigned long prot,
			       unsigned long flags)
{
	struct model_page to = { true, (u8)mmap_vm_flags(prot, flags) };
	unsigned long want = 0, addr = hint ? PG(hint) + roll(PAGE_SIZE) : 0; /* rounded down */
	long ret;

	if (hint && hint + n <= ARENA_PAGES && !model[hint].mapped && model_fits(hint, n))
		want = hint;
	if (!want)
		want = model_find_gap(n, TOP_PAGE);
	if (!want)
		want = model_find_gap(n, ARENA_PAGES);
	expect_change(want, want ? want + n : 0, to);
	ret = mm_mmap(&test_mm, addr, PG(n) - roll(PAGE_SIZE), prot, flags);
	if (slab_failed && ret == -ENOMEM)
		return;
	CHECK(ret == (want ? (long)PG(want) : -ENOMEM));
	if (want)
		model_set(want, want + n, to);
}

static void step_mmap(unsigned long first, unsigned long n)
{
	static const unsigned long prots[] = { RW, RW, RW, PROT_READ, PROT_NONE, RW | PROT_EXEC };
	unsigned long prot = prots[roll(ARRAY_SIZE(prots))];
	unsigned long flags = MAP_ANONYMOUS | (roll(8) ? MAP_PRIVATE : MAP_SHARED);

	if (roll(16) == 0 && (flags & MAP_PRIVATE))
		flags |= MAP_GROWSDOWN;
	if (roll(4) == 0)
		flags |= MAP_POPULATE;
	if (roll(2))
		step_mmap_fixed(first, n, prot,
				flags | (roll(3) ? MAP_FIXED : MAP_FIXED_NOREPLACE));
	else
		step_mmap_anywhere(roll(2) ? first : 0, n, prot, flags);
}

static void step_munmap(unsigned long first, unsigned long n)
{
	long ret;

	expect_change(first, first + n, (struct model_page){ false, 0 });
	ret = mm_munmap(&test_mm, PG(first), PG(n) - roll(PAGE_SIZE));
	if (slab_failed && ret == -ENOMEM)
		return; /* and nothing is unmapped */
	CHECK(ret == 0);
	model_set(first, first + n, change.to);
}

static void step_mprotect(unsigned long first, unsigned long n)
{
	unsigned long prot = roll(8), hole = first;
	long ret;

	while (hole < first + n && model[hole].mapped)
		hole++;
	change.any = true; /* pages keep their other flags */
	ret = mm_mprotect(&test_mm, PG(first), PG(n) - roll(PAGE_SIZE), prot);
	change.any = false;
	if (slab_failed && ret == -ENOMEM) {
		model_from_tree();
		return;
	}
	CHECK(ret == (hole == first + n ? 0 : -ENOMEM));
	for (; first < hole; first++)
		model[first].flags = (u8)((model[first].flags & ~VM_ACCESS) |
					  mmap_vm_flags(prot, 0));
}

static void step_dontneed(unsigned long first, unsigned long n)
{
	bool whole = model_next(first) == first;
	long ret;

	for (unsigned long page = first; page < first + n; page++)
		whole = whole && model[page].mapped;
	expect_change(0, 0, (struct model_page){ false, 0 });
	ret = mm_madvise(&test_mm, PG(first), PG(n) - roll(PAGE_SIZE), MADV_DONTNEED);
	CHECK(ret == (whole ? 0 : -ENOMEM));
	for (unsigned long page = first; page < first + n; page++)
		CHECK(!host_ptes[page].present);
}

static void step_brk(unsigned long first)
{
	unsigned long brk = PG(first) + roll(PAGE_SIZE), old = model_brk, ret;
	unsigned long from = ALIGN_UP(old, PAGE_SIZE) / PAGE_SIZE;
	unsigned long to = ALIGN_UP(brk, PAGE_SIZE) / PAGE_SIZE;
	bool ok = brk >= PG(BRK_PAGE);

	if (ok && to > from)
		ok = to < ARENA_PAGES && model_fits(from, to - from + 1);
	expect_change(min(from, to), max(from, to),
		      (struct model_page){ to > from, VM_READ | VM_WRITE });
	ret = mm_brk(&test_mm, brk);
	if (slab_failed && ret == old)
		return;
	CHECK(ret == (ok ? brk : old));
	if (!ok)
		return;
	model_brk = brk;
	model_set(change.first, change.last, change.to);
}

/* A fault below a stack, as far as the classic path takes it. */
static void step_stack(unsigned long page)
{
	unsigned long start = model_next(page), below = page;
	struct vma *vma;
	bool ok;
	int err;

	if (start == ARENA_PAGES || start == page || !(model[start].flags & VM_GROWSDOWN))
		return;
	while (below > 0 && !model[below].mapped)
		below--;
	ok = page > 0 && (!model[below].mapped || !(model[below].flags & VM_ACCESS) ||
			  (model[below].flags & VM_GROWSDOWN) || page - below - 1 >= GUARD_PAGES);
	expect_change(page, start, model[start]);
	down_write(&test_mm.mmap_sem);
	vma = find_vma(&test_mm, PG(page));
	err = mm_expand_stack(&test_mm, vma, PG(page) + 8);
	up_write(&test_mm.mmap_sem);
	CHECK(err == (ok ? 0 : -ENOMEM));
	if (ok)
		model_set(page, start, change.to);
}

static void random_step(void)
{
	unsigned long first = 1 + roll(ARENA_PAGES - 1);
	unsigned long n = 1 + roll(roll(4) ? 6 : 60);

	n = min(n, ARENA_PAGES - first);
	slab_failed = false;
	slab_fail_in = roll(20) ? 0 : 1 + (unsigned int)roll(3);
	switch (roll(8)) {
	case 0: case 1:
		step_mmap(first, n);
		break;
	case 2:
		step_munmap(first, n);
		break;
	case 3: case 4:
		step_mprotect(first, n);
		break;
	case 5:
		step_dontneed(first, n);
		break;
	case 6:
		if (roll(2))
			step_brk(BRK_PAGE - 1 + roll(80));
		else
			step_stack(first);
		break;
	default:
		for (unsigned long i = 0; i < n; i++)
			host_fault(&test_mm, PG(first + i), roll(2));
	}
	slab_fail_in = 0;
	if (roll(10) == 0)
		host_grace_period();
}

static void test_random(void)
{
	expect_change(0, 0, (struct model_page){ false, 0 });
	test_mm.mmap_top = PG(TOP_PAGE);
	test_mm.brk_start = test_mm.brk = model_brk = PG(BRK_PAGE);
	/* Nothing above the arena, so that it fills up. */
	change.any = true;
	CHECK(mm_mmap(&test_mm, ARENA_TOP, USER_TOP - ARENA_TOP, PROT_NONE,
		      MAP_ANONYMOUS | MAP_SHARED | MAP_FIXED) == (long)ARENA_TOP);
	for (test_step = 1; test_step <= STEPS; test_step++) {
		/* Without this now and then the arena is always full. */
		if (roll(200) == 0)
			step_munmap(roll(ARENA_PAGES / 2), ARENA_PAGES / 2);
		random_step();
		check_all();
	}
	change.any = true;
	mm_unmap_all(&test_mm);
	host_grace_period();
	CHECK(test_mm.nr_vmas == 0 && list_empty(&test_mm.vmas) && !test_mm.mm_rb.node);
	CHECK(vma_nr_used() == 0 && anon_vma_nr_used() == 0);
}

#include "tests/host/vma_cases.h"

int main(void)
{
	host_setup();
	vma_subsystem_init();
	change.any = true;
	run_cases();
	RUN(test_random);
	free(vma_cache);
	free(anon_vma_cache);
	return host_done();
}
