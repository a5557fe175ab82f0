/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page allocator: what it takes from the machine, that no page has two owners, that blocks
 * grow together again, the counters, running out, and misuse that it must notice.
 */
#include "tests/host/host.h"
#include "kernel/boot.h"
#include "kernel/exit.h"
#include "mm/page.h"

#define MIB (1UL << 20)
#define GIB (1UL << 30)
#define RAM_PAGES ((0x9f000 + 127 * MIB + 32 * MIB) >> PAGE_SHIFT)
#define NR_BLOCKS 512
#define NR_THREADS 4

struct block {
	struct page *page;
	unsigned int order;
	enum page_kind kind;
};

static struct block blocks[NR_BLOCKS];
static struct page *victim;

static void add_ranges(struct mem_range *to, unsigned int *nr, const struct mem_range *from,
		       unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		to[i] = from[i];
	*nr = n;
}

static void describe_machine(void)
{
	static const struct mem_range ram[] = {
		{ 0, 0x9f000 }, { MIB, 128 * MIB }, { 4 * GIB, 4 * GIB + 32 * MIB + 123 },
	};
	/* Neither sorted nor aligned, one inside another, one next to another. */
	static const struct mem_range reserved[] = {
		{ 20 * MIB + 5, 21 * MIB + 7 },	    { MIB, 2 * MIB + 100 },
		{ 0x8000, 0x9000 },		    { 20 * MIB + 0x3000, 20 * MIB + 0x4000 },
		{ 2 * MIB + 0x1000, 2 * MIB + 0x2000 }, { 4 * GIB, 4 * GIB + 0x5000 },
	};

	add_ranges(boot_info.ram, &boot_info.nr_ram, ram, ARRAY_SIZE(ram));
	add_ranges(boot_info.reserved, &boot_info.nr_reserved, reserved, ARRAY_SIZE(reserved));
}

static bool usable(phys_addr_t phys)
{
	bool in_ram = false;

	for (unsigned int i = 0; i < boot_info.nr_ram; i++)
		in_ram |= boot_info.ram[i].start <= phys &&
			  phys + PAGE_SIZE <= boot_info.ram[i].end;
	for (unsigned int i = 0; i < boot_info.nr_reserved; i++)
		in_ram &= phys + PAGE_SIZE <= boot_info.reserved[i].start ||
			  phys >= boot_info.reserved[i].end;
	return in_ram && phys;
}

/* The counters agree with each other and with every page's kind. */
static void check_counts(void)
{
	u64 seen[NR_PAGE_KINDS] = { 0 }, sum = 0;

	for (u64 pfn = 0; pfn < page_map_len; pfn++)
		seen[page_map[pfn].kind]++;
	for (unsigned int kind = 0; kind < NR_PAGE_KINDS; kind++) {
		sum += page_nr_kind(kind);
		if (kind != PAGE_RESERVED) /* holes are reserved too, but are not RAM */
			CHECK(seen[kind] == page_nr_kind(kind));
	}
	CHECK(sum == page_nr_total());
}

static void too_little_memory(void)
{
	static const struct mem_range tiny = { 0, 2 * PAGE_SIZE };

	add_ranges(boot_info.ram, &boot_info.nr_ram, &tiny, 1);
	boot_info.reserved[0] = (struct mem_range){ PAGE_SIZE, 2 * PAGE_SIZE };
	boot_info.nr_reserved = 1;
	CHECK(host_panic_of(page_alloc_init) != NULL);
	CHECK(host_panic_status == EXIT_PANIC);
}

static void boot_memory(void)
{
	phys_addr_t map;

	describe_machine();
	page_alloc_init();
	map = virt_to_phys(page_map);
	CHECK(page_nr_total() == RAM_PAGES);
	CHECK(map + page_map_len * sizeof(struct page) <= 4 * GIB);
	for (u64 pfn = 0; pfn < page_map_len; pfn++) {
		phys_addr_t phys = pfn << PAGE_SHIFT;
		bool in_map = phys >= map && phys < map + page_map_len * sizeof(struct page);

		if ((page_map[pfn].kind == PAGE_FREE) != (usable(phys) && !in_map)) {
			CHECK(false);
			break;
		}
	}
	check_counts();
}

