/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walking kernel stacks along the back chain.
 */
#pragma once

#include "kernel/types.h"

/* One frame further out: *@pc becomes the return address. False at the end or where @fp leads
 * off a kernel stack. Any context. */
bool arch_stack_next(unsigned long *pc, unsigned long *fp);
