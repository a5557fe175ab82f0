/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tests of the watchdog's stalls have in common: the watchdog has a short limit meanwhile, and
 * one kind of report is expected, or none.
 *
 * One test at a time, by its main thread; threads of the test read only.
 */
#pragma once

#include "kernel/cmdline.h"
#include "lab/watchdog.h"
#include "tests/kernel/test.h"

#if LAB
/* The limit where a report is wanted; in replay mode virtual time is dear. */
#define STALL_NS ((cmdline.mode == MODE_REPLAY ? 40 : 100) * NSEC_PER_MSEC)
/* And where none may come, which the host's other load must not make a stall of. */
#define SILENT_NS (400 * NSEC_PER_MSEC)

extern struct stall {
	enum watchdog_kind kind;
	unsigned int cpu; /* WATCHDOG_HUNG_CPU: which must be reported; set before stall_begin */
	u64 begun;	  /* threads of the test that stand where they should */
	unsigned int reports, of_kind, inconclusive; /* before it */
	u64 limit_ns; /* of the watchdog, outside the test */
} stall;

/* From now on a report of @kind is expected; with WATCHDOG_NONE, none. */
void stall_begin(enum watchdog_kind kind);
/* The report has come, once, or the host did not let it, which skips the test. */
void stall_end(struct test_run *t);
/* Whether it has come, or will not since a CPU got no time. Any context. */
bool stall_noticed(void);
/* Until when it must have come: a time like time_ns(). */
u64 stall_deadline(void);

/* Passes time, interrupts and all as they are, until the stall was noticed. Any context. */
void stall_spin(void);
void stall_spin_for(u64 ns);
/* A running thread of the kernel on @cpu, or anywhere for -1. */
struct thread *stall_start(void (*func)(void *), int cpu);
/* Joins it; keeps this CPU awake meanwhile, so that ticks look often. */
void stall_await_thread(struct thread *thread);
/* From a thread of the test: one more stands where it should. */
void stall_count(void);
#endif
