/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite storm: threads on every CPU that fault, map, unmap and protect at once. Each keeps a shadow
 * of what every page must hold; the ledger is compared afterwards.
 */
#include "kernel/cmdline.h"
#include "tests/kernel/test.h"

/* Rounds of all threads together: the more threads, the fewer each, but some. */
#define TOTAL_ROUNDS 1200

static void storm(struct test_run *t, const char *program, const char *option)
{
	unsigned int threads = max(nr_cpus, 2u);
	struct process_result result;

	if (!test_flush_decidable(t))
		return;
	test_program(t, t->path, NULL, &result, program, "--threads", test_number(threads),
		     "--seed", test_number(cmdline.seed & 0xffffff), "--rounds",
		     test_number(max(TOTAL_ROUNDS / threads, 16u)), option);
	test_note(t, "faults=%lu spf_ok=%lu classic=%lu trylock=%lu vma_changed=%lu vma_busy=%lu",
		  (unsigned long)result.faults.faults, (unsigned long)result.faults.spf[SPF_OK],
		  (unsigned long)result.faults.classic,
		  (unsigned long)result.faults.spf[SPF_TRYLOCK],
		  (unsigned long)result.faults.spf[SPF_VMA_CHANGED],
		  (unsigned long)result.faults.spf[SPF_VMA_BUSY]);
}

TEST(storm, disjoint, "threads change and check ranges of their own", .both_paths = true)
{
	storm(t, "storm", NULL);
}

TEST(storm, shared, "threads change one range under each other's feet", .both_paths = true)
{
	storm(t, "storm", "--shared");
}

TEST(storm, lookup, "faults in stable VMAs while others come and go between them",
     .both_paths = true)
{
	storm(t, "lookupstorm", NULL);
}
