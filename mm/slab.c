/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The slab allocator: objects of one size, in blocks of pages ("slabs") of their own.
 *
 * Owns every struct slab_cache and, of a slab's first page, slab_used, slab_free and node; the
 * cache is named in all of its pages. Free objects are linked through their first word. A CPU's
 * magazine is a stack of free objects, which to the slab count as used; it is made when the CPU
 * first needs one, and without memory for it the CPU does without.
 *
 * Locking: a cache's lock guards its list of slabs, their fields and free objects; page allocator
 * locks are inside it. Magazines have no lock: the kernel is not preemptible, and interrupt
 * handlers do not allocate.
 *
 * With instruments a free object is filled with 0x6b, in a magazine all of it, in a slab all but
 * the link, and this is looked at when it is handed out (INV-15). An object that is all poison but
 * for its first word when it is freed was free before.
 *
 * Source: J. Bonwick, "The Slab Allocator" (1994); J. Bonwick and J. Adams, "Magazines and Vmem"
 * (2001), for the per-CPU stacks.
 */
#include "mm/slab.h"
#include "mm/page.h"
#include "kernel/cpu.h"
#include "kernel/printk.h"
#include "lab/freed.h"
#include "lab/poison.h"
#include "lab/quarantine.h"

#define MAX_CACHES 48
#define MAG_MAX 31UL /* makes a magazine 256 bytes */
#define MAG_MIN 4UL
#define MAG_BYTES (16UL << 10) /* a magazine of large objects holds fewer */
#define MAX_EMPTY 1	       /* slabs without used objects that a cache keeps */
#define MIN_PER_SLAB 2
#define MIN_SIZE 16
#define ISOLATED_SHARE 16 /* of RAM, that objects of one cache may fill with pages of their own */

struct magazine {
	unsigned int nr;
	void *objects[MAG_MAX];
};

struct slab_cache {
	const char *name;
	unsigned int size; /* of an object, rounded */
	unsigned int order;
	unsigned int per_slab;
	unsigned int mag_max; /* 0: no magazines */
	struct spinlock lock;
	struct list_head partial; /* slabs with free objects; the empty ones are last */
	unsigned int nr_empty;
	u64 nr_out; /* objects out of slabs: in use or in magazines */
#if LAB
	bool isolated;		/* see slab_isolate */
	atomic64_t nr_isolated; /* objects in pages of their own */
#endif
	struct magazine *mag[NR_CPUS]; /* each set and used by its CPU only */
};

static DEFINE_SPINLOCK(caches_lock);
static struct slab_cache caches[MAX_CACHES];
static unsigned int nr_caches;
static struct slab_cache *mag_cache; /* of magazines; has none itself */

static unsigned long slab_bytes(const struct slab_cache *cache)
{
	return PAGE_SIZE << cache->order;
}

/* The slab's first page; blocks are aligned to their size. */
static struct page *slab_of(const struct slab_cache *cache, const void *object)
{
	return virt_to_page((void *)ALIGN_DOWN((unsigned long)object, slab_bytes(cache)));
}

#if LAB
#define POISON POISON_WORD(SLAB_POISON)
#define ALIVE 0x5a5a5a5a5a5a5a5aUL /* second word of an object just handed out */

static void poison(const struct slab_cache *cache, void *object)
{
	poison_fill(object, cache->size, SLAB_POISON);
}

static void check_context(const struct slab_cache *cache)
{
	BUG_ON_MSG(this_cpu()->irq_depth, "slab %s used in an interrupt", cache->name);
}

static void check_alloc(const struct slab_cache *cache, void *object)
{
	size_t bad = poison_find(object, cache->size, SLAB_POISON);

	if (unlikely(bad < cache->size))
		freed_report(FREED_WRITTEN, (unsigned long)object, NULL,
			     "slab %s: freed object %p has %#lx at byte %zu", cache->name, object,
			     *(unsigned long *)((char *)object + bad), bad);
	((unsigned long *)object)[1] = ALIVE;
}

static void check_free(const struct slab_cache *cache, void *object)
{
	const struct page *page = virt_to_page(object);
	size_t offset = (unsigned long)object & (slab_bytes(cache) - 1);

	BUG_ON_MSG(page->kind != PAGE_SLAB || page->slab != cache || offset % cache->size,
		   "slab %s: %p is no object of it", cache->name, object);
	if (unlikely(poison_find((long *)object + 1, cache->size - sizeof(long), SLAB_POISON) ==
		     cache->size - sizeof(long))) {
		freed_print((unsigned long)object);
		panic("BUG: slab %s: object %p freed twice", cache->name, object);
	}
	freed_record_object(cache->name, object, cache->size);
	poison(cache, object);
}

