/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is behind the per-CPU lists of pages: the zones of mm/page_alloc.c. For mm/page_cpu.c and
 * lab/quarantine.c only.
 */
#pragma once

#include "mm/page.h"

/* A block of 2^@order pages, still of kind PAGE_FREE, its order set in the head; or NULL. */
struct page *zone_alloc(unsigned int order);
/* Gives a block of kind PAGE_FREE back, joining it with free neighbours. */
void zone_free(struct page *page, unsigned int order);
/* Up to @n single pages into @pages, under one hold of the lock; how many. */
unsigned int zone_alloc_batch(struct page **pages, unsigned int n);
/* Gives back the @n single pages of @pages. */
void zone_free_batch(struct page **pages, unsigned int n);
/* Pages in all zones. */
u64 zone_nr_free(void);
/* Pages of RAM that were in use at boot and never came to a zone. */
u64 zone_nr_reserved(void);
