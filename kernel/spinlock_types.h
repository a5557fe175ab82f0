/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The spinlock as data, apart from its operations: struct cpu has spinlocks in it, and taking one
 * writes to struct cpu. Include kernel/spinlock.h.
 */
#pragma once

#include "kernel/types.h"

struct spinlock {
	u32 val;
	u32 owner; /* CPU number + 1 while held; for reports and the watchdog; LAB only */
	const char *name;
};

#define SPINLOCK_INIT(n) { .val = 0, .owner = 0, .name = (n) }
#define DEFINE_SPINLOCK(l) struct spinlock l = SPINLOCK_INIT(#l)
