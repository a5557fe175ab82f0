/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * x87 and SSE state of user threads, by FXSAVE (no XSAVE: docs/platforms.md). The kernel is built
 * without FPU instructions, so the state moves only at switches and in signal frames.
 */
#pragma once

#include "kernel/types.h"

struct thread;

/* Both: interrupts off, at a switch. Kernel threads and repeated calls are fine. */

/* Brings @thread's memory image up to date, which then is the only one. */
void arch_fpu_save(struct thread *thread);
/* Loads @thread's state, unless this CPU's registers still hold it. */
void arch_fpu_restore(struct thread *thread);
