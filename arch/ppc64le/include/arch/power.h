/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Leaving the machine.
 */
#pragma once

#include "kernel/types.h"

/* Ends the machine with @value of kernel/exit.h, as the last line of the control channel. */
void arch_exit(int value) __noreturn;
