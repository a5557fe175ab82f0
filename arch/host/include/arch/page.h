/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages of the host: physical address 0 is at host_ram.
 */
#pragma once

#include "kernel/string.h"
#include "kernel/types.h"
#include "arch/layout.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))

extern char *host_ram;

static inline void *phys_to_virt(phys_addr_t phys)
{
	return (void *)((uintptr_t)host_ram + phys);
}

static inline phys_addr_t virt_to_phys(const void *virt)
{
	return (uintptr_t)virt - (uintptr_t)host_ram;
}

static inline void clear_page(void *page)
{
	memset(page, 0, PAGE_SIZE);
}
