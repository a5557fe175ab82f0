/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the watchdog's own files: watchdog.c takes the looks, watchdog_stall.c finds what does
 * not move, watchdog_report.c prints. All of it runs in a look: one at a time, interrupts off.
 */
#pragma once

#include "lab/waitfor.h"
#include "lab/watchdog.h"

#if LAB
struct thread;

/* How often something must have been seen unchanged, beside its time. */
#define STALL_LOOKS 16
/* NMIs that a CPU must answer, interrupts off and without progress between them. */
#define STALL_PROOFS 3

/* One look. */
struct look {
	u64 now;
	bool threads; /* the list of threads is held; without it CPUs alone are looked at */
	bool nmi;     /* from an NMI: no thread can be woken */
};

/* Looks for what does not move. */
void watchdog_look_stalls(const struct look *look);
/* Own CPU's tick: whether it has only ticked, neither switched threads nor left the kernel. */
bool watchdog_tick_stuck(bool from_user, u64 now, u64 *since_ns);
/* That was reported: not again before something else happens on this CPU. */
void watchdog_tick_told(void);

/* Reports a proved deadlock, breaks its waits, or ends the kernel if it cannot. */
void watchdog_report_cycle(const struct look *look, const struct waitfor_cycle *cycle);
/* @cpu has not moved since @since_ns: no tick, or if it is this one, nothing but ticks. */
void watchdog_report_hung_cpu(const struct look *look, unsigned int cpu, u64 since_ns);
/* Acknowledgements that @wait of @cpu waits for. */
void watchdog_report_missing_ack(const struct look *look, unsigned int cpu,
				 const struct wait *wait);
/* @thread does not get on in @wait; @kind says why. */
void watchdog_report_thread(const struct look *look, enum watchdog_kind kind,
			    const struct thread *thread, const struct wait *wait);
/* All CPUs, which have recorded where they are, have interrupts off. */
void watchdog_report_all_stuck(const struct look *look, u64 since_ns);
/* @cpu seems stuck, but had no time from the host to go on. */
void watchdog_report_inconclusive(const struct look *look, unsigned int cpu, u64 since_ns);
#endif
