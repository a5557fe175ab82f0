/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The race of the IPI/page-table-lock deadlock, as several suites run it.
 *
 * One CPU holds a PTL and flushes: it waits for every CPU of the address space to acknowledge. A
 * speculative fault on another CPU has turned interrupts off, so that the tables it walks stay, and
 * wants that PTL. If it waits for it, neither goes on: the flush waits for the acknowledgement, the
 * fault for the lock. With one try and a way back there is no wait and so no cycle (INV-4).
 *
 * The schedule makes the two meet every time: whoever is about to flush stops, lock held, until all
 * faults stand before the lock with interrupts off; they stop there until the lock is held. Since
 * they cannot acknowledge, the lock is still held when they try it.
 */
#pragma once

#include "lab/sync.h"
#include "tests/kernel/test.h"

#if LAB
struct ptl_race {
	const char *program, *schedule;
	const char *ptl;		 /* the policy's name; NULL: the boot word's */
	unsigned int faulters, passages; /* of spf_before_ptl that the flusher waits for */
	unsigned int pages;		 /* 0: the program has no such option */
	bool deadlock;			 /* expected: the watchdog's report is no bad sign */
};

struct ptl_race_result {
	struct process_result process;
	u64 flushes_under_ptl, flushes_after; /* of main, from GO to END */
	u64 contended; /* tries for the PTL that found it held, in the same time */
	u64 refused;   /* of these, those after which the policy did not have it */
	unsigned int reports;
};

/* munmap of @pages pages with the lock held, against @faulters faults (hazards 9.1a, 9.3). */
struct ptl_race ptl_race_zap(const char *ptl, unsigned int faulters, unsigned int pages);
/* A write to the page of zeroes, which replaces it with the lock held (hazard 9.2). */
struct ptl_race ptl_race_cow(const char *ptl, unsigned int faulters);
/* More pages than the gather's batch holds, however it is set, within one table. */
unsigned int ptl_race_pages(void);

/* Runs it; fails the test if the program fails, ERROR if the schedule did not happen. */
void ptl_race_run(struct test_run *t, const struct ptl_race *race, struct ptl_race_result *result);
#endif
