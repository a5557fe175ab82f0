/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slab allocator: objects of one size in pages of their own, and kmalloc on top of it.
 *
 * Freed objects are poisoned with 0x6b but for a link, in every build with instruments. Each
 * cache keeps a small per-CPU stack of free objects (interrupts off), then its lock.
 */
#pragma once

#include "kernel/list.h"
#include "kernel/spinlock.h"

struct slab_cache;

/* A cache of objects of @size bytes, aligned to 8, or to CACHE_LINE if @size >= 64. Never fails
 * at boot: panics. */
struct slab_cache *slab_create(const char *name, size_t size);
/* An object (contents undefined) or NULL. Never sleeps; not from NMI. */
void *slab_alloc(struct slab_cache *cache);
void slab_free(struct slab_cache *cache, void *object);
/* Objects in use; exact when nothing runs. */
u64 slab_nr_used(struct slab_cache *cache);
/* Pages held by empty slabs and per-CPU stacks go back, so that the ledger is exact. */
void slab_drain(void);

void slab_init(void);
/* @size bytes, at most 1 MiB, 16-aligned; NULL without memory. Never sleeps. */
void *kmalloc(size_t size);
void *kzalloc(size_t size);
void kfree(void *ptr); /* NULL is fine */

/* A kernel stack of KSTACK_SIZE with an unmapped page below it; its lowest address, or NULL. */
void *kstack_alloc(void);
void kstack_free(void *stack);
