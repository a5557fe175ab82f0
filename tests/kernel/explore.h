/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Running tests under schedules (explore=, preempt=), for the runner of tests; and what the two
 * ways to choose schedules share.
 */
#pragma once

#include "lab/explore.h"
#include "lab/ledger.h"
#include "tests/kernel/test.h"

/* --- for runner.c --- */
#if LAB
/* Reads the words. 0, or -EINVAL with a message. */
int explore_configure(void);
/* Instead of one run of @t's test: many, or one under a list. The outcome is @t's. */
void explore_run(struct test_run *t);
#else
static inline int explore_configure(void)
{
	return 0;
}
static inline void explore_run(struct test_run *t)
{
	(void)t;
}
#endif

/* --- of runner.c --- */
/* SUITE.NAME as users select it, with the path in it. */
#define TEST_NAME_MAX 128
void test_run_name(const struct test_run *t, char *name, size_t size);
/* One run of @t's test, with the ledger and the bad signs before and after. */
void test_run_checked(struct test_run *t);

/* --- for those who choose schedules; tests/kernel/explore.c --- */
/* Schedule @number comes next, 0 for those that others are made of: tells the runner and counts it.
 * False if an earlier boot has run it. */
bool explore_begin(u64 number);
/* Whether an earlier boot ended in schedule @number. */
bool explore_died_in(u64 number);
/*
 * Runs @t's test under @list, from a state that is the same each time. The outcome is @t's; @done
 * has the preemptions that came about. The record is good until the next run.
 */
const struct explore_record *explore_under(struct test_run *t, const struct explore_list *list,
					   struct explore_list *done);
/* The index of the first event behind the last preemption in @record. */
unsigned int explore_after_preemption(const struct explore_record *record);
/* Counts the schedule that has just run, and tells of it if it failed. True: no more are wanted. */
bool explore_count(struct test_run *t, const struct explore_list *done);
enum explore_seen_kind { EXPLORE_SEEN_RUN, EXPLORE_SEEN_LIST, NR_EXPLORE_SEEN };
/* Whether something of this kind with this hash, not 0, was seen in this test; now it was. */
bool explore_seen(enum explore_seen_kind kind, u64 hash);

/* @nr schedules drawn by the seed; tests/kernel/explore_chance.c. Ends early with an error. */
void explore_chance(struct test_run *t, u64 nr);
/* All schedules with one or two preemptions at sync points; tests/kernel/explore_all.c. */
void explore_all(struct test_run *t);
