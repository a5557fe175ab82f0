/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Non-maskable interrupts to single CPUs.
 */
#pragma once

#include "kernel/types.h"

void arch_nmi_send(unsigned int cpu);
