/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite policy: does the PTL policy of the boot word ptl= deadlock?
 *
 * The races of suite deadlock, under the same schedules, but with the policy that the user chose,
 * and with no opinion on how it does it: every fault must come to its end, and the watchdog must
 * have nothing to say. With ptl=spin the suite is red. docs/your-own-ptl-policy.md adds a policy
 * and asks this suite.
 */
#include "kernel/cmdline.h"
#include "mm/tlb.h"
#include "tests/kernel/ptl_race.h"

#if LAB
static void expect_no_deadlock(struct test_run *t, struct ptl_race race)
{
	struct ptl_race_result result;

	if (tlb_flush_mode != TLB_FLUSH_IPI) {
		test_skip(t, "nobody is waited for with flush=tlbie");
		return;
	}
	ptl_race_run(t, &race, &result);
	EXPECT_EQ(t, result.reports, 0);
	EXPECT_EQ(t, result.flushes_under_ptl, 1);
	EXPECT_OP(t, result.contended, >=, race.faulters);
	test_shown(t, "policy %s, %s: no deadlock; asked %lu times, did not get the lock %lu times",
		   cmdline.ptl, t->test->what, (unsigned long)result.contended,
		   (unsigned long)result.refused);
}

TEST(policy, zap, "munmap flushes with the PTL held, one fault wants it", .min_cpus = 2)
{
	expect_no_deadlock(t, ptl_race_zap(NULL, 1, ptl_race_pages()));
}

TEST(policy, cow, "a write replaces the zero page under the PTL, one fault wants it",
     .min_cpus = 2)
{
	expect_no_deadlock(t, ptl_race_cow(NULL, 1));
}

TEST(policy, storm, "munmap flushes with the PTL held, every other CPU wants it", .min_cpus = 2)
{
	expect_no_deadlock(t, ptl_race_zap(NULL, nr_cpus - 1, ptl_race_pages()));
}
#endif
