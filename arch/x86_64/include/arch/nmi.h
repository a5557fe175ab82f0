/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Non-maskable interrupts to single CPUs.
 */
#pragma once

#include "kernel/types.h"

void arch_nmi_send(unsigned int cpu);
/* An NMI is survived everywhere, so nothing else need be tried first. */
static inline bool arch_nmi_interrupt(unsigned int cpu) { (void)cpu; return false; }
static inline void arch_nmi_await_turns(void) { }
/* Has a timer send an NMI to the boot CPU, once; false if the machine has none that does. */
bool arch_nmi_timer_start(void);
/* From an NMI: whether it was that timer's, which is started again then. */
bool arch_nmi_timer_due(void);