static void low_memory_first(void)
{
	struct page *page = page_alloc(0, PAGE_KERNEL, 0);
	struct page *block = page_alloc(MAX_ORDER, PAGE_SLAB, 0);

	CHECK(page_to_phys(page) < 4 * GIB);
	CHECK(block && page_to_phys(block) < 4 * GIB);
	atomic_set(&block->refcount, 0);
	page_free(block, MAX_ORDER);
	page_put(page);
	check_counts();
}

static void cpu_lists(void)
{
	for (unsigned int i = 0; i < NR_THREADS; i++) {
		host_set_cpu(i);
		CHECK(page_alloc_init_cpu(cpus[i]) == 0);
	}
	host_set_cpu(0);
	check_counts();
}

static void release(struct block *block)
{
	if (block->order) {
		CHECK(atomic_dec_and_test(&block->page->refcount));
		page_free(block->page, block->order);
	} else {
		page_put(block->page);
	}
	block->page = NULL;
}

/* Every page of a block carries its owner's number while it is owned. */
static void acquire(struct block *block)
{
	block->order = host_random() % 4 ? 0 : host_random() % (MAX_ORDER - 2);
	block->kind = PAGE_KERNEL + host_random() % (NR_PAGE_KINDS - PAGE_KERNEL);
	block->page = page_alloc(block->order, block->kind, 0);
	if (!block->page)
		return;
	CHECK(IS_ALIGNED(page_to_pfn(block->page), BIT(block->order)));
	CHECK(atomic_read(&block->page->refcount) == 1 && block->page->order == block->order);
	for (unsigned long i = 0; i < BIT(block->order); i++) {
		CHECK(usable(page_to_phys(block->page + i)));
		block->page[i].index = (unsigned long)(block - blocks);
	}
}

static void check_owner(const struct block *block)
{
	for (unsigned long i = 0; i < BIT(block->order); i++)
		CHECK(block->page[i].index == (unsigned long)(block - blocks) &&
		      block->page[i].kind == block->kind);
}

static unsigned int take_all_largest(struct page **pages)
{
	unsigned int n = 0;

	while (n < NR_BLOCKS && (pages[n] = page_alloc(MAX_ORDER, PAGE_KERNEL, 0)))
		n++;
	for (unsigned int i = 0; i < n; i++) {
		atomic_set(&pages[i]->refcount, 0);
		page_free(pages[i], MAX_ORDER);
	}
	return n;
}

static void drain_all(void)
{
	for (unsigned int i = 0; i < NR_THREADS; i++) {
		host_set_cpu(i);
		page_drain_cpu();
	}
	host_set_cpu(0);
}

static void random_blocks(void)
{
	static struct page *pages[NR_BLOCKS];
	u64 nr_free = page_nr_free();
	unsigned int largest;

	drain_all();
	largest = take_all_largest(pages);
	for (unsigned int i = 0; i < 100000; i++) {
		struct block *block = &blocks[host_random() % NR_BLOCKS];

		host_set_cpu(host_random() % NR_THREADS);
		if (block->page) {
			check_owner(block);
			release(block);
		} else {
			acquire(block);
		}
		if (i % 20000 == 0)
			check_counts();
	}
	for (unsigned int i = 0; i < NR_BLOCKS; i++)
		if (blocks[i].page)
			release(&blocks[i]);
	drain_all();
	CHECK(page_nr_free() == nr_free);
	CHECK(largest > 0 && take_all_largest(pages) == largest);
	check_counts();
}

static void exhaustion(void)
{
	u64 nr_free, n = 0;
	struct page *page, *chain = NULL;

	drain_all();
	nr_free = page_nr_free();
	while ((page = page_alloc(0, PAGE_ANON, 0))) {
		page->mapping = chain;
		chain = page;
		n++;
	}
	CHECK(n == nr_free && page_nr_free() == 0 && page_nr_kind(PAGE_ANON) == n);
	CHECK(!page_alloc(3, PAGE_KERNEL, 0));
	for (; chain; chain = page) {
		page = chain->mapping;
		page_put(chain);
	}
	CHECK(page_nr_free() == nr_free && page_nr_kind(PAGE_ANON) == 0);
}

