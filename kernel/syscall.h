/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System calls: Linux's numbers (arch/syscall.h), arguments and errors.
 */
#pragma once

#include "kernel/types.h"

struct trap_frame;

/*
 * From the arch's system-call entry: interrupts on, on the thread's kernel stack. Returns the
 * value or -errno; the arch puts it where user mode looks for it.
 */
long syscall_dispatch(struct trap_frame *regs, unsigned long nr, const unsigned long args[6]);
/* Unknown calls seen since boot, number by number: printed after a run. */
void syscall_print_unknown(void);
