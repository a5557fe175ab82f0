/* SPDX-License-Identifier: GPL-2.0-only */
/* The address map of host tests: RAM is an area of the process, the rest is never touched. */
#pragma once

#define NR_CPUS 8
#define KSTACK_SHIFT 14
#define KSTACK_AREA_BASE ((unsigned long)host_kstack_area)
#define KSTACK_AREA_SIZE 0x100000
#define USER_MIN 0x1000
#define USER_TOP 0x7ffffffff000

extern char host_kstack_area[KSTACK_AREA_SIZE];
