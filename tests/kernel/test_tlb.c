/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite tlb: shootdowns reach the CPUs that need them.
 */
#include "kernel/stat.h"
#include "lab/sync.h"
#include "mm/tlb.h"
#include "tests/kernel/test.h"

static u64 before[3][NR_CPUS];
static const enum stat per_cpu[3] = { STAT_USER_FAULTS, STAT_SHOOTDOWNS_SENT,
				      STAT_SHOOTDOWNS_RECV };

/* The fewest of counter @s that any CPU has counted since @before. */
static u64 least_on_a_cpu(unsigned int s, u64 *sum)
{
	u64 least = ~0ULL;

	*sum = 0;
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
		u64 n = stat_cpu(cpu, per_cpu[s]) - before[s][cpu];

		least = min(least, n);
		*sum += n;
	}
	return least;
}

static bool all_took_part(void)
{
	u64 sum;

	for (unsigned int s = 0; s < 3; s++)
		if (!least_on_a_cpu(s, &sum))
			return false;
	return true;
}

#define TOURS 8

/*
 * A thread on each CPU faults, then unmaps what it touched while all others run in the same mm. A
 * CPU that runs a kernel thread just then is rightly left out; so there are more tours if need be.
 */
TEST(tlb, every_cpu_takes_part, "each CPU takes a fault, sends a shootdown and receives one",
     .both_paths = true, .min_cpus = 2)
{
	struct process_result result;

	if (tlb_flush_mode != TLB_FLUSH_IPI) {
		test_skip(t, "no CPU is interrupted with flush=tlbie");
		return;
	}
	for (unsigned int s = 0; s < 3; s++)
		for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
			before[s][cpu] = stat_cpu(cpu, per_cpu[s]);
	for (unsigned int i = 0; i < TOURS && !all_took_part(); i++)
		test_program(t, t->path, NULL, &result, "cputour", "--threads",
			     test_number(nr_cpus));
	for (unsigned int s = 0; s < 3; s++) {
		u64 sum, least = least_on_a_cpu(s, &sum);

		if (!least)
			test_fail(t, "a CPU has no %s", stat_name(per_cpu[s]));
		test_note(t, "%s: sum=%lu least_on_a_cpu=%lu", stat_name(per_cpu[s]),
			  (unsigned long)sum, (unsigned long)least);
	}
	if (t->path == FAULT_PATH_SPF)
		test_shown(t, "each of %u CPUs took a fault, sent a shootdown and received one",
			   nr_cpus);
}

/*
 * INV-10: pages are replaced under CPUs that hold their translations. Where no stale translation is
 * ever seen, however little is flushed, this shows nothing, and where a broadcast flush is late it
 * may fail with nothing wrong here; so the probes are asked first.
 */
static void replace_pages(struct test_run *t)
{
	struct process_result result;

	for (unsigned int i = 0; i < 2; i++)
		test_program(t, t->path, NULL, &result, "stale", "--threads",
			     test_number(nr_cpus - 1));
}

TEST(tlb, no_stale_translation, "no CPU keeps the translation of a page that was replaced",
     .both_paths = true, .min_cpus = 2)
{
	if (test_decidable(t, PROBE_stale_translation) && test_flush_decidable(t))
		replace_pages(t);
}

TEST(tlb, no_stale_broadcast, "the same where the machine's broadcast flushes",
     .both_paths = true, .min_cpus = 2)
{
	if (!test_decidable(t, PROBE_stale_translation) ||
	    !test_set_back_ends(t, TLB_FLUSH_TLBIE, PGTABLE_FREE_IPI))
		return;
	replace_pages(t);
	test_restore_back_ends();
}

#if LAB
/*
 * The first request reaches CPU 2 from CPU 1, the second from CPU 0, whose request is served first:
 * of two ranges that are due it tells only the second, so it must make everything go (INV-10).
 */
#define UNTIL_TWO_BEHIND                                                                           \
	"spf_in_walk@cpu2*1>gather_flush@cpu1*1,tlb_ack_wait@cpu1*1>gather_flush@cpu0*1,"          \
	"tlb_ack_wait@cpu0*1>spf_in_walk@cpu2*1"

TEST(tlb, two_behind, "a CPU that is two flushes behind keeps no translation", .min_cpus = 3)
{
	struct process_result result;

	if (tlb_flush_mode != TLB_FLUSH_IPI) {
		test_skip(t, "no CPU is interrupted with flush=tlbie");
		return;
	}
	if (!test_decidable(t, PROBE_stale_translation))
		return;
	test_scheduled(t, UNTIL_TWO_BEHIND, &result, "twobehind");
}
#endif
