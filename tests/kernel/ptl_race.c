/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs the programs `zap` and `cow` (tests/user/zap.c) under the schedule that makes a flush with
 * the PTL held and speculative faults for the same PTL meet. Owns nothing; no locks.
 */
#include "tests/kernel/ptl_race.h"

#if LAB
#include "arch/mmu.h"
#include "lab/lockdep.h"
#include "lab/watchdog.h"
#include "mm/gather.h"
#include "mm/ptl.h"

/* The faults begin when the tree is at rest again, or one might find it busy and go classic. */
#define ZAP_SCHEDULE                                                                               \
	"munmap_unlinked>spf_begin,zap_ptl_held>spf_before_ptl,spf_before_ptl*%u>zap_ptl_held"
#define COW_SCHEDULE "spf_before_ptl*%u>cow_flush_ptl"

struct ptl_race ptl_race_zap(const char *ptl, unsigned int faulters, unsigned int pages)
{
	return (struct ptl_race){ .program = "zap", .schedule = ZAP_SCHEDULE, .ptl = ptl,
				  .faulters = faulters, .passages = faulters, .pages = pages };
}

/* The flusher's own fault passes spf_before_ptl too. */
struct ptl_race ptl_race_cow(const char *ptl, unsigned int faulters)
{
	return (struct ptl_race){ .program = "cow", .schedule = COW_SCHEDULE, .ptl = ptl,
				  .faulters = faulters, .passages = faulters + 1 };
}

unsigned int ptl_race_pages(void)
{
	unsigned int room = min(PMD_SIZE / PAGE_SIZE - 4, 200UL); /* the faulters share the rest */

	return min(gather_batch + 8, room);
}

void ptl_race_run(struct test_run *t, const struct ptl_race *race, struct ptl_race_result *result)
{
	unsigned int reports = watchdog_reports();
	char schedule[128], why[200];

	snprintf(schedule, sizeof(schedule), race->schedule, race->passages);
	if (sync_arm(schedule))
		test_error(t, "bad schedule %s", schedule);
	watchdog_expect(race->deadlock);
	/* It is told that the policy waits, whatever this schedule makes of it. */
	if (race->ptl && ptl_policy_find(race->ptl)->waits)
		lockdep_expect(LOCKDEP_EXPECT_QUIETLY);
	test_program(t, FAULT_PATH_SPF, race->ptl, &result->process, race->program, "--faulters",
		     test_number(race->faulters), race->pages ? "--pages" : NULL,
		     test_number(race->pages));
	watchdog_expect(false);
	lockdep_expect(LOCKDEP_EXPECT_NOTHING);
	if (sync_disarm(why, sizeof(why)))
		test_error(t, "%s", why);
	result->reports = watchdog_reports() - reports;
	result->flushes_under_ptl =
		sync_reached(SYNC_gather_full_ptl) + sync_reached(SYNC_cow_flush_ptl);
	result->contended = sync_reached(SYNC_spf_ptl_contended);
	result->refused = sync_reached(SYNC_spf_ptl_refused);
	result->flushes_after = sync_reached(SYNC_gather_flush);
	test_note(t, "schedule=%s ptl=%s reports=%u contended=%lu refused=%lu", schedule,
		  race->ptl ? race->ptl : "as booted", result->reports,
		  (unsigned long)result->contended, (unsigned long)result->refused);
}
#endif
