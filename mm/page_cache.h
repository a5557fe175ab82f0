/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The per-CPU list of free single pages, and taking one from it, inline for the fault paths. The
 * rest, and who may touch it when, is in mm/page_cpu.c.
 */
#pragma once

#include "kernel/cpu.h"
#include "mm/page.h"

#define PAGE_CACHE_MAX 32

struct page_cache {
	unsigned int nr;
	struct page *pages[PAGE_CACHE_MAX];
	s64 nr_kind[NR_PAGE_KINDS];
};

/* A page of the list of @cache, which has one. */
static __always_inline struct page *page_cache_take(struct page_cache *cache, enum page_kind kind)
{
	struct page *page = cache->pages[--cache->nr];

	page->kind = (u8)kind;
	atomic_set(&page->refcount, 1);
	cache->nr_kind[kind]++;
	return page;
}

/* page_alloc(0, @kind, ALLOC_ZERO) once each CPU has its list, without a call in the usual case. */
static __always_inline struct page *page_alloc_zeroed(enum page_kind kind)
{
#if !LAB /* with instruments every allocation is checked */
	struct page_cache *cache = this_cpu()->page_cache;

	if (likely(cache->nr)) {
		struct page *page = page_cache_take(cache, kind);

		clear_page(page_to_virt(page));
		return page;
	}
#endif
	return page_alloc(0, kind, ALLOC_ZERO);
}
