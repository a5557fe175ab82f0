/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite order: the address space of one page at which two sides meet, and their ways to do so. For
 * tests/kernel/test_order_tlb.c and test_order_tables.c, one test at a time.
 */
#pragma once

#include "lab/bug.h"
#include "lab/storebuf.h"
#include "lab/sync.h"
#include "mm/gather.h"
#include "mm/mm.h"
#include "tests/kernel/test.h"

#if LAB
#define ADDR 0x20000000UL

extern struct mm *order_space; /* with a page at ADDR */

/* What the sides tell each other, and the test; order_make resets it. */
struct order_told {
	u64 ready, flushed_once, ready_again, flushed;
	unsigned int kept; /* stores that were kept back, or loads that were early */
	bool walked, stale, behind;
};

extern struct order_told told;

/*
 * Makes the space, sets the back-ends and a batch of one page, and begins @schedule. False: the
 * test is skipped, as this machine has no such flush.
 */
bool order_make(struct test_run *t, enum tlb_flush_mode flush, enum pgtable_free_mode free,
		const char *schedule);
/* Takes it all back. ERROR if the schedule did not happen, failed if nothing was kept back. */
void order_end(struct test_run *t);

/* Two threads, on CPUs 0 and 1, from their beginning to their end. */
void order_play(void (*first)(void *), void (*second)(void *));
void order_tell(u64 *word);
/* Whether this CPU has a translation of the page, or finds one. It has order_space loaded. */
bool order_reads(void);
#endif