/*
 * With pagealloc=debug an object has a page of its own, which leaves the kernel's map when it is
 * freed; as long as not too much of RAM goes that way. NULL: it must be an ordinary object.
 */
static void *isolated_alloc(struct slab_cache *cache)
{
	struct page *page;

	if (!quarantine_on || !cache->isolated ||
	    (u64)atomic64_read(&cache->nr_isolated) >= page_nr_total() / ISOLATED_SHARE)
		return NULL;
	page = page_alloc(0, PAGE_SLAB, 0);
	if (!page)
		return NULL;
	page->slab = cache;
	page->flags |= PAGE_ISOLATED;
	atomic64_inc(&cache->nr_isolated);
	return page_to_virt(page);
}

/* False if @object is an ordinary one. */
static bool isolated_free(struct slab_cache *cache, void *object)
{
	struct page *page = virt_to_page(object);

	if (!(page->flags & PAGE_ISOLATED))
		return false;
	BUG_ON_MSG(page->slab != cache || !IS_ALIGNED((unsigned long)object, PAGE_SIZE),
		   "slab %s: %p is no object of it", cache->name, object);
	page->flags &= (u16)~PAGE_ISOLATED;
	atomic64_dec(&cache->nr_isolated);
	page_put(page);
	quarantine_flush();
	return true;
}

void slab_isolate(struct slab_cache *cache)
{
	cache->isolated = true;
}

const char *slab_name(const struct slab_cache *cache)
{
	return cache->name;
}

/* @object comes out of @page's list: its link must lead into the slab, and becomes poison. */
static void check_link(const struct slab_cache *cache, const struct page *page, void *object)
{
	void *next = *(void **)object;

	BUG_ON_MSG(next && slab_of(cache, next) != page,
		   "slab %s: use after free: object %p has %p as its link", cache->name, object,
		   next);
	*(unsigned long *)object = POISON;
}
#else
#define check_context(cache) do { } while (0)
#define poison(cache, object) do { } while (0)
#define check_alloc(cache, object) do { } while (0)
#define check_free(cache, object) do { } while (0)
#define check_link(cache, page, object) do { } while (0)
#define isolated_alloc(cache) NULL
#define isolated_free(cache, object) false
#endif

/* --- slabs; cache locked --- */

/* A new slab with all its objects free; false without memory. */
static bool slab_grow(struct slab_cache *cache)
{
	struct page *page = page_alloc(cache->order, PAGE_SLAB, 0);
	char *object;

	if (!page)
		return false;
	for (unsigned long i = 0; i < BIT(cache->order); i++)
		page[i].slab = cache;
	page->slab_used = 0;
	page->slab_free = NULL;
	object = (char *)page_to_virt(page) + cache->per_slab * cache->size;
	for (unsigned int i = 0; i < cache->per_slab; i++) {
		object -= cache->size;
		poison(cache, object);
		*(void **)object = page->slab_free;
		page->slab_free = object;
	}
	list_add(&page->node, &cache->partial);
	cache->nr_empty++;
	return true;
}

/* Gives an empty slab's pages back. */
static void slab_shrink(struct slab_cache *cache, struct page *page)
{
	list_del(&page->node);
	cache->nr_empty--;
	if (WARN_ON(!atomic_dec_and_test(&page->refcount)))
		return;
	page_free(page, cache->order);
}

/* An object out of the first slab, of which there is one. */
static void *slab_take(struct slab_cache *cache)
{
	struct page *page = list_first_entry(&cache->partial, struct page, node);
	void *object = page->slab_free;

	page->slab_free = *(void **)object;
	check_link(cache, page, object);
	if (page->slab_used++ == 0)
		cache->nr_empty--;
	if (!page->slab_free)
		list_del(&page->node);
	cache->nr_out++;
	return object;
}

static void slab_give(struct slab_cache *cache, void *object)
{
	struct page *page = slab_of(cache, object);

	if (!page->slab_free)
		list_add(&page->node, &cache->partial);
	*(void **)object = page->slab_free;
	page->slab_free = object;
	cache->nr_out--;
	if (--page->slab_used)
		return;
	list_del(&page->node);
	list_add_tail(&page->node, &cache->partial);
	if (++cache->nr_empty > MAX_EMPTY)
		slab_shrink(cache, page);
}

/* --- magazines --- */

/* Gives the @n oldest objects of @mag back. Cache locked. */
static void mag_flush(struct slab_cache *cache, struct magazine *mag, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		slab_give(cache, mag->objects[i]);
	mag->nr -= n;
	for (unsigned int i = 0; i < mag->nr; i++)
		mag->objects[i] = mag->objects[i + n];
}

