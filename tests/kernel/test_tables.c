/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite tables: page tables are not freed under a walker that has interrupts off.
 *
 * A speculative fault stands in a leaf table, its entry not yet read, while munmap takes that very
 * table out and frees it. What keeps the table: with flush=ipi the flush waits for the walker's
 * acknowledgement; with flush=tlbie nobody waits for anybody, so free=ipi interrupts the CPUs
 * before it frees, and free=rcu leaves it to a worker. A walker that reads a freed table finds
 * poison, which is a WARN. Each pair of back-ends is run, whatever the boot words say; where a
 * broadcast flush may be late the program could write to a page that is gone, so a probe decides.
 */
#include "arch/tlb.h"
#include "lab/bug.h"
#include "lab/sync.h"
#include "mm/mm.h"
#include "mm/pgtable.h"
#include "mm/tlb.h"
#include "tests/kernel/test.h"

#define ADDR 0x20000000UL

#if LAB
/*
 * Memory runs out in the middle of making tables: the mapping stands, without its pages, and takes
 * back what was made. The ledger says if anything is lost.
 */
TEST(tables, no_memory, "a table that cannot be made costs nothing")
{
	struct mm *mm = mm_create();

	if (!mm) {
		test_error(t, "no memory for the test");
		return;
	}
	page_alloc_fail_after(1);
	EXPECT_EQ(t, mm_mmap(mm, ADDR, PAGE_SIZE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE), ADDR);
	page_alloc_fail_after(0);
	EXPECT_EQ(t, pgtable_find_pmd(mm, ADDR) == NULL, true);
	EXPECT_EQ(t, mm_munmap(mm, ADDR, PAGE_SIZE), 0);
	mm_put(mm);
}

#define UNTIL_FLUSH "spf_in_walk>munmap_write_held,gather_flush>spf_in_walk"
#define UNTIL_END "spf_in_walk>munmap_write_held,munmap_done>spf_in_walk"

/* The walker waits for munmap's end, but where munmap itself waits for the walker. */
static const char *schedule_for(enum tlb_flush_mode flush, enum pgtable_free_mode free)
{
	if (flush == TLB_FLUSH_IPI)
		return UNTIL_FLUSH;
	return free == PGTABLE_FREE_RCU ? UNTIL_END : UNTIL_FLUSH;
}

static void walk_against_free(struct test_run *t, enum tlb_flush_mode flush,
			      enum pgtable_free_mode free)
{
	enum tlb_flush_mode old_flush = tlb_flush_mode;
	enum pgtable_free_mode old_free = pgtable_free_mode;
	struct process_result result;
	char why[200];

	if (flush == TLB_FLUSH_TLBIE && !ARCH_TLB_BROADCAST) {
		test_skip(t, "this machine has no broadcast invalidation");
		return;
	}
	if (flush == TLB_FLUSH_TLBIE && !test_decidable(t, PROBE_broadcast_waits))
		return;
	tlb_flush_mode = flush;
	pgtable_free_mode = free;
	if (sync_arm(schedule_for(flush, free)))
		test_error(t, "bad schedule");
	test_program(t, FAULT_PATH_SPF, NULL, &result, "tablerace");
	if (sync_disarm(why, sizeof(why)))
		test_error(t, "%s", why);
	pgtable_free_barrier();
	tlb_flush_mode = old_flush;
	pgtable_free_mode = old_free;
}

TEST(tables, flush_ipi_free_ipi, "the flush's interrupts keep a table under a walker",
     .min_cpus = 2)
{
	walk_against_free(t, TLB_FLUSH_IPI, PGTABLE_FREE_IPI);
}

TEST(tables, flush_ipi_free_rcu, "a grace period keeps a table under a walker", .min_cpus = 2)
{
	walk_against_free(t, TLB_FLUSH_IPI, PGTABLE_FREE_RCU);
}

TEST(tables, flush_tlbie_free_ipi, "without flush interrupts, interrupts before freeing do",
     .min_cpus = 2)
{
	walk_against_free(t, TLB_FLUSH_TLBIE, PGTABLE_FREE_IPI);
}

TEST(tables, flush_tlbie_free_rcu, "without any interrupts from munmap, a grace period does",
     .min_cpus = 2)
{
	walk_against_free(t, TLB_FLUSH_TLBIE, PGTABLE_FREE_RCU);
}
#endif
