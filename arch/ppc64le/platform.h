/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What boot.c tells the rest of the platform before kernel_main.
 */
#pragma once

#include "kernel/types.h"

/* --- time.c --- */
/* How fast timebase and decrementer count; less than 4 GHz. */
void timer_set_frequency(u64 hz);
