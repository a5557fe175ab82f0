/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The model of the fuzzer: pages, one by one. What lies below and above them counts as mapped.
 */
#include "tests/host/fuzz.h"

#define GUARD_PAGES (STACK_GUARD_GAP / PAGE_SIZE)

void model_set(struct fuzz *f, unsigned long first, unsigned long n, struct model_page to)
{
	for (unsigned long page = first; page < first + n; page++)
		f->page[page] = to;
}

bool model_free(const struct fuzz *f, unsigned long first, unsigned long n)
{
	return model_next(f, first) >= first + n;
}

unsigned long model_next(const struct fuzz *f, unsigned long page)
{
	while (page < f->pages && !f->page[page].mapped)
		page++;
	return page;
}

bool model_fits(const struct fuzz *f, unsigned long first, unsigned long n)
{
	unsigned long next = model_next(f, first), guard = 0;

	if (next < f->pages && (f->page[next].flags & VM_GROWSDOWN))
		guard = GUARD_PAGES;
	/* Below page 0 there is nothing free, but plenty of addresses. */
	return first + n + guard <= next;
}

unsigned long model_find_gap(const struct fuzz *f, unsigned long n, unsigned long top)
{
	unsigned long first = top >= n ? top - n + 1 : 0;

	while (first-- > 0)
		if (model_fits(f, first, n))
			return first;
	return f->pages;
}

bool model_may_grow(const struct fuzz *f, unsigned long page)
{
	unsigned long above = model_next(f, page), below = page;

	if (above == f->pages || !(f->page[above].flags & VM_GROWSDOWN))
		return false;
	while (below > 0 && !f->page[below - 1].mapped)
		below--;
	if (below == 0 || !(f->page[below - 1].flags & VM_ACCESS))
		return true;
	return f->page[below - 1].flags & VM_GROWSDOWN || page - below >= GUARD_PAGES;
}

void model_from_tree(struct fuzz *f)
{
	for (unsigned long page = 0; page < f->pages; page++) {
		struct vma *vma = find_vma(f->mm, fuzz_addr(f, page));

		if (vma && vma->start <= fuzz_addr(f, page)) {
			f->page[page].mapped = true;
			f->page[page].flags = (u8)vma->flags;
		} else {
			f->page[page] = (struct model_page){ .mapped = false };
		}
	}
}
