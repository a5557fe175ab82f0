/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Part of test_vma.c: layouts made by hand. Addresses are page numbers; a layout is written as a
 * list of VMAs "first-last:access", last exclusive, and read back in the same form.
 */
#pragma once

static void map(unsigned long first, unsigned long last, unsigned long prot)
{
	CHECK(mm_mmap(&test_mm, PG(first), PG(last - first), prot, ANON | MAP_FIXED) ==
	      (long)PG(first));
}

static void protect(unsigned long first, unsigned long last, unsigned long prot)
{
	CHECK(mm_mprotect(&test_mm, PG(first), PG(last - first), prot) == 0);
}

static struct vma *vma_at(unsigned long page)
{
	struct vma *vma = find_vma(&test_mm, PG(page));

	CHECK(vma && vma->start <= PG(page));
	return vma;
}

static void layout_is(const char *want)
{
	char have[256] = "";
	size_t len = 0;
	struct vma *vma;

	vma_validate(&test_mm);
	list_for_each_entry(vma, &test_mm.vmas, list)
		len += (size_t)snprintf(have + len, sizeof(have) - len, "%s%lu-%lu:%lu",
					len ? " " : "", vma->start / PAGE_SIZE,
					vma->end / PAGE_SIZE, vma->flags & VM_ACCESS);
	if (strcmp(have, want))
		panic("layout is %s, not %s", have, want);
}

static void clear(void)
{
	mm_unmap_all(&test_mm);
	host_grace_period();
	CHECK(vma_nr_used() == 0 && anon_vma_nr_used() == 0);
}

/* A VMA with its counter before a change. */
struct witness {
	struct vma *vma;
	u32 seq;
};

static struct witness witness(unsigned long page)
{
	struct vma *vma = vma_at(page);

	return (struct witness){ vma, vma->vm_sequence.seq };
}

/* The counter is even and moved: each section opened was closed, and readers notice. */
static void check_moved(struct witness w)
{
	CHECK(!(w.vma->vm_sequence.seq & 1) && w.vma->vm_sequence.seq != w.seq);
}

static void check_survived(struct witness w, unsigned long page)
{
	check_moved(w);
	CHECK(w.vma == vma_at(page) && !vma_is_dead(w.vma));
}

static void check_gone(struct witness w)
{
	check_moved(w);
	CHECK(vma_is_dead(w.vma));
}

static void test_merge_into_hole(void)
{
	struct witness p, n;

	map(10, 12, RW); /* case 1 */
	map(14, 16, RW);
	p = witness(10), n = witness(14);
	map(12, 14, RW);
	layout_is("10-16:3");
	check_survived(p, 15);
	check_gone(n);
	clear();

	map(10, 12, RW); /* case 2 */
	map(14, 16, PROT_READ);
	p = witness(10);
	map(12, 14, RW);
	layout_is("10-14:3 14-16:1");
	check_survived(p, 13);
	clear();

	map(10, 12, PROT_READ); /* case 3 */
	map(14, 16, RW);
	n = witness(14);
	map(12, 14, RW);
	layout_is("10-12:1 12-16:3");
	check_survived(n, 12);
	clear();
}

static void test_move_border(void)
{
	struct witness p, n;

	map(10, 14, PROT_READ); /* case 4 */
	map(14, 16, RW);
	p = witness(10), n = witness(14);
	protect(12, 14, RW);
	layout_is("10-12:1 12-16:3");
	check_survived(p, 11);
	check_survived(n, 12);
	clear();

	map(10, 12, RW); /* case 5 */
	map(12, 16, PROT_READ);
	p = witness(10), n = witness(12);
	protect(12, 14, RW);
	layout_is("10-14:3 14-16:1");
	check_survived(p, 13);
	check_survived(n, 14);
	clear();
}

static void test_swallow(void)
{
	struct witness p, c, n;

	map(10, 12, RW); /* case 6 */
	map(12, 14, PROT_READ);
	map(14, 16, RW);
	p = witness(10), c = witness(12), n = witness(14);
	protect(12, 14, RW);
	layout_is("10-16:3");
	check_survived(p, 15);
	check_gone(c);
	check_gone(n);
	clear();

	map(10, 12, RW); /* case 7 */
	map(12, 14, PROT_READ);
	map(14, 16, PROT_NONE);
	p = witness(10), c = witness(12);
	protect(12, 14, RW);
	layout_is("10-14:3 14-16:0");
	check_survived(p, 13);
	check_gone(c);
	clear();

	map(10, 12, PROT_NONE); /* case 8 */
	map(12, 14, PROT_READ);
	map(14, 16, RW);
	c = witness(12), n = witness(14);
	protect(12, 14, RW);
	layout_is("10-12:0 12-16:3");
	check_gone(c);
	check_survived(n, 12);
	clear();
}

