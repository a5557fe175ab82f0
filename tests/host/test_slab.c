/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slabs, kmalloc and kernel stacks: no two owners of a byte, alignment, counts, pages that come
 * back, running out, and misuse that must be noticed.
 */
#include "tests/host/host.h"
#include "kernel/boot.h"
#include "kernel/errno.h"
#include "kernel/thread.h"
#include "arch/mmu.h"
#include "mm/page.h"
#include "mm/slab.h"

#define MIB (1UL << 20)
#define NR_THREADS 4
#define NR_OBJECTS 2048

struct object {
	u8 *ptr;
	size_t size;
	u8 mark;
};

static struct object objects[NR_OBJECTS];
static struct slab_cache *cache;
static u64 *victim;

char host_kstack_area[KSTACK_AREA_SIZE] __aligned(1 << 16);
static struct page *stack_pages[KSTACK_AREA_SIZE / 4096]; /* by page of the stack area */
static unsigned int maps_left = ~0u;

int arch_kernel_map_page(unsigned long virt, phys_addr_t phys)
{
	struct page **slot = &stack_pages[(virt - KSTACK_AREA_BASE) >> PAGE_SHIFT];

	if (!maps_left)
		return -ENOMEM;
	maps_left--;
	CHECK(!*slot);
	*slot = pfn_to_page(phys >> PAGE_SHIFT);
	return 0;
}

static void boot(void)
{
	boot_info.ram[0] = (struct mem_range){ 0, 64 * MIB };
	boot_info.nr_ram = 1;
	page_alloc_init();
	slab_init();
	for (unsigned int i = 0; i < NR_THREADS; i++) {
		host_set_cpu(i);
		CHECK(page_alloc_init_cpu(cpus[i]) == 0);
	}
	host_set_cpu(0);
}

static void drain_all(void)
{
	for (unsigned int i = 0; i < NR_THREADS; i++) {
		host_set_cpu(i);
		slab_drain();
		page_drain_cpu();
	}
	host_set_cpu(0);
}

static void fill(struct object *object, void *ptr, size_t size)
{
	*object = (struct object){ ptr, size, (u8)(host_random() % 0x6b) };
	memset(ptr, object->mark, size);
}

static void check_filled(const struct object *object)
{
	bool same = true;

	for (size_t i = 0; i < object->size; i++)
		same &= object->ptr[i] == object->mark;
	CHECK(same);
}

static void cache_random(size_t size)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < 20000; i++) {
		struct object *object = &objects[host_random() % NR_OBJECTS];

		host_set_cpu(host_random() % NR_THREADS);
		if (object->ptr) {
			check_filled(object);
			slab_free(cache, object->ptr);
			object->ptr = NULL;
			nr--;
		} else {
			fill(object, slab_alloc(cache), size);
			CHECK(IS_ALIGNED((unsigned long)object->ptr, size >= 64 ? CACHE_LINE : 8));
			nr++;
		}
		if (i % 1000 == 0)
			CHECK(slab_nr_used(cache) == nr);
	}
	for (unsigned int i = 0; i < NR_OBJECTS; i++)
		if (objects[i].ptr)
			slab_free(cache, objects[i].ptr);
	memset(objects, 0, sizeof(objects));
	CHECK(slab_nr_used(cache) == 0);
}

static void caches_of_all_sizes(void)
{
	static const size_t sizes[] = { 8, 24, 56, 64, 100, 264, 1000, 3000, 9000 };

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		u64 before;

		cache = slab_create("test", sizes[i]);
		drain_all();
		cache_random(sizes[i]);
		drain_all();
		before = page_nr_kind(PAGE_SLAB);
		cache_random(sizes[i]); /* magazines are made now; all else comes back */
		drain_all();
		CHECK(page_nr_kind(PAGE_SLAB) == before);
	}
}

/* Every slab that has a free object serves before a new one is made. */
static void partial_slabs_serve(void)
{
	u64 before;

	cache = slab_create("partial", 512);
	for (unsigned int i = 0; i < NR_OBJECTS; i++)
		objects[i].ptr = slab_alloc(cache);
	for (unsigned int i = 0; i < NR_OBJECTS; i += 4)
		slab_free(cache, objects[i].ptr);
	before = page_nr_kind(PAGE_SLAB);
	for (unsigned int i = 0; i < NR_OBJECTS; i += 4)
		objects[i].ptr = slab_alloc(cache);
	CHECK(page_nr_kind(PAGE_SLAB) == before);
	for (unsigned int i = 0; i < NR_OBJECTS; i++)
		slab_free(cache, objects[i].ptr);
	memset(objects, 0, sizeof(objects));
}

static void kmalloc_random(void)
{
	for (unsigned int i = 0; i < 40000; i++) {
		struct object *object = &objects[host_random() % 256];
		size_t size = host_random() % (BIT(host_random() % 17)) + 1;
		void *ptr;

		host_set_cpu(host_random() % NR_THREADS);
		if (object->ptr) {
			check_filled(object);
			kfree(object->ptr);
			object->ptr = NULL;
			continue;
		}
		ptr = kmalloc(size);
		CHECK(ptr && IS_ALIGNED((unsigned long)ptr, 16));
		fill(object, ptr, size);
	}
	for (unsigned int i = 0; i < 256; i++)
		kfree(objects[i].ptr);
	memset(objects, 0, sizeof(objects));
	host_set_cpu(0);
}

