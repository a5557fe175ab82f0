/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walking kernel stacks by frame pointers.
 */
#pragma once

#include "kernel/types.h"

struct thread;

/* Where a thread that does not run left off. */
void arch_stack_saved(const struct thread *thread, unsigned long *pc, unsigned long *fp);

/* What a step outwards has found. */
enum stack_step {
	STACK_END,  /* nothing more, or @fp leads off a kernel stack */
	STACK_CALL, /* a caller: *@pc is where its call returns to */
	STACK_TRAP, /* what a trap or an interrupt interrupted: *@pc is the instruction itself */
};

/* One frame further out. Any context. */
enum stack_step arch_stack_next(unsigned long *pc, unsigned long *fp);
