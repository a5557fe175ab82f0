/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupts between CPUs that are threads.
 */
#pragma once

#include "kernel/cpumask.h"
#include "kernel/ipi.h"

void arch_ipi_send(unsigned int cpu, enum ipi_kind kind);
/* To every CPU of @mask but this one. */
void arch_ipi_send_mask(const struct cpumask *mask, enum ipi_kind kind);
