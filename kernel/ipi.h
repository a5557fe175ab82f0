/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an inter-processor interrupt asks for. The arch delivers (arch/ipi.h) and calls
 * ipi_handle on the receiver.
 */
#pragma once

#include "kernel/types.h"

enum ipi_kind {
	IPI_WAKE,    /* nothing but leaving the idle instruction */
	IPI_RESCHED, /* look at the run queue */
	IPI_TLB,     /* serve the TLB inbox */
	IPI_STOP,    /* halt for ever: another CPU panicked */
	NR_IPIS
};

/* From the arch's interrupt entry; interrupts off. */
void ipi_handle(enum ipi_kind kind);
