/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The buddy allocator, and how it gets its memory at boot.
 *
 * Owns page_map and the zones. There are two zones, below and above LOW_LIMIT, up to which the
 * boot map reaches on every architecture: the upper one is used when the lower one is empty, so
 * that what is allocated before arch_mmu_init (page tables, most of all) can be written at once.
 *
 * Locking: a zone's lock guards its lists, nr_free, and PAGE_IN_ZONE, order and node of its free
 * pages. Nothing is locked inside it. Frame 0 is never given out.
 *
 * Source: D. Knuth, "The Art of Computer Programming" volume 1, 2.5, "The buddy system".
 */
#include "mm/page.h"
#include "mm/zone.h"
#include "kernel/boot.h"
#include "kernel/exit.h"
#include "kernel/spinlock.h"

#define LOW_LIMIT (4ULL << 30)
#define NR_ZONES 2

struct zone {
	struct spinlock lock;
	struct list_head free[MAX_ORDER + 1];
	u64 nr_free;
};

struct page *page_map;
u64 page_map_len;

static struct zone zones[NR_ZONES];
static u64 nr_total;
static u64 nr_reserved;
static struct mem_range page_map_range;

/* Buddies are in the same zone, since LOW_LIMIT is a multiple of the largest block. */
static struct zone *zone_of(const struct page *page)
{
	return &zones[page_to_phys(page) >= LOW_LIMIT];
}

static void zone_insert(struct zone *zone, struct page *page, unsigned int order)
{
	page->order = (u8)order;
	page->flags |= PAGE_IN_ZONE;
	list_add(&page->node, &zone->free[order]);
}

static void zone_remove(struct page *page)
{
	list_del(&page->node);
	page->flags &= (u16)~PAGE_IN_ZONE;
}

/* The smallest order at or above @order of which a block is free, or more than MAX_ORDER. */
static unsigned int zone_find_order(const struct zone *zone, unsigned int order)
{
	while (order <= MAX_ORDER && list_empty(&zone->free[order]))
		order++;
	return order;
}

/* A block of @order, split off the smallest that is large enough. Zone locked. */
static struct page *zone_take(struct zone *zone, unsigned int order)
{
	unsigned int found = zone_find_order(zone, order);
	struct page *page;

	if (found > MAX_ORDER)
		return NULL;
	page = list_first_entry(&zone->free[found], struct page, node);
	zone_remove(page);
	while (found > order) {
		found--;
		zone_insert(zone, page + BIT(found), found);
	}
	zone->nr_free -= BIT(order);
	page->order = (u8)order;
	return page;
}

/*
 * Whether @pfn heads a free block of @order. Zone locked; a page outside is its owner's, who may
 * change other flags meanwhile.
 */
static bool zone_heads_free(u64 pfn, unsigned int order)
{
	return pfn < page_map_len && READ_ONCE(page_map[pfn].flags) & PAGE_IN_ZONE &&
	       page_map[pfn].order == order;
}

static void zone_give(struct zone *zone, struct page *page, unsigned int order)
{
	u64 pfn = page_to_pfn(page);

	zone->nr_free += BIT(order);
	while (order < MAX_ORDER && zone_heads_free(pfn ^ BIT(order), order)) {
		zone_remove(&page_map[pfn ^ BIT(order)]);
		pfn &= ~BIT(order);
		order++;
	}
	zone_insert(zone, &page_map[pfn], order);
}

struct page *zone_alloc(unsigned int order)
{
	struct page *page = NULL;

	for (unsigned int i = 0; i < NR_ZONES && !page; i++) {
		spin_lock(&zones[i].lock);
		page = zone_take(&zones[i], order);
		spin_unlock(&zones[i].lock);
	}
	return page;
}

void zone_free(struct page *page, unsigned int order)
{
	struct zone *zone = zone_of(page);

	spin_lock(&zone->lock);
	zone_give(zone, page, order);
	spin_unlock(&zone->lock);
}

/*
 * Whole blocks, the smallest there are, cut to what is still wanted: that uses up fragments first
 * and costs little per page. The last page of @pages, which is used first, is the lowest one.
 */
static unsigned int zone_take_batch(struct zone *zone, struct page **pages, unsigned int n)
{
	unsigned int got = 0;

	while (got < n) {
		unsigned int room = 63 - (unsigned int)__builtin_clzll(n - got);
		unsigned int order = min(zone_find_order(zone, 0), room);
		struct page *block = zone_take(zone, order);

		if (!block)
			break;
		for (struct page *page = block + BIT(order); page-- > block; got++) {
			page->order = 0;
			pages[got] = page;
		}
	}
	return got;
}

unsigned int zone_alloc_batch(struct page **pages, unsigned int n)
{
	unsigned int got = 0;

	for (unsigned int i = 0; i < NR_ZONES && got == 0; i++) {
		spin_lock(&zones[i].lock);
		got = zone_take_batch(&zones[i], pages, n);
		spin_unlock(&zones[i].lock);
	}
	return got;
}

