/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sending IPIs through XICS. Any context.
 */
#pragma once

#include "kernel/types.h"
#include "kernel/cpumask.h"
#include "kernel/ipi.h"

void arch_ipi_send(unsigned int cpu, enum ipi_kind kind);
/* To every CPU of @mask but this one. */
void arch_ipi_send_mask(const struct cpumask *mask, enum ipi_kind kind);
/* All others, even if this CPU knows nothing any more: for panic. */
void arch_ipi_stop_others(void);
