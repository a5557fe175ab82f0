/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine's run-time services.
 */
#pragma once

#include "kernel/types.h"
#include "arch/ppc64le/fdt.h"

enum rtas_service { RTAS_POWER_OFF, RTAS_OS_TERM, RTAS_START_CPU, NR_RTAS_SERVICES };

/* Learns the services' tokens from the device tree. */
void rtas_init(const struct fdt *fdt);
/* Calls @service, which has one result, with @nargs (at most 3) arguments. Returns that result, 0
 * for success, or -ENOSYS if the machine does not have it. Any context. */
int rtas_call(enum rtas_service service, unsigned int nargs, u32 a, u32 b, u32 c);