static void test_split(void)
{
	struct witness v;

	map(10, 16, RW);
	v = witness(10);
	protect(12, 14, PROT_READ); /* middle */
	layout_is("10-12:3 12-14:1 14-16:3");
	check_survived(v, 10);
	protect(10, 11, PROT_READ); /* start */
	protect(15, 16, PROT_READ); /* end */
	layout_is("10-11:1 11-12:3 12-14:1 14-15:3 15-16:1");
	CHECK(mm_munmap(&test_mm, PG(13), PG(1)) == 0);
	layout_is("10-11:1 11-12:3 12-13:1 14-15:3 15-16:1");
	protect(10, 13, RW); /* several at once become one */
	layout_is("10-13:3 14-15:3 15-16:1");
	clear();
}

static void test_anon_vma(void)
{
	struct anon_vma *a;

	map(10, 12, RW); /* two that were written apart stay apart */
	map(14, 16, RW);
	host_fault(&test_mm, PG(10), true);
	host_fault(&test_mm, PG(14), true);
	CHECK(anon_vma_nr_used() == 2);
	map(12, 14, RW);
	layout_is("10-14:3 14-16:3");
	clear();

	map(10, 12, RW); /* neighbours that could merge share from the start */
	map(12, 14, PROT_READ);
	host_fault(&test_mm, PG(10), true);
	host_fault(&test_mm, PG(12), true);
	CHECK(anon_vma_nr_used() == 1);
	a = vma_at(10)->anon_vma;
	protect(12, 13, RW);
	layout_is("10-13:3 13-14:1");
	CHECK(vma_at(10)->anon_vma == a && a->refs.v == 2);
	protect(13, 14, RW);
	host_grace_period();
	CHECK(a->refs.v == 1);
	clear();

	map(10, 12, RW); /* and so they do if the upper one is written to first */
	protect(10, 12, PROT_READ);
	map(12, 14, RW);
	host_fault(&test_mm, PG(12), true);
	protect(12, 14, PROT_READ | PROT_EXEC);
	protect(10, 12, RW);
	host_fault(&test_mm, PG(10), true);
	CHECK(anon_vma_nr_used() == 1);
	protect(12, 14, RW);
	layout_is("10-14:3");
	clear();

	map(10, 12, PROT_READ); /* the survivor takes over what it swallows */
	map(12, 14, RW);
	host_fault(&test_mm, PG(12), true);
	a = vma_at(12)->anon_vma;
	protect(12, 14, PROT_READ);
	layout_is("10-14:1");
	CHECK(vma_at(10)->anon_vma == a && a->refs.v == 2); /* until the grace period */
	host_grace_period();
	CHECK(a->refs.v == 1);
	clear();
}

static void test_mmap_errors(void)
{
	struct mm *mm = &test_mm;

	CHECK(mm_mmap(mm, 0, PG(1), RW, MAP_PRIVATE) == -EBADF);
	CHECK(mm_mmap(mm, 0, 0, RW, ANON) == -EINVAL);
	CHECK(mm_mmap(mm, 0, ~0UL, RW, ANON) == -ENOMEM);
	CHECK(mm_mmap(mm, 0, USER_TOP, RW, ANON) == -ENOMEM);
	CHECK(mm_mmap(mm, 0, PG(1), RW, MAP_ANONYMOUS) == -EINVAL);
	CHECK(mm_mmap(mm, 0, PG(1), RW, ANON | MAP_SHARED) == -EINVAL);
	CHECK(mm_mmap(mm, 0, PG(1), RW, MAP_ANONYMOUS | MAP_SHARED | MAP_GROWSDOWN) == -EINVAL);
	CHECK(mm_mmap(mm, PG(10) + 1, PG(1), RW, ANON | MAP_FIXED) == -EINVAL);
	CHECK(mm_mmap(mm, USER_TOP, PG(1), RW, ANON | MAP_FIXED) == -ENOMEM);
	CHECK(mm_mmap(mm, 0, PG(1), RW, ANON | MAP_FIXED) == -EPERM);
	map(10, 12, RW);
	CHECK(mm_mmap(mm, PG(11), PG(9), RW, ANON | MAP_FIXED_NOREPLACE) == -EEXIST);
	CHECK(mm_mmap(mm, PG(12), PG(1), PROT_NONE, ANON | MAP_FIXED_NOREPLACE) == (long)PG(12));
	layout_is("10-12:3 12-13:0");
	clear();
}

