/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocating and freeing pages: the per-CPU lists in front of the zones, counters, and injected
 * failures.
 *
 * Owns every struct page_cache: a stack of free single pages, last in first out, and the pages
 * this CPU has allocated less those it has freed, by kind (below zero where pages are freed
 * elsewhere; the sum over CPUs is right).
 *
 * Locking: none for a CPU's own list. The kernel is not preemptible and interrupt handlers do not
 * allocate, so nothing comes between (checked with instruments). A page is PAGE_FREE with refcount
 * 0 from page_free to page_alloc; freeing it again is a BUG.
 *
 * The lists strand at most PAGE_CACHE_MAX pages per CPU when memory runs out.
 */
#include "mm/page_cache.h"
#include "mm/zone.h"
#include "kernel/errno.h"
#include "lab/freed.h"
#include "lab/poison.h"
#include "lab/quarantine.h"
#include "lab/storebuf.h"
#include "arch/mmu.h"

#define PAGE_CACHE_BATCH 16

static atomic64_t nr_kind_early[NR_PAGE_KINDS]; /* counted by CPUs that had no list yet */

#if LAB
static u32 fail_kinds; /* bits of enum page_kind, 0: none fails */
static atomic64_t fail_left;

void page_alloc_fail_after(u64 n)
{
	atomic64_set(&fail_left, (s64)n);
	WRITE_ONCE(fail_kinds, n ? BIT(PAGE_ANON) | BIT(PAGE_TABLE) : 0);
}

void page_alloc_fail_kernel(bool fail)
{
	atomic64_set(&fail_left, 0);
	WRITE_ONCE(fail_kinds, fail ? BIT(PAGE_KERNEL) | BIT(PAGE_SLAB) : 0);
}

static __noinline bool count_failure(enum page_kind kind)
{
	if (!(READ_ONCE(fail_kinds) & BIT(kind)))
		return false;
	return atomic64_add_return(&fail_left, -1) < 0;
}

static inline bool alloc_must_fail(enum page_kind kind)
{
	return unlikely(READ_ONCE(fail_kinds)) && count_failure(kind);
}

/* The reports are apart, so that the checks cost little. */
static __noinline __noreturn void report_context(void)
{
	panic("BUG: page allocator used in an interrupt");
}

static __noinline __noreturn void report_page(const struct page *page, const char *what)
{
	freed_print((unsigned long)page_to_virt(page));
	panic("BUG: %s: page %#lx: kind %u order %u refcount %d mapcount %d", what,
	      page_to_pfn(page), page->kind, page->order, atomic_read(&page->refcount),
	      atomic_read(&page->mapcount));
}

static inline void check_context(void)
{
	if (unlikely(this_cpu()->irq_depth))
		report_context();
}

static inline void check_alloc(const struct page *page)
{
	if (unlikely(page->kind != PAGE_FREE || atomic_read(&page->refcount)))
		report_page(page, "free page is in use");
}

static inline void check_free(const struct page *page, unsigned int order)
{
	if (unlikely(page->kind == PAGE_FREE))
		report_page(page, "page freed twice");
	if (unlikely(page->kind == PAGE_RESERVED || page->order != order))
		report_page(page, "no block of that order to free");
	if (unlikely(atomic_read(&page->refcount) || atomic_read(&page->mapcount)))
		report_page(page, "freed page is in use");
}

/* A block is freed, still of its kind: who did it, and poison. */
static void page_leaves(struct page *page, unsigned int order)
{
	if (page->kind == PAGE_ANON && page_checks == PAGE_CHECKS_PLAIN)
		return;
	freed_record_pages(page, order);
	for (unsigned long i = 0; i < BIT(order); i++) {
		poison_fill(page_to_virt(&page[i]), PAGE_SIZE, PGTABLE_POISON);
		WRITE_ONCE(page[i].flags, page[i].flags | PAGE_POISONED);
	}
}

void page_check_poison(struct page *page)
{
	const char *start = page_to_virt(page);
	size_t at;

	if (!(page->flags & PAGE_POISONED))
		return;
	WRITE_ONCE(page->flags, page->flags & (u16)~PAGE_POISONED);
	at = poison_find(start, PAGE_SIZE, PGTABLE_POISON);
	if (unlikely(at < PAGE_SIZE))
		freed_report(FREED_WRITTEN, (unsigned long)start, NULL,
			     "a freed page was written: %lx at %lx, byte %zu of it",
			     *(const unsigned long *)(start + at), (unsigned long)start + at, at);
}

/* A block is handed out again. */
static void page_returns(struct page *page, unsigned int order)
{
	if (unlikely(quarantine_on))
		quarantine_map(page, order);
	for (unsigned long i = 0; i < BIT(order); i++)
		page_check_poison(&page[i]);
}
#else
#define page_leaves(page, order) do { } while (0)
#define page_returns(page, order) do { } while (0)

static inline void quarantine_put(struct page *page, unsigned int order)
{
	(void)page, (void)order;
}

static inline bool alloc_must_fail(enum page_kind kind)
{
	(void)kind;
	return false;
}

static inline void check_context(void)
{
}

static inline void check_alloc(const struct page *page)
{
	(void)page;
}

static inline void check_free(const struct page *page, unsigned int order)
{
	(void)page;
	(void)order;
}
#endif