void zone_free_batch(struct page **pages, unsigned int n)
{
	struct zone *zone, *locked = NULL;

	for (unsigned int i = 0; i < n; i++) {
		zone = zone_of(pages[i]);
		if (zone != locked) {
			if (locked)
				spin_unlock(&locked->lock);
			spin_lock(&zone->lock);
			locked = zone;
		}
		zone_give(zone, pages[i], 0);
	}
	if (locked)
		spin_unlock(&locked->lock);
}

u64 zone_nr_free(void)
{
	u64 n = 0;

	for (unsigned int i = 0; i < NR_ZONES; i++)
		n += READ_ONCE(zones[i].nr_free);
	return n;
}

u64 page_nr_total(void)
{
	return nr_total;
}

u64 zone_nr_reserved(void)
{
	return nr_reserved;
}

/* --- boot --- */

/* The @i-th range in use: those of boot_info, frame 0, page_map; false at the end. */
static bool reserved_range(unsigned int i, struct mem_range *range)
{
	unsigned int n = boot_info.nr_reserved;

	if (i > n + 1)
		return false;
	if (i < n)
		*range = boot_info.reserved[i];
	else
		*range = i == n ? (struct mem_range){ 0, PAGE_SIZE } : page_map_range;
	range->start = ALIGN_DOWN(range->start, PAGE_SIZE);
	range->end = ALIGN_UP(range->end, PAGE_SIZE);
	return true;
}

/* The end of the reserved range that has @addr in it, or @addr if it is in none. */
static phys_addr_t skip_reserved(phys_addr_t addr)
{
	struct mem_range range;

	for (unsigned int i = 0; reserved_range(i, &range);)
		if (range.start <= addr && addr < range.end) {
			addr = range.end;
			i = 0; /* that may be in another */
		} else {
			i++;
		}
	return addr;
}

/* The first free range of whole pages at or after @from, or false. */
static bool next_free_range(phys_addr_t from, struct mem_range *out)
{
	struct mem_range range;

	for (unsigned int r = 0; r < boot_info.nr_ram; r++) {
		phys_addr_t start = ALIGN_UP(boot_info.ram[r].start, PAGE_SIZE);
		phys_addr_t end = ALIGN_DOWN(boot_info.ram[r].end, PAGE_SIZE);

		start = skip_reserved(max(start, from));
		if (start >= end)
			continue;
		for (unsigned int i = 0; reserved_range(i, &range); i++)
			if (range.start < range.end && range.start > start)
				end = min(end, range.start);
		*out = (struct mem_range){ start, end };
		return true;
	}
	return false;
}

static u64 ram_bytes(void)
{
	u64 bytes = 0;

	for (unsigned int r = 0; r < boot_info.nr_ram; r++) {
		phys_addr_t start = ALIGN_UP(boot_info.ram[r].start, PAGE_SIZE);
		phys_addr_t end = ALIGN_DOWN(boot_info.ram[r].end, PAGE_SIZE);

		if (start >= end)
			continue;
		bytes += end - start;
		page_map_len = max(page_map_len, end >> PAGE_SHIFT);
	}
	return bytes;
}

/* Finds room for page_map in the boot map, clears it and makes every page PAGE_RESERVED. */
static void page_map_place(u64 ram)
{
	u64 bytes = ALIGN_UP(page_map_len * sizeof(struct page), PAGE_SIZE);
	struct mem_range range = { 0, 0 };

	do {
		if (!next_free_range(range.end, &range) || range.start + bytes > LOW_LIMIT)
			panic_with(EXIT_PANIC,
				   "too little memory: %lu KiB of RAM, and no %lu KiB in one piece "
				   "for the page map", ram >> 10, bytes >> 10);
	} while (range.end - range.start < bytes);
	page_map_range = (struct mem_range){ range.start, range.start + bytes };
	page_map = phys_to_virt(range.start);
	for (u64 at = 0; at < bytes; at += PAGE_SIZE)
		clear_page((char *)page_map + at);
	for (u64 pfn = 0; pfn < page_map_len; pfn++)
		page_map[pfn].kind = PAGE_RESERVED;
}

/* Gives [@pfn, @end) to the zones in the largest aligned blocks. */
static void add_range(u64 pfn, u64 end)
{
	for (u64 i = pfn; i < end; i++)
		page_map[i].kind = PAGE_FREE;
	while (pfn < end) {
		unsigned int order = min((unsigned int)__builtin_ctzll(pfn), MAX_ORDER);

		while (BIT(order) > end - pfn)
			order--;
		zone_free(&page_map[pfn], order);
		pfn += BIT(order);
	}
}

void page_alloc_init(void)
{
	static const char *const names[NR_ZONES] = { "zone_low", "zone_high" };
	struct mem_range range = { 0, 0 };
	u64 ram = ram_bytes();

	for (unsigned int i = 0; i < NR_ZONES; i++) {
		spin_init(&zones[i].lock, names[i]);
		for (unsigned int order = 0; order <= MAX_ORDER; order++)
			list_init(&zones[i].free[order]);
	}
	page_map_place(ram);
	while (next_free_range(range.end, &range))
		add_range(range.start >> PAGE_SHIFT, range.end >> PAGE_SHIFT);
	nr_total = ram >> PAGE_SHIFT;
	nr_reserved = nr_total - zone_nr_free();
}
