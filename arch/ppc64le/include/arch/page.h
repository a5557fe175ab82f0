/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page size, and the direct map between physical and kernel addresses, on ppc64le. The kernel image
 * is part of the direct map.
 */
#pragma once

#include "kernel/types.h"
#include "arch/layout.h"

#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))

#define PPC_CACHE_LINE 128 /* what dcbz clears */

static inline void *phys_to_virt(phys_addr_t phys)
{
	return (void *)(phys + DIRECT_MAP_BASE);
}

static inline phys_addr_t virt_to_phys(const void *virt)
{
	return (phys_addr_t)virt - DIRECT_MAP_BASE;
}

static inline phys_addr_t image_to_phys(const void *virt)
{
	return virt_to_phys(virt);
}

/* @page kernel address of one page. */
static inline void clear_page(void *page)
{
	char *line = page;

	for (unsigned long n = PAGE_SIZE / PPC_CACHE_LINE; n; n--, line += PPC_CACHE_LINE)
		__asm__ __volatile__("dcbz 0, %0" ::"r"(line) : "memory");
}

static inline void copy_page(void *dst, const void *src)
{
	const u64 *from = src;
	u64 *to = dst;

	for (unsigned long n = PAGE_SIZE / 32; n; n--, from += 4, to += 4) {
		u64 a = from[0], b = from[1], c = from[2], d = from[3];

		to[0] = a;
		to[1] = b;
		to[2] = c;
		to[3] = d;
	}
}
