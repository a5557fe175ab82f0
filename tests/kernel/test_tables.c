/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite tables: page tables are not freed under a walker that has interrupts off.
 *
 * A speculative fault stands in a leaf table, its entry not yet read, while munmap takes that very
 * table out and frees it. What keeps the table: with flush=ipi the flush waits for the walker's
 * acknowledgement; with flush=tlbie nobody waits for anybody, so free=ipi interrupts the CPUs
 * before it frees, and free=rcu leaves it to a worker. Each pair of back-ends is run, whatever the
 * boot words say; where a broadcast flush may be late the program could write to a page that is
 * gone, so a probe decides. The walker looks at the table's age when it goes on, and stays a while:
 * it must see it unlinked, or the schedule was not what it is for, and not reclaimed. One that does
 * gives up, and the test says who freed what under whom. At random, and in floods, the suite
 * torture does the same.
 */
#include "lab/sync.h"
#include "lab/table_age.h"
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

#define LOOKS 500 /* long enough for a worker that does not wait */
#define UNTIL_FLUSH "spf_in_walk>munmap_write_held,gather_flush>spf_in_walk"
#define UNTIL_END "spf_in_walk>munmap_write_held,munmap_done>spf_in_walk"

/* The walker waits for munmap's end, but where munmap itself waits for the walker. */
static void walk_against_free(struct test_run *t, enum tlb_flush_mode flush,
			      enum pgtable_free_mode free, const char *schedule)
{
	struct process_result result;

	if (!test_set_back_ends(t, flush, free))
		return;
	table_age_begin(LOOKS, 0);
	test_scheduled(t, schedule, &result, "tablerace");
	test_restore_back_ends();
	table_age_end();
	test_check_walkers(t);
	EXPECT_EQ(t, table_age_counts.saw_unlinked, 1);
	EXPECT_OP(t, table_age_counts.reclaimed, >=, 1);
}

TEST(tables, flush_ipi_free_ipi, "the flush's interrupts keep a table under a walker",
     .min_cpus = 2)
{
	walk_against_free(t, TLB_FLUSH_IPI, PGTABLE_FREE_IPI, UNTIL_FLUSH);
}

TEST(tables, flush_ipi_free_rcu, "a grace period keeps a table under a walker", .min_cpus = 2)
{
	walk_against_free(t, TLB_FLUSH_IPI, PGTABLE_FREE_RCU, UNTIL_FLUSH);
}

TEST(tables, flush_tlbie_free_ipi, "without flush interrupts, interrupts before freeing do",
     .min_cpus = 2)
{
	walk_against_free(t, TLB_FLUSH_TLBIE, PGTABLE_FREE_IPI, UNTIL_FLUSH);
}

TEST(tables, flush_tlbie_free_rcu, "without any interrupts from munmap, a grace period does",
     .min_cpus = 2)
{
	walk_against_free(t, TLB_FLUSH_TLBIE, PGTABLE_FREE_RCU, UNTIL_END);
}

/* As under a hypervisor that skips a CPU, whose flush comes with its next interrupt (L-35). */
TEST(tables, flush_short_free_rcu, "where the flush does not wait for the walker, a grace period "
     "does", .min_cpus = 2)
{
	test_begin_short_flush();
	walk_against_free(t, TLB_FLUSH_IPI, PGTABLE_FREE_RCU, UNTIL_END);
	test_end_short_flush(t);
}
#endif
