/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical pages: struct page, the buddy allocator and its per-CPU lists.
 *
 * One struct page for each page of RAM. References: a page is freed when refcount falls to 0.
 * At any instant refcount >= mapcount (INV-12): references are taken before maps and dropped
 * after them. The allocator's own lock order: per-CPU list (interrupts off), then zone lock.
 * Running out of memory is a NULL that travels up.
 */
#pragma once

#include "kernel/atomic.h"
#include "kernel/list.h"
#include "kernel/printk.h"
#include "arch/page.h"

struct cpu;

enum page_kind { PAGE_FREE, PAGE_RESERVED, PAGE_KERNEL, PAGE_SLAB, PAGE_TABLE, PAGE_ANON, NR_PAGE_KINDS };

struct page {
	struct list_head node; /* allocator's, while free; owner's, while not */
	atomic_t refcount;
	atomic_t mapcount; /* user PTEs that map it */
	u8 kind;	   /* enum page_kind */
	u8 order;	   /* of the block it heads, while free */
	u16 flags;
	union {
		void *mapping;	      /* PAGE_ANON: the anon_vma */
		void *slab;	      /* PAGE_SLAB */
		struct ptdesc *ptdesc; /* PAGE_TABLE */
	};
	unsigned long index; /* PAGE_ANON: page index in its mapping */
};

#define MAX_ORDER 10 /* largest block 2^10 pages */

/* alloc flags */
#define ALLOC_ZERO BIT(0) /* cleared */

extern struct page *page_map; /* by frame number, from frame 0 on */
extern u64 page_map_len;

static inline struct page *pfn_to_page(u64 pfn)
{
	return &page_map[pfn];
}

static inline u64 page_to_pfn(const struct page *page)
{
	return (u64)(page - page_map);
}

static inline phys_addr_t page_to_phys(const struct page *page)
{
	return page_to_pfn(page) << PAGE_SHIFT;
}

static inline void *page_to_virt(const struct page *page)
{
	return phys_to_virt(page_to_phys(page));
}

static inline struct page *virt_to_page(const void *virt)
{
	return pfn_to_page(virt_to_phys(virt) >> PAGE_SHIFT);
}

/* Boot CPU, once: takes all of boot_info's RAM that is not reserved. Panics (exit value
 * EXIT_PANIC, message "too little memory") if it cannot even hold page_map. */
void page_alloc_init(void);
/* Once CPUs are known: gives @cpu its list. Returns 0 or -ENOMEM. */
int page_alloc_init_cpu(struct cpu *cpu);

/*
 * A block of 2^@order pages, refcount 1, kind set to @kind; NULL without memory. Any context but
 * NMI and interrupts; never sleeps. Order 0 comes from this CPU's list.
 */
struct page *page_alloc(unsigned int order, enum page_kind kind, unsigned int flags);
/* Gives back a block whose refcount has become 0 (page_put does both for single pages). */
void page_free(struct page *page, unsigned int order);

static inline void page_get(struct page *page)
{
	atomic_inc(&page->refcount);
}

/* Drops a reference to a single page and frees it with the last one. */
void page_put(struct page *page);

/* Pages free now in lists of zone and CPUs; exact when nothing runs. For the ledger. */
u64 page_nr_free(void);
/* Pages in use by kind. */
u64 page_nr_kind(enum page_kind kind);
u64 page_nr_total(void);
/* Gives all per-CPU lists of this CPU back, so that the ledger is exact. */
void page_drain_cpu(void);

/*
 * Makes every page_alloc of kind PAGE_ANON or PAGE_TABLE on this machine fail after @n more (0:
 * never): for tests of what running out of memory does.
 */
void page_alloc_fail_after(u64 n);
