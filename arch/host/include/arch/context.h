/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A thread of the kernel on the host: a thread of the process, on a CPU of its own.
 */
#pragma once

#include "kernel/types.h"

struct arch_thread {
	/* What its last access to user memory met with, until it is read; the thread's own. */
	int signo, code;
	u64 addr;
};
