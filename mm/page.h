/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical pages: struct page, the buddy allocator and its per-CPU lists.
 *
 * One struct page for each page of RAM. References: a page is freed when refcount falls to 0.
 * At any instant refcount >= mapcount (INV-12): references are taken before maps and dropped
 * after them. Running out of memory is a NULL that travels up.
 *
 * Not from interrupts: a CPU's list of free pages is used by what runs on the CPU, which is not
 * preemptible, and so needs neither a lock nor interrupts off.
 */
#pragma once

#include "kernel/atomic.h"
#include "kernel/list.h"
#include "kernel/printk.h"
#include "arch/page.h"

struct cpu;

enum page_kind {
	PAGE_FREE,
	PAGE_RESERVED,
	PAGE_KERNEL,
	PAGE_SLAB,
	PAGE_TABLE,
	PAGE_ANON,
	NR_PAGE_KINDS
};

struct page {
	struct list_head node; /* allocator's, while free; owner's, while not */
	atomic_t refcount;
	union {
		atomic_t mapcount; /* user PTEs that map it */
		u32 slab_used;	   /* PAGE_SLAB: objects in use or in stacks of CPUs */
	};
	u8 kind;   /* enum page_kind; the same in all pages of a block */
	u8 order;  /* of the block it heads, free or not */
	u16 flags; /* PAGE_* below */
	union {
		void *mapping;	      /* PAGE_ANON: the anon_vma */
		void *slab;	      /* PAGE_SLAB: the cache; in all pages of a block */
		struct ptdesc *ptdesc; /* PAGE_TABLE */
	};
	union {
		/* PAGE_ANON: page index in its mapping. PAGE_TABLE while it is being freed, for the
		 * record: generation << 8 | level. */
		unsigned long index;
		void *slab_free;     /* PAGE_SLAB: first free object */
	};
} __aligned(64); /* a power of two, for between page and frame number there is a shift then */

/* Heads a free block on a zone's lists; the zone's. */
#define PAGE_IN_ZONE BIT(0)
/* Filled with PGTABLE_POISON when it was freed; only with instruments. */
#define PAGE_POISONED BIT(1)
/* Holds one object of a slab cache: see slab_isolate. */
#define PAGE_ISOLATED BIT(2)

#define MAX_ORDER 10U /* largest block 2^10 pages */

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
 * NMI and interrupts; never sleeps. Order 0 comes from this CPU's list. mapping, index and node
 * hold what they held; mapcount is 0.
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

/*
 * Pages free now in lists of zones and CPUs, pages in use by kind, and all pages of RAM: the kinds
 * (PAGE_FREE and PAGE_RESERVED too) add up to the total. Exact when nothing runs.
 */
u64 page_nr_free(void);
u64 page_nr_kind(enum page_kind kind);
u64 page_nr_total(void);
/* Gives this CPU's list back to the zones, so that blocks can grow together again. */
void page_drain_cpu(void);

#if LAB
/*
 * Makes every page_alloc of kind PAGE_ANON or PAGE_TABLE on this machine fail after @n more (0:
 * never): for tests of what running out of memory does.
 */
void page_alloc_fail_after(u64 n);
/* From now on every one of kind PAGE_KERNEL or PAGE_SLAB fails, or no longer. */
void page_alloc_fail_kernel(bool fail);
/* Reports the free page @page, mapped, if it was poisoned and is no more; looks once. */
void page_check_poison(struct page *page);
#endif
