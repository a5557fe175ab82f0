/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System resets as non-maskable interrupts to single CPUs.
 */
#pragma once

#include "kernel/types.h"

/* Nothing is sent while an earlier one to the same CPU has not been answered: they would nest. */
void arch_nmi_send(unsigned int cpu);
/* Sends an interrupt that makes @cpu call nmi_handle_interrupt; true. A system reset that comes
 * together with an interrupt is not survived, so this is to be tried first. */
bool arch_nmi_interrupt(unsigned int cpu);
/* Returns when the host has let every CPU run: one that could take interrupts has begun to. */
void arch_nmi_await_turns(void);
/* The machine has no timer that sends them; the runner does. */
static inline bool arch_nmi_timer_start(void) { return false; }
static inline bool arch_nmi_timer_due(void) { return false; }
