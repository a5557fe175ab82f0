/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page size, and the direct map between physical and kernel addresses, on x86_64.
 */
#pragma once

#include "kernel/types.h"
#include "arch/layout.h"

#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))

static inline void *phys_to_virt(phys_addr_t phys)
{
	return (void *)(phys + DIRECT_MAP_BASE);
}

/* @virt in the direct map; for addresses of the kernel image use image_to_phys. */
static inline phys_addr_t virt_to_phys(const void *virt)
{
	return (phys_addr_t)virt - DIRECT_MAP_BASE;
}

static inline phys_addr_t image_to_phys(const void *virt)
{
	return (phys_addr_t)virt - KERNEL_VIRT_OFFSET;
}

/* @page kernel address of one page. Without ERMS on purpose: see docs/figures.md. */
static inline void clear_page(void *page)
{
	unsigned long n = PAGE_SIZE / 8;

	__asm__ __volatile__("rep stosq" : "+D"(page), "+c"(n) : "a"(0L) : "memory");
}

static inline void copy_page(void *dst, const void *src)
{
	unsigned long n = PAGE_SIZE / 8;

	__asm__ __volatile__("rep movsq" : "+D"(dst), "+S"(src), "+c"(n) : : "memory");
}
