/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mm/slab.h from the C library, so that the address sanitizer sees every object: the end of each,
 * and its use after it was freed. The real one has its own test (test_slab.c).
 */
#include "tests/host/fuzz.h"
#include "mm/slab.h"

struct slab_cache {
	size_t size;
	u64 nr_used;
};

static unsigned int fail_in;

void malloc_slab_fail(unsigned int nth)
{
	fail_in = nth;
}

static bool must_fail(void)
{
	return fail_in && --fail_in == 0;
}

void slab_init(void)
{
}

struct slab_cache *slab_create(const char *name, size_t size)
{
	struct slab_cache *cache = calloc(1, sizeof(*cache));

	(void)name;
	cache->size = size;
	return cache;
}

void *slab_alloc(struct slab_cache *cache)
{
	void *object;

	if (must_fail())
		return NULL;
	object = calloc(1, cache->size);
	memset(object, 0x6b, cache->size);
	__atomic_fetch_add(&cache->nr_used, 1, __ATOMIC_RELAXED);
	return object;
}

void slab_free(struct slab_cache *cache, void *object)
{
	__atomic_fetch_sub(&cache->nr_used, 1, __ATOMIC_RELAXED);
	free(object);
}

/* Every object is malloc's own already. */
void slab_isolate(struct slab_cache *cache)
{
	(void)cache;
}

u64 slab_nr_used(struct slab_cache *cache)
{
	return __atomic_load_n(&cache->nr_used, __ATOMIC_RELAXED);
}

void *kmalloc(size_t size)
{
	void *ptr = must_fail() ? NULL : calloc(1, size);

	return ptr ? memset(ptr, 0x6b, size) : NULL;
}

void *kzalloc(size_t size)
{
	return must_fail() ? NULL : calloc(1, size);
}

void kfree(void *ptr)
{
	free(ptr);
}
