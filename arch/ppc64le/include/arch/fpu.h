/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Floating-point, vector and VSX state of user threads. The kernel is built without any such
 * instructions, so the state moves only at switches and in signal frames.
 */
#pragma once

#include "kernel/types.h"

struct thread;

/* Both: interrupts off, at a switch. Kernel threads and repeated calls are fine. */

/* Brings @thread's memory image up to date, which then is the only one. */
void arch_fpu_save(struct thread *thread);
/* Loads @thread's state, unless this CPU's registers still hold it. */
void arch_fpu_restore(struct thread *thread);
