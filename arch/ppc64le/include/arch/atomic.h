/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory barriers on ppc64le, which may reorder any two accesses that do not depend on each other.
 * Source: Power ISA 3.0B, book II, 4.6.3 (sync, lwsync).
 */
#pragma once

#include "kernel/types.h"

#define smp_mb() __asm__ __volatile__("sync" ::: "memory")
#define smp_rmb() __asm__ __volatile__("lwsync" ::: "memory")
#define smp_wmb() __asm__ __volatile__("lwsync" ::: "memory")
