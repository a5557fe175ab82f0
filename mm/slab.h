/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slab allocator: objects of one size in pages of their own, and kmalloc on top of it.
 *
 * Freed objects are poisoned with 0x6b but for a link, in every build with instruments. Each
 * cache keeps a small stack of free objects per CPU, which needs no lock, since the kernel is not
 * preemptible; behind it are the slabs, under the cache's lock. Not from interrupts or NMI.
 */
#pragma once

#include "kernel/list.h"
#include "kernel/spinlock.h"

struct slab_cache;

/* A cache of objects of @size bytes, aligned to 8, or to CACHE_LINE if @size >= 64. Never fails
 * at boot: panics. @name stays the caller's and must live on. */
struct slab_cache *slab_create(const char *name, size_t size);
/* An object (contents undefined) or NULL. Never sleeps. */
void *slab_alloc(struct slab_cache *cache);
void slab_free(struct slab_cache *cache, void *object);
#if LAB
/* From now on, with pagealloc=debug, each object has a page of its own, so that a touch of a freed
 * one traps: for objects that others may still look at without a lock. */
void slab_isolate(struct slab_cache *cache);
const char *slab_name(const struct slab_cache *cache);
#else
#define slab_isolate(cache) do { } while (0)
#endif
/* Objects in use; exact when nothing runs. */
u64 slab_nr_used(struct slab_cache *cache);
/* This CPU's stacks go back to the slabs, and the pages of empty slabs to the page allocator. */
void slab_drain(void);

/* Boot CPU, once, after page_alloc_init: then slab_create and kmalloc work. */
void slab_init(void);
void kmalloc_init(void); /* part of slab_init */
/* @size bytes, at most 1 MiB, 16-aligned; NULL without memory. Never sleeps. */
void *kmalloc(size_t size);
void *kzalloc(size_t size);
void kfree(void *ptr); /* NULL is fine */

/* A kernel stack of KSTACK_SIZE with an unmapped page below it; its lowest address, or NULL. */
void *kstack_alloc(void);
/* Nothing may run on it any more. It stays mapped, for the next one. */
void kstack_free(void *stack);
/* Pages (PAGE_KERNEL) of all stacks, in use or not: they are as many as ever were in use at once
 * and never go back, which is no leak. */
u64 kstack_nr_pages(void);