static void test_mmap_hint(void)
{
	struct mm *mm = &test_mm;

	test_mm.mmap_top = PG(TOP_PAGE);
	CHECK(mm_mmap(mm, 1, PG(1), RW, ANON) == (long)PG(TOP_PAGE - 1)); /* as good as none */
	CHECK(mm_mmap(mm, PG(100) + 5, PG(1), RW, ANON) == (long)PG(100));
	CHECK(mm_mmap(mm, PG(99), PG(2), RW, ANON) == (long)PG(TOP_PAGE - 3)); /* taken */
	CHECK(mm_mmap(mm, PG(9000), PG(1), RW, ANON) == (long)PG(9000)); /* above mmap_top */
	CHECK(mm_mmap(mm, USER_TOP, PG(2), RW, ANON) == (long)PG(TOP_PAGE - 5));
	/* Nothing is large enough below mmap_top. */
	CHECK(mm_mmap(mm, 0, PG(20000), RW, ANON) == (long)(USER_TOP - PG(20000)));
	clear();
}

static void test_other_errors(void)
{
	struct mm *mm = &test_mm;

	map(10, 12, RW);
	map(13, 14, RW);
	CHECK(mm_munmap(mm, PG(10) + 8, PG(1)) == -EINVAL);
	CHECK(mm_munmap(mm, PG(10), 0) == -EINVAL);
	CHECK(mm_munmap(mm, PG(10), ~0UL) == -EINVAL);
	CHECK(mm_munmap(mm, USER_TOP + PAGE_SIZE, PG(1)) == -EINVAL);
	CHECK(mm_munmap(mm, PG(20), PG(1)) == 0);
	CHECK(mm_mprotect(mm, PG(10) + 8, PG(1), RW) == -EINVAL);
	CHECK(mm_mprotect(mm, PG(10), 0, RW) == 0);
	CHECK(mm_mprotect(mm, PG(10), ~0UL, RW) == -ENOMEM);
	CHECK(mm_mprotect(mm, PG(10), PG(1), 0x10) == -EINVAL);
	CHECK(mm_mprotect(mm, PG(11), PG(3), PROT_READ) == -ENOMEM);
	layout_is("10-11:3 11-12:1 13-14:3");
	CHECK(mm_madvise(mm, PG(10) + 8, PG(1), MADV_DONTNEED) == -EINVAL);
	CHECK(mm_madvise(mm, PG(10), ~0UL, MADV_DONTNEED) == -EINVAL);
	CHECK(mm_madvise(mm, PG(10), PG(1), 77) == -EINVAL);
	CHECK(mm_madvise(mm, PG(10), 0, MADV_DONTNEED) == 0);
	CHECK(mm_madvise(mm, PG(10), PG(2), MADV_WILLNEED) == 0);
	CHECK(mm_madvise(mm, PG(10), PG(3), MADV_RANDOM) == -ENOMEM);
	clear();
}

/* Memory runs out in the second split: nothing is unmapped. */
static void test_no_memory(void)
{
	map(10, 16, RW);
	slab_fail_in = 2;
	CHECK(mm_munmap(&test_mm, PG(12), PG(2)) == -ENOMEM);
	layout_is("10-12:3 12-16:3");
	CHECK(mm_munmap(&test_mm, PG(12), PG(2)) == 0);
	layout_is("10-12:3 14-16:3");
	clear();
}

static void test_stack(void)
{
	struct vma *vma;

	CHECK(mm_mmap(&test_mm, PG(4000), PG(2), RW, ANON | MAP_FIXED | MAP_GROWSDOWN) > 0);
	vma = vma_at(4000);
	down_write(&test_mm.mmap_sem);
	CHECK(mm_expand_stack(&test_mm, vma, PG(4000) + 3) == 0);
	CHECK(mm_expand_stack(&test_mm, vma, PG(4002 - 2049)) == -ENOMEM);
	CHECK(mm_expand_stack(&test_mm, vma, PG(4002 - 2048)) == 0); /* 8 MiB */
	layout_is("1954-4002:3");
	vma->flags &= ~VM_GROWSDOWN;
	CHECK(mm_expand_stack(&test_mm, vma, PG(1953)) == -EFAULT);
	vma->flags |= VM_GROWSDOWN;
	up_write(&test_mm.mmap_sem);
	test_mm.mmap_top = PG(4002); /* the guard stays free */
	CHECK(mm_mmap(&test_mm, 0, PG(2), RW, ANON) == (long)PG(1954 - 256 - 2));
	clear();
}

