/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Leaving the machine.
 */
#pragma once

#include "kernel/types.h"

/* Ends the machine with @value of kernel/exit.h (isa-debug-exit; halts if there is none). */
void arch_exit(int value) __noreturn;
