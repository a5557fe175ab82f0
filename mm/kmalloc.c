/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kmalloc: memory of any size, from caches of powers of two up to half a page, from whole blocks of
 * pages beyond.
 *
 * Owns the kmalloc caches. No locks of its own. kfree knows from the page's kind where it goes.
 */
#include "mm/slab.h"
#include "mm/page.h"
#include "kernel/printk.h"
#include "kernel/string.h"

#define MIN_SHIFT 5 /* 32 bytes */
#define NR_KMALLOC_CACHES (PAGE_SHIFT - MIN_SHIFT) /* the last has objects of half a page */
#define KMALLOC_MAX (1UL << 20)

static struct slab_cache *kmalloc_caches[NR_KMALLOC_CACHES];

void kmalloc_init(void)
{
	static const char *const names[] = {
		"kmalloc-32",	"kmalloc-64",	"kmalloc-128",	"kmalloc-256",
		"kmalloc-512",	"kmalloc-1024",	"kmalloc-2048",	"kmalloc-4096",
		"kmalloc-8192",	"kmalloc-16384", "kmalloc-32768",
	};

	_Static_assert(NR_KMALLOC_CACHES <= ARRAY_SIZE(names), "every cache has a name");
	for (unsigned int i = 0; i < NR_KMALLOC_CACHES; i++)
		kmalloc_caches[i] = slab_create(names[i], BIT(MIN_SHIFT + i));
}

/* The smallest n with 2^n >= @size; @size > 1. */
static unsigned int size_shift(size_t size)
{
	return 64 - (unsigned int)__builtin_clzll(size - 1);
}

static __noinline void *kmalloc_pages(size_t size)
{
	struct page *page;

	if (size > KMALLOC_MAX)
		return NULL;
	page = page_alloc(size_shift(DIV_ROUND_UP(size, PAGE_SIZE) * 2) - 1, PAGE_KERNEL, 0);
	return page ? page_to_virt(page) : NULL;
}

void *kmalloc(size_t size)
{
	if (size <= BIT(MIN_SHIFT))
		return slab_alloc(kmalloc_caches[0]);
	if (size > PAGE_SIZE / 2)
		return kmalloc_pages(size);
	return slab_alloc(kmalloc_caches[size_shift(size) - MIN_SHIFT]);
}

void *kzalloc(size_t size)
{
	void *ptr = kmalloc(size);

	return ptr ? memset(ptr, 0, size) : NULL;
}

void kfree(void *ptr)
{
	struct page *page;

	if (!ptr)
		return;
	page = virt_to_page(ptr);
	if (likely(page->kind == PAGE_SLAB)) {
		slab_free(page->slab, ptr);
		return;
	}
	BUG_ON_MSG(page->kind != PAGE_KERNEL || !IS_ALIGNED((unsigned long)ptr, PAGE_SIZE),
		   "kfree(%p)", ptr);
	if (atomic_dec_and_test(&page->refcount))
		page_free(page, page->order);
}
