/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bringing CPUs up.
 */
#pragma once

#include "kernel/types.h"

struct cpu;

/* Makes @cpu (idle thread present) ready to be started: stacks. 0 or -ENOMEM. */
int arch_cpu_prepare(struct cpu *cpu);
/* Starts every prepared CPU of cpus[]; each calls secondary_main. Interrupts on. */
void arch_cpu_start_all(void);
/* Interrupt entries, interrupt controller and timer of the CPU it runs on. */
void arch_cpu_init(struct cpu *cpu);
/* Boot CPU, once all CPUs are up. */
void arch_late_init(void);
/* One line about the CPU for the log. */
void arch_describe(char *buf, size_t size);