static void zeroed(void)
{
	struct page *page = page_alloc(1, PAGE_KERNEL, 0);
	unsigned char *bytes = page_to_virt(page);
	unsigned int sum = 0;

	memset(bytes, 0xff, 2 * PAGE_SIZE);
	atomic_set(&page->refcount, 0);
	page_free(page, 1);
	CHECK(page_alloc(1, PAGE_KERNEL, ALLOC_ZERO) == page);
	for (unsigned long i = 0; i < 2 * PAGE_SIZE; i++)
		sum += bytes[i];
	CHECK(sum == 0);
	atomic_set(&page->refcount, 0);
	page_free(page, 1);
	page = page_alloc(0, PAGE_ANON, 0);
	bytes = page_to_virt(page);
	memset(bytes, 0xff, PAGE_SIZE);
	page_put(page);
	CHECK(page_alloc(0, PAGE_ANON, ALLOC_ZERO) == page);
	for (unsigned long i = 0; i < PAGE_SIZE; i++)
		sum += bytes[i];
	CHECK(sum == 0);
	page_put(page);
}

static void injected_failures(void)
{
	struct page *a, *b, *c;

	page_alloc_fail_after(2);
	a = page_alloc(0, PAGE_ANON, 0);
	b = page_alloc(0, PAGE_TABLE, 0);
	c = page_alloc(0, PAGE_KERNEL, 0);
	CHECK(a && b && c);
	CHECK(!page_alloc(0, PAGE_ANON, 0) && !page_alloc(0, PAGE_TABLE, 0));
	page_put(c);
	c = page_alloc(0, PAGE_SLAB, 0);
	CHECK(c);
	page_alloc_fail_after(0);
	page_put(a);
	page_put(b);
	page_put(c);
	a = page_alloc(0, PAGE_ANON, 0);
	CHECK(a);
	page_put(a);
}

static void free_victim(void)
{
	page_free(victim, 0);
}

static void alloc_page(void)
{
	page_alloc(0, PAGE_KERNEL, 0);
}

static void misuse(void)
{
	victim = page_alloc(0, PAGE_ANON, 0);
	CHECK(host_panic_of(free_victim)); /* a reference is left */
	atomic_set(&victim->refcount, 0);
	atomic_set(&victim->mapcount, 1);
	CHECK(host_panic_of(free_victim)); /* mapped */
	atomic_set(&victim->mapcount, 0);
	victim->order = 1;
	CHECK(host_panic_of(free_victim)); /* not what was allocated */
	victim->order = 0;
	CHECK(!host_panic_of(free_victim));
	CHECK(host_panic_of(free_victim)); /* twice */
	this_cpu()->irq_depth = 1;
	CHECK(host_panic_of(alloc_page));
	this_cpu()->irq_depth = 0;
	victim = &page_map[0];
	CHECK(host_panic_of(free_victim));
	check_counts();
}

/* CPUs exchange pages through shared places and free what they get there. */
static struct page *exchange[16];

static void *exchange_pages(void *unused)
{
	u64 seed = cpu_id() + 1;

	for (unsigned int i = 0; i < 50000; i++) {
		struct page *page = page_alloc(0, PAGE_ANON, 0);

		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		if (!page)
			continue;
		page->index = cpu_id();
		page = xchg(&exchange[seed >> 60], page);
		if (page)
			page_put(page);
	}
	return unused;
}

static void parallel(void)
{
	host_run_cpus(NR_THREADS, exchange_pages);
	for (unsigned int i = 0; i < ARRAY_SIZE(exchange); i++)
		if (exchange[i])
			page_put(exchange[i]);
	CHECK(page_nr_kind(PAGE_ANON) == 0);
	check_counts();
	drain_all();
}

int main(void)
{
	host_ram_init(5 * GIB);
	host_set_cpu(0);
	RUN(too_little_memory);
	RUN(boot_memory);
	RUN(low_memory_first);
	RUN(cpu_lists);
	RUN(random_blocks);
	RUN(exhaustion);
	RUN(zeroed);
	RUN(injected_failures);
	RUN(misuse);
	RUN(parallel);
	RUN(random_blocks);
	return host_done();
}
