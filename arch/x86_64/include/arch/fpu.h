/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * x87 and SSE state of user threads, by FXSAVE (no XSAVE: docs/platforms.md). The kernel is built
 * without FPU instructions, so the state moves only at switches and in signal frames.
 */
#pragma once

#include "kernel/types.h"

struct thread;
void arch_fpu_save(struct thread *thread);
void arch_fpu_restore(struct thread *thread);