static void kmalloc_limits(void)
{
	u64 kernel_pages = page_nr_kind(PAGE_KERNEL);
	u8 *ptr = kmalloc(MIB);

	CHECK(ptr && page_nr_kind(PAGE_KERNEL) == kernel_pages + MIB / PAGE_SIZE);
	kfree(ptr);
	CHECK(!kmalloc(MIB + 1) && !kmalloc(~0UL));
	ptr = kmalloc(PAGE_SIZE / 2 + 1);
	CHECK(ptr && page_nr_kind(PAGE_KERNEL) == kernel_pages + 1);
	kfree(ptr);
	ptr = kmalloc(PAGE_SIZE + 1);
	CHECK(ptr && page_nr_kind(PAGE_KERNEL) == kernel_pages + 2);
	kfree(ptr);
	ptr = kmalloc(0);
	CHECK(ptr);
	kfree(ptr);
	kfree(NULL);
	ptr = kzalloc(100);
	CHECK(ptr && ptr[0] == 0 && ptr[99] == 0);
	kfree(ptr);
	CHECK(page_nr_kind(PAGE_KERNEL) == kernel_pages);
}

static void poisoned(void)
{
	victim = slab_alloc(cache);
	memset(victim, 0, 64);
	slab_free(cache, victim);
	CHECK(victim[0] == 0x6b6b6b6b6b6b6b6bUL && victim[7] == 0x6b6b6b6b6b6b6b6bUL);
	CHECK(slab_alloc(cache) == victim);
	slab_free(cache, victim);
}

static void free_victim(void)
{
	slab_free(cache, victim);
}

static void kfree_victim(void)
{
	kfree(victim);
}

static void alloc_object(void)
{
	slab_alloc(cache);
}

static void misuse(void)
{
	CHECK(host_panic_of(free_victim)); /* twice */
	victim[3] = 1;
	CHECK(host_panic_of(alloc_object)); /* written after it was freed */
	victim = slab_alloc(cache);
	memset(victim, 0, 64);
	victim++;
	CHECK(host_panic_of(free_victim)); /* no object's beginning */
	victim--;
	free_victim();
	victim = kmalloc(100);
	CHECK(host_panic_of(free_victim)); /* another cache's */
	kfree_victim();
	CHECK(host_panic_of(kfree_victim));
	victim = kmalloc(2 * PAGE_SIZE);
	victim++;
	CHECK(host_panic_of(kfree_victim));
	victim--;
	kfree_victim();
	CHECK(host_panic_of(kfree_victim));
	this_cpu()->irq_depth = 1;
	CHECK(host_panic_of(alloc_object));
	this_cpu()->irq_depth = 0;
}

static void exhaustion(void)
{
	struct list_head *at, *chain = NULL;
	struct slab_cache *full = slab_create("exhaustion", 64);
	u64 nr_free, n = 0;

	drain_all();
	nr_free = page_nr_free();
	while ((at = slab_alloc(full))) {
		at->next = chain;
		at->prev = NULL;
		chain = at;
		n++;
	}
	CHECK(!kmalloc(MIB) && slab_nr_used(full) == n && page_nr_free() == 0);
	for (; chain; chain = at) {
		at = chain->next;
		slab_free(full, chain);
	}
	CHECK(slab_nr_used(full) == 0);
	drain_all();
	CHECK(nr_free - page_nr_free() <= 1); /* a magazine's slab may have come */
}

/* CPUs exchange objects through shared places and free what they get there. */
static void *exchange[16];

static void *exchange_objects(void *unused)
{
	u64 seed = cpu_id() + 1;

	for (unsigned int i = 0; i < 20000; i++) {
		u64 *object = kmalloc(200);

		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		object[0] = object[24] = cpu_id();
		object = xchg(&exchange[seed >> 60], object);
		if (object) {
			BUG_ON(object[0] != object[24]);
			kfree(object);
		}
	}
	return unused;
}

static void parallel(void)
{
	host_run_cpus(NR_THREADS, exchange_objects);
	for (unsigned int i = 0; i < ARRAY_SIZE(exchange); i++)
		kfree(exchange[i]);
}

static void stacks(void)
{
	static void *stack[8];
	unsigned long base = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(stack); i++) {
		maps_left = 2;
		CHECK(!kstack_alloc()); /* fails half way, and goes on from there */
		maps_left = ~0u;
		stack[i] = kstack_alloc();
		base = (unsigned long)stack[i];
		CHECK(IS_ALIGNED(base, KSTACK_SIZE));
		base = (base - KSTACK_AREA_BASE) >> PAGE_SHIFT;
		CHECK(!stack_pages[base - 1] && !stack_pages[base + KSTACK_SIZE / PAGE_SIZE]);
		for (unsigned long p = 0; p < KSTACK_SIZE / PAGE_SIZE; p++)
			CHECK(stack_pages[base + p] && stack_pages[base + p]->kind == PAGE_KERNEL);
	}
	CHECK(kstack_nr_pages() == ARRAY_SIZE(stack) * KSTACK_SIZE / PAGE_SIZE);
	kstack_free(stack[3]);
	kstack_free(stack[5]);
	maps_left = 0;
	CHECK(kstack_alloc() == stack[5] && kstack_alloc() == stack[3] && !kstack_alloc());
	CHECK(kstack_nr_pages() == ARRAY_SIZE(stack) * KSTACK_SIZE / PAGE_SIZE);
}

int main(void)
{
	host_ram_init(64 * MIB);
	host_set_cpu(0);
	RUN(boot);
	RUN(caches_of_all_sizes);
	RUN(partial_slabs_serve);
	RUN(kmalloc_random);
	RUN(kmalloc_limits);
	cache = slab_create("victims", 64);
	RUN(poisoned);
	RUN(misuse);
	RUN(exhaustion);
	RUN(parallel);
	RUN(stacks);
	return host_done();
}
