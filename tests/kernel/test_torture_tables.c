/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite torture: page tables are reclaimed in floods, and no walker sees one grow too old.
 *
 * The program `reclaim` takes the tables of a region away, again and again, while speculative
 * faults on other CPUs walk them. While tables age (lab/table_age.h) such a fault stays in its
 * window, interrupts off, and looks; the unmapping begins when one is there. So most rounds unlink
 * a table under a walker: it must see that age, or the test has shown nothing. If it ever sees a
 * table reclaimed, the reclaim did not wait for it (INV-3, L-35), and the test says who walked, who
 * unlinked and who reclaimed.
 *
 * Each pair of back-ends is run, whatever the boot words say. Where a flush waits for every walker
 * free=rcu has nothing left to do; the last test lets the flush wait for one CPU too few, as one
 * would by a hypervisor that skips a CPU, and the grace period must make up for it.
 *
 * Source: rcutorture's method of ageing objects.
 */
#include "kernel/cmdline.h"
#include "lab/table_age.h"
#include "tests/kernel/test.h"

#if LAB
#define SPANS 16

/* The more CPUs look, the longer a look takes, and a round. */
static u64 nr_looks(void)
{
	u64 n = max(min(2000 / nr_cpus, 500u), 40u);

	/* Elsewhere each look gives all other CPUs a turn. */
	return cmdline.mode == MODE_PARALLEL || cmdline.mode == MODE_KVM ? 8 * n : n;
}

static u64 nr_rounds(void)
{
	return max(min(64 / nr_cpus, 16u), 4u);
}

/* Whether walkers and unlinking really met. */
static bool saw_enough(void)
{
	return table_age_counts.saw_unlinked >= max(nr_rounds() / 8, (u64)1);
}

static void check_counts(struct test_run *t, u64 rounds)
{
	const struct table_age_counts *c = &table_age_counts;

	test_check_walkers(t);
	EXPECT_EQ(t, c->reclaimed, c->unlinked);
	/* Signs that there was something to see. */
	EXPECT_OP(t, c->unlinked, >=, rounds * SPANS);
	EXPECT_OP(t, c->most_waiting, >=, SPANS);
	if (!saw_enough())
		test_error(t, "only %lu walkers saw a table unlinked in %lu rounds",
			   (unsigned long)c->saw_unlinked, (unsigned long)rounds);
	test_note(t, "rounds=%lu unlinked=%lu reclaimed=%lu reclaims=%lu most_waiting=%lu",
		  (unsigned long)rounds, (unsigned long)c->unlinked, (unsigned long)c->reclaimed,
		  (unsigned long)c->rounds, (unsigned long)c->most_waiting);
	test_note(t, "walkers=%lu saw_unlinked=%lu saw_reclaimed=%lu met=%lu missed=%lu",
		  (unsigned long)c->visits, (unsigned long)c->saw_unlinked,
		  (unsigned long)c->saw_reclaimed, (unsigned long)c->met,
		  (unsigned long)c->missed);
	test_shown(t, "%lu page tables reclaimed, up to %lu at once; %lu walkers saw one unlinked, "
		   "none one reclaimed", (unsigned long)c->reclaimed,
		   (unsigned long)c->most_waiting, (unsigned long)c->saw_unlinked);
}

static void reclaim(struct test_run *t, enum tlb_flush_mode flush, enum pgtable_free_mode free)
{
	struct process_result result;
	u64 rounds = 0;

	if (!test_set_back_ends(t, flush, free))
		return;
	table_age_begin(nr_looks(), SPANS * PMD_SIZE);
	/* Where CPUs run at once, a loaded host may keep the parties apart. */
	for (int tries = 0; tries < 4 && !saw_enough(); tries++, rounds += nr_rounds())
		test_program(t, FAULT_PATH_SPF, NULL, &result, "reclaim", "--rounds",
			     test_number(nr_rounds()), "--spans", test_number(SPANS), "--seed",
			     test_number((cmdline.seed + (u64)tries) & 0xffffff));
	test_restore_back_ends();
	table_age_end();
	check_counts(t, rounds);
}

TEST(torture, tables_flush_ipi_free_ipi, "no walker sees a table reclaimed: flush=ipi free=ipi",
     .min_cpus = 2)
{
	reclaim(t, TLB_FLUSH_IPI, PGTABLE_FREE_IPI);
}

TEST(torture, tables_flush_ipi_free_rcu, "no walker sees a table reclaimed: flush=ipi free=rcu",
     .min_cpus = 2)
{
	reclaim(t, TLB_FLUSH_IPI, PGTABLE_FREE_RCU);
}

TEST(torture, tables_flush_tlbie_free_ipi,
     "no walker sees a table reclaimed: flush=tlbie free=ipi", .min_cpus = 2)
{
	reclaim(t, TLB_FLUSH_TLBIE, PGTABLE_FREE_IPI);
}

TEST(torture, tables_flush_tlbie_free_rcu,
     "no walker sees a table reclaimed: flush=tlbie free=rcu", .min_cpus = 2)
{
	reclaim(t, TLB_FLUSH_TLBIE, PGTABLE_FREE_RCU);
}

TEST(torture, tables_flush_short_free_rcu,
     "free=rcu alone keeps tables: the flush does not wait for one CPU", .min_cpus = 2)
{
	test_begin_short_flush();
	reclaim(t, TLB_FLUSH_IPI, PGTABLE_FREE_RCU);
	test_end_short_flush(t);
}
#endif
