/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one system-call extension that user programs may use: prctl(PR_FAULTLINE, op, arg, arg).
 *
 * Linux answers EINVAL to it, so a program that takes that as "not under test" runs there too.
 * Shared with user mode: nothing but <stdint.h> types.
 */
#pragma once

#include <stdint.h>

#define PR_FAULTLINE 0x464c

enum fl_op {
	FL_SET_PATH = 1,   /* arg: 0 classic, 1 spf; for this address space */
	FL_GET_PATH = 2,   /* returns it */
	FL_SET_PTL = 3,	   /* arg: name of a ptl policy */
	FL_SYNC_GO = 4,	   /* the schedule that the test declared becomes active */
	FL_SYNC_PASS = 5,  /* reaches the sync point prctl_pass */
	FL_COUNTS = 6,	   /* arg: struct fl_counts to fill, of this address space so far */
	FL_SYNC_WAIT = 7,  /* arg: name of a sync point; arg: count. Sleeps until it is reached */
	FL_SYNC_END = 8,   /* passages no longer count: what follows is not under test */
	FL_TRACE_DUMP = 9, /* writes the trace so far; returns 1, or 0 if nothing is traced */
	FL_HANG_REPORT = 10, /* prints all threads and who waits for whom */
};

struct fl_counts {
	uint64_t faults, spf_ok, spf_attempts, classic, signals;
	uint64_t aborts[32]; /* by reason, in the order of SPF_REASON_LIST */
};