int page_alloc_init_cpu(struct cpu *cpu)
{
	struct page *page = page_alloc(0, PAGE_KERNEL, ALLOC_ZERO);

	_Static_assert(sizeof(struct page_cache) <= PAGE_SIZE, "a page holds it");
	if (!page)
		return -ENOMEM;
	cpu->page_cache = page_to_virt(page);
	return 0;
}

static void count_kind(struct page_cache *cache, unsigned int kind, s64 n)
{
	if (likely(cache))
		cache->nr_kind[kind] += n;
	else
		atomic64_add(&nr_kind_early[kind], n);
}

/* From the zones: a block, or the last page of a refilled list. */
static struct page *take_slow(struct page_cache *cache, unsigned int order)
{
	if (order || !cache)
		return zone_alloc(order);
	cache->nr = zone_alloc_batch(cache->pages, PAGE_CACHE_BATCH);
	return cache->nr ? cache->pages[--cache->nr] : NULL;
}

static inline void hand_out(struct page *page, enum page_kind kind)
{
	check_alloc(page);
	page->kind = (u8)kind;
	atomic_set(&page->refcount, 1);
}

static inline void clear_for(enum page_kind kind, struct page *page)
{
	clear_page(page_to_virt(page));
	if (kind == PAGE_TABLE || kind == PAGE_ANON) /* entries lead to it (MO-5) */
		sb_page_cleared(page_to_virt(page));
}

/* Blocks, an empty list, or no list yet. Apart, so that the rest of page_alloc is a leaf. */
static __noinline struct page *page_alloc_slow(unsigned int order, enum page_kind kind,
					       unsigned int flags)
{
	struct page_cache *cache = this_cpu()->page_cache;
	struct page *page = take_slow(cache, order);

	if (!page && quarantine_drain())
		page = take_slow(cache, order);
	if (!page)
		return NULL;
	hand_out(page, kind);
	page_returns(page, order);
	count_kind(cache, kind, (s64)BIT(order));
	for (unsigned long i = 0; i < BIT(order); i++) {
		page[i].kind = (u8)kind;
		if (flags & ALLOC_ZERO)
			clear_for(kind, &page[i]);
	}
	return page;
}

struct page *page_alloc(unsigned int order, enum page_kind kind, unsigned int flags)
{
	struct page_cache *cache = this_cpu()->page_cache;
	struct page *page;

	check_context();
	if (unlikely(alloc_must_fail(kind)))
		return NULL;
	if (unlikely(order || !cache || !cache->nr))
		return page_alloc_slow(order, kind, flags);
	check_alloc(cache->pages[cache->nr - 1]);
	page = page_cache_take(cache, kind);
	page_returns(page, 0);
	if (flags & ALLOC_ZERO)
		clear_for(kind, page);
	return page;
}

/* Blocks, a full list (whose oldest pages go), no list yet; or what is held back. */
static __noinline void page_free_slow(struct page *page, unsigned int order)
{
	struct page_cache *cache = this_cpu()->page_cache;

	count_kind(cache, page->kind, -(s64)BIT(order));
	for (unsigned long i = 0; i < BIT(order); i++)
		page[i].kind = PAGE_FREE;
	if (quarantine_on) {
		quarantine_put(page, order);
		return;
	}
	if (order || !cache) {
		zone_free(page, order);
		return;
	}
	zone_free_batch(cache->pages, PAGE_CACHE_BATCH);
	cache->nr -= PAGE_CACHE_BATCH;
	for (unsigned int i = 0; i < cache->nr; i++)
		cache->pages[i] = cache->pages[i + PAGE_CACHE_BATCH];
	cache->pages[cache->nr++] = page;
}

void page_free(struct page *page, unsigned int order)
{
	struct page_cache *cache = this_cpu()->page_cache;

	check_context();
	check_free(page, order);
	page_leaves(page, order);
	if (unlikely(order || !cache || cache->nr == PAGE_CACHE_MAX || quarantine_on)) {
		page_free_slow(page, order);
		return;
	}
	cache->nr_kind[page->kind]--;
	page->kind = PAGE_FREE;
	cache->pages[cache->nr++] = page;
}

void page_put(struct page *page)
{
	if (atomic_dec_and_test(&page->refcount))
		page_free(page, 0);
}

void page_drain_cpu(void)
{
	struct page_cache *cache = this_cpu()->page_cache;

	if (!cache)
		return;
	zone_free_batch(cache->pages, cache->nr);
	cache->nr = 0;
}

u64 page_nr_free(void)
{
	u64 n = zone_nr_free() + quarantine_nr_pages();

	for (unsigned int i = 0; i < NR_CPUS; i++)
		if (cpus[i] && cpus[i]->page_cache)
			n += READ_ONCE(cpus[i]->page_cache->nr);
	return n;
}

u64 page_nr_kind(enum page_kind kind)
{
	s64 n = atomic64_read(&nr_kind_early[kind]);

	if (kind == PAGE_FREE)
		return page_nr_free();
	if (kind == PAGE_RESERVED)
		return zone_nr_reserved();
	for (unsigned int i = 0; i < NR_CPUS; i++)
		if (cpus[i] && cpus[i]->page_cache)
			n += READ_ONCE(cpus[i]->page_cache->nr_kind[kind]);
	return (u64)n;
}
