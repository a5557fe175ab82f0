/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walking kernel stacks by frame pointers.
 */
#pragma once

#include "kernel/types.h"

struct thread;

/* Where a thread that does not run left off. */
void arch_stack_saved(const struct thread *thread, unsigned long *pc, unsigned long *fp);

/* One frame further out: *@pc becomes the return address. False at the end or where @fp leads
 * off a kernel stack. Any context. */
bool arch_stack_next(unsigned long *pc, unsigned long *fp);
