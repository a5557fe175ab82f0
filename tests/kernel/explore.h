/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Running tests under schedules (explore=, preempt=), for the runner of tests.
 */
#pragma once

#include "lab/ledger.h"
#include "tests/kernel/test.h"

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

/* SUITE.NAME as users select it, with the path in it (runner.c). */
#define TEST_NAME_MAX 128
void test_run_name(const struct test_run *t, char *name, size_t size);
/* One run of @t's test, with the ledger and the bad signs before and after (runner.c). */
void test_run_checked(struct test_run *t);
