/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The address map of the host. User addresses are numbers that only the MMU of arch/host/mmu.c
 * understands; RAM is an area of the process (arch/page.h); the area of kernel stacks is an array,
 * since threads have the stacks that the C library gives them.
 */
#pragma once

#define NR_CPUS 16
#define KSTACK_AREA_BASE ((unsigned long)host_kstack_area)
#define KSTACK_AREA_SIZE 0x100000
#define KSTACK_SHIFT 14
#define USER_MIN 0x1000
#define USER_TOP 0x7ffffffff000

extern char host_kstack_area[KSTACK_AREA_SIZE];