/* As many VMAs as there may be. */
static void test_map_count(void)
{
	for (unsigned long i = 0; i < MAX_MAP_COUNT - 1; i++)
		map(1000 + 4 * i, 1003 + 4 * i, RW);
	CHECK(mm_munmap(&test_mm, PG(1001), PG(1)) == 0); /* one into two */
	CHECK(test_mm.nr_vmas == MAX_MAP_COUNT);
	CHECK(mm_munmap(&test_mm, PG(1005), PG(1)) == -ENOMEM);
	CHECK(mm_mprotect(&test_mm, PG(1005), PG(1), PROT_READ) == -ENOMEM);
	CHECK(mm_mmap(&test_mm, PG(10), PG(1), RW, ANON | MAP_FIXED) == -ENOMEM);
	CHECK(mm_munmap(&test_mm, PG(1008), PG(1)) == 0); /* an edge: as many as before */
	CHECK(mm_munmap(&test_mm, PG(1014), PG(1)) == 0);
	map(1007, 1009, RW); /* fills a gap: one less */
	CHECK(test_mm.nr_vmas == MAX_MAP_COUNT - 1);
	vma_validate(&test_mm);
	clear();
}

/* Gaps beyond what the tree counts. */
static void test_vast_gaps(void)
{
	unsigned long tib = (1UL << 40) / PAGE_SIZE;

	test_mm.mmap_top = PG(20 * tib);
	map(3 * tib, 3 * tib + 1, RW);
	map(13 * tib, 13 * tib + 1, RW);
	map(18 * tib, 18 * tib + 1, RW);
	CHECK(mm_mmap(&test_mm, 0, PG(6 * tib), RW, ANON) == (long)PG(7 * tib));
	CHECK(mm_mmap(&test_mm, 0, PG(4 * tib), RW, ANON) == (long)PG(14 * tib));
	CHECK(mm_mmap(&test_mm, 0, PG(3 * tib), RW, ANON) == (long)PG(4 * tib));
	CHECK(mm_mmap(&test_mm, 0, PG(2 * tib), RW, ANON) == (long)PG(tib));
	vma_validate(&test_mm);
	clear();
}

/* A fault of the same VMA is faster, in the moment before the lock. */
static void test_anon_vma_race(void)
{
	struct vma *vma;

	map(10, 12, RW);
	vma = vma_at(10);
	down_read(&test_mm.mmap_sem);
	slab_alloc_hook = vma;
	CHECK(anon_vma_prepare(vma) == 0);
	up_read(&test_mm.mmap_sem);
	CHECK(!slab_alloc_hook && vma->anon_vma->refs.v == 1 && anon_vma_nr_used() == 1);
	clear();
}

/* Who finds the tree changing gives up after a few tries, without waiting. */
static void test_lookup_busy(void)
{
	u64 retries;
	bool busy;

	map(10, 12, RW);
	retries = this_cpu()->stat[STAT_LOOKUP_RETRIES];
	write_seqlock(&test_mm.mm_seq);
	CHECK(!find_vma_srcu(&test_mm, PG(10), &busy) && busy);
	write_sequnlock(&test_mm.mm_seq);
	CHECK(this_cpu()->stat[STAT_LOOKUP_RETRIES] == retries + LOOKUP_TRIES);
	CHECK(find_vma_srcu(&test_mm, PG(10), &busy) == vma_at(10) && !busy);
	CHECK(!find_vma_srcu(&test_mm, PG(12), &busy) && !busy);
	clear();
}

/* And who is led in circles (bug rb_loop_on_rotate) as well. */
static void test_lookup_loop(void)
{
	struct rb_node *node;
	bool busy;

	map(10, 12, RW);
	node = &vma_at(10)->node;
	node->left = node;
	CHECK(!find_vma_srcu(&test_mm, PG(1), &busy) && busy);
	node->left = NULL;
	clear();
}

/* A place above all VMAs has no VMA behind it, whatever the caller's pointer was. */
static void test_gap_above(void)
{
	struct vma *next;

	map(10, 12, RW);
	next = vma_at(10);
	CHECK(vma_find_gap(&test_mm, PG(1), PG(5), PG(20), &next) == (long)PG(19) && !next);
	CHECK(vma_find_gap(&test_mm, PG(1), PG(5), PG(12), &next) == (long)PG(9));
	CHECK(next == vma_at(10));
	clear();
}

static void run_cases(void)
{
	RUN(test_merge_into_hole);
	RUN(test_move_border);
	RUN(test_swallow);
	RUN(test_split);
	RUN(test_anon_vma);
	RUN(test_anon_vma_race);
	RUN(test_lookup_busy);
	RUN(test_lookup_loop);
	RUN(test_mmap_errors);
	RUN(test_mmap_hint);
	RUN(test_gap_above);
	RUN(test_vast_gaps);
	RUN(test_other_errors);
	RUN(test_no_memory);
	RUN(test_stack);
	RUN(test_map_count);
}
