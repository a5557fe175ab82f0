/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rings of the trace, for the two files that fill and empty them.
 */
#pragma once

#include "lab/trace.h"

struct trace_ring {
	struct trace_event *events; /* trace_ring_size of them; NULL: nothing was ever recorded */
	u64 next;   /* number of the next event; its CPU's, atomic since interrupts nest */
	u64 dumped; /* numbers below were written out; whoever dumps */
};

extern struct trace_ring trace_rings[];
extern u64 trace_ring_size; /* a power of two */