/* This CPU's magazine, made if it has none yet; NULL without memory. */
static struct magazine *mag_get(struct slab_cache *cache)
{
	struct magazine **magp = &cache->mag[cpu_id()];
	struct magazine *mag = *magp;

	if (mag || !cache->mag_max)
		return mag;
	mag = slab_alloc(mag_cache);
	if (mag) {
		mag->nr = 0;
		smp_store_release(magp, mag);
	}
	return mag;
}

/* Refills half a magazine, but only from slabs that there are. */
static __noinline void *slab_alloc_slow(struct slab_cache *cache)
{
	struct magazine *mag = mag_get(cache);
	void *object = NULL;

	spin_lock(&cache->lock);
	if (!list_empty(&cache->partial) || slab_grow(cache))
		object = slab_take(cache);
	if (mag)
		while (mag->nr < cache->mag_max / 2 && !list_empty(&cache->partial))
			mag->objects[mag->nr++] = slab_take(cache);
	spin_unlock(&cache->lock);
	if (object)
		check_alloc(cache, object);
	return object;
}

void *slab_alloc(struct slab_cache *cache)
{
	struct magazine *mag = cache->mag[cpu_id()];
	void *object;

	check_context(cache);
	object = isolated_alloc(cache);
	if (object)
		return object;
	if (unlikely(!mag || !mag->nr))
		return slab_alloc_slow(cache);
	object = mag->objects[--mag->nr];
	check_alloc(cache, object);
	return object;
}

static __noinline void slab_free_slow(struct slab_cache *cache, void *object)
{
	struct magazine *mag = mag_get(cache);

	spin_lock(&cache->lock);
	if (!mag)
		slab_give(cache, object);
	else if (mag->nr == cache->mag_max)
		mag_flush(cache, mag, mag->nr / 2);
	spin_unlock(&cache->lock);
	if (mag)
		mag->objects[mag->nr++] = object;
}

void slab_free(struct slab_cache *cache, void *object)
{
	struct magazine *mag = cache->mag[cpu_id()];

	check_context(cache);
	if (isolated_free(cache, object))
		return;
	check_free(cache, object);
	if (unlikely(!mag || mag->nr == cache->mag_max)) {
		slab_free_slow(cache, object);
		return;
	}
	mag->objects[mag->nr++] = object;
}

/* --- caches --- */

static void cache_init(struct slab_cache *cache, const char *name, size_t size)
{
	size = max(size, (size_t)MIN_SIZE);
	size = ALIGN_UP(size, size >= CACHE_LINE ? CACHE_LINE : sizeof(long));
	cache->name = name;
	cache->size = (unsigned int)size;
	while (slab_bytes(cache) / size < MIN_PER_SLAB)
		cache->order++;
	cache->per_slab = (unsigned int)(slab_bytes(cache) / size);
	cache->mag_max = (unsigned int)max(min(MAG_BYTES / size, MAG_MAX), MAG_MIN);
	spin_init(&cache->lock, name);
	list_init(&cache->partial);
}

struct slab_cache *slab_create(const char *name, size_t size)
{
	struct slab_cache *cache;

	BUG_ON_MSG(size > PAGE_SIZE << (MAX_ORDER - 1), "slab %s: size %zu", name, size);
	spin_lock(&caches_lock);
	BUG_ON_MSG(nr_caches == MAX_CACHES, "slab %s: more than %u caches", name, MAX_CACHES);
	cache = &caches[nr_caches];
	cache_init(cache, name, size);
	smp_store_release(&nr_caches, nr_caches + 1);
	spin_unlock(&caches_lock);
	return cache;
}

u64 slab_nr_used(struct slab_cache *cache)
{
	u64 n = READ_ONCE(cache->nr_out);

#if LAB
	n += (u64)atomic64_read(&cache->nr_isolated);
#endif
	for (unsigned int i = 0; i < NR_CPUS; i++) {
		struct magazine *mag = smp_load_acquire(&cache->mag[i]);

		if (mag)
			n -= READ_ONCE(mag->nr);
	}
	return n;
}

static void cache_drain(struct slab_cache *cache)
{
	struct magazine *mag = cache->mag[cpu_id()];

	spin_lock(&cache->lock);
	if (mag)
		mag_flush(cache, mag, mag->nr);
	while (cache->nr_empty)
		slab_shrink(cache, list_last_entry(&cache->partial, struct page, node));
	spin_unlock(&cache->lock);
}

void slab_drain(void)
{
	unsigned int n = smp_load_acquire(&nr_caches);

	for (unsigned int i = 0; i < n; i++)
		cache_drain(&caches[i]);
}

void slab_init(void)
{
	mag_cache = slab_create("magazine", sizeof(struct magazine));
	mag_cache->mag_max = 0;
	kmalloc_init();
}
