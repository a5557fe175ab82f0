/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite quarantine: a use after free is reported, with who used and who had freed.
 *
 * Each defect is switched on for one program under one schedule, which makes one CPU free what
 * another is about to use; the report must name both. The control runs the same schedule without
 * the defect, and nothing may be reported. With pagealloc=debug the use traps; without, a read of
 * a page table is noticed by the poison in it, and a write when the memory is handed out again.
 *
 * A table is freed by CPU 0, where the program's main thread is, and used by CPU 1.
 */
#include "kernel/string.h"
#include "lab/bug.h"
#include "lab/freed.h"
#include "lab/poison.h"
#include "lab/quarantine.h"
#include "lab/sync.h"
#include "mm/pgtable.h"
#include "mm/slab.h"
#include "mm/tlb.h"
#include "tests/kernel/test.h"

#if LAB
static unsigned int reports_before[NR_FREED_USES];

/* New reports of @use. */
static unsigned int reports_of(enum freed_use use)
{
	return freed_reports(use) - reports_before[use];
}

static unsigned int reports_of_all(void)
{
	unsigned int n = 0;

	for (unsigned int use = 0; use < NR_FREED_USES; use++)
		n += reports_of((enum freed_use)use);
	return n;
}

static void expect_begin(bool expected)
{
	for (unsigned int use = 0; use < NR_FREED_USES; use++)
		reports_before[use] = freed_reports((enum freed_use)use);
	freed_expect(expected);
}

/* Runs @program under @schedule with interrupts as the only way to flush and to free tables. */
static void run_scheduled(struct test_run *t, const char *program, const char *schedule)
{
	struct process_result result;

	if (!test_set_back_ends(t, TLB_FLUSH_IPI, PGTABLE_FREE_IPI))
		return;
	test_scheduled(t, schedule, &result, program);
	test_restore_back_ends();
}

/* The latest report of @use: CPU 1 touched what another thread had freed on CPU 0. */
static void check_parties(struct test_run *t, enum freed_use use, enum page_kind kind)
{
	const struct freed_report *report = freed_last_report(use);

	if (!reports_of(use))
		return;
	EXPECT_EQ(t, report->cpu, 1);
	EXPECT_OP(t, report->freed.number, !=, 0);
	EXPECT_EQ(t, report->freed.cpu, 0);
	EXPECT_OP(t, report->freed.tid, !=, report->tid);
	EXPECT_EQ(t, report->freed.kind, kind);
	EXPECT_OP(t, report->freed.nr_pcs, >=, quarantine_on ? 4 : 1);
	if (kind == PAGE_TABLE)
		EXPECT_EQ(t, report->freed.level, 1);
}

#define READ_TABLE "spf_in_walk>munmap_write_held,gather_flush>spf_in_walk"

/*
 * A speculative fault stands in a leaf table, interrupts off, its entry not yet read. The defect
 * frees the table before the flush that would wait for this CPU. The fault reads on.
 */
TEST(quarantine, table_read, "a read of a freed page table is reported, with both parties",
     .min_cpus = 2)
{
	expect_begin(true);
	bug_set(BUG_tables_free_at_once, true);
	run_scheduled(t, "tablerace", READ_TABLE);
	bug_set(BUG_tables_free_at_once, false);
	freed_expect(false);
	EXPECT_EQ(t, reports_of(FREED_TRAPPED), quarantine_on);
	EXPECT_EQ(t, reports_of(FREED_READ_POISON), 1);
	check_parties(t, FREED_TRAPPED, PAGE_TABLE);
	check_parties(t, FREED_READ_POISON, PAGE_TABLE);
	test_shown(t, "a read of a freed page table was %s, with who freed it",
		   quarantine_on ? "trapped" : "noticed by its poison");
}

TEST(quarantine, table_read_control, "the same schedule without the defect: no report",
     .min_cpus = 2)
{
	expect_begin(false);
	run_scheduled(t, "tablerace", READ_TABLE);
	EXPECT_EQ(t, reports_of_all(), 0);
}

#define REUSE_TABLE "spf_walked>munmap_write_held,prctl_pass>spf_walked*1"

/*
 * A write fault has walked and prepares its page, interrupts on. Meanwhile the table goes with an
 * unmapping, and the same addresses are mapped and written again. The defects leave out every
 * check of the VMA, so the fault goes for the lock of the table that it walked: the pmd entry may
 * hold the very same value again, and only the generation tells. (With pagealloc=debug the page is
 * held back, and there is no table any more in that place.)
 */
TEST(quarantine, table_reuse, "a table that is another one by now is told by its generation",
     .min_cpus = 2)
{
	expect_begin(true);
	bug_set(BUG_skip_table_check, true);
	bug_set(BUG_skip_seq_recheck, true);
	run_scheduled(t, "tablereuse", REUSE_TABLE);
	bug_set(BUG_skip_table_check, false);
	bug_set(BUG_skip_seq_recheck, false);
	freed_expect(false);
	EXPECT_EQ(t, reports_of(FREED_OTHER_TABLE), 1);
	EXPECT_EQ(t, reports_of_all(), 1);
	check_parties(t, FREED_OTHER_TABLE, PAGE_TABLE);
}

TEST(quarantine, table_reuse_control, "the same schedule without the defects: no report",
     .min_cpus = 2)
{
	expect_begin(false);
	run_scheduled(t, "tablereuse", REUSE_TABLE);
	EXPECT_EQ(t, reports_of_all(), 0);
}

/* Once munmap is through: when no CPU has translations of what it freed, lets the fault go on. */
static void let_go(void *arg)
{
	(void)arg;
	if (sync_wait("munmap_done", 1))
		return;
	quarantine_flush_wait();
	SYNC_POINT(prctl_pass);
}

#define READ_VMA "spf_found>munmap_write_held,prctl_pass>spf_found"

static void read_vma(struct test_run *t)
{
	struct thread *thread = thread_create("let_go", let_go, NULL, 0);

	if (IS_ERR(thread)) {
		test_error(t, "no memory for a thread");
		return;
	}
	if (sync_go()) /* before the thread can look; the program begins it anew */
		test_error(t, "no schedule");
	thread_start(thread);
	run_scheduled(t, "unmaprace", READ_VMA);
	thread_join(thread);
}

/* A fault has found a VMA and not yet looked at its count when the defect frees it at once. */
TEST(quarantine, vma, "a read of a freed VMA traps, with both parties", .min_cpus = 2)
{
	if (!quarantine_on) {
		test_skip(t, "needs pagealloc=debug");
		return;
	}
	expect_begin(true);
	bug_set(BUG_srcu_free_at_once, true);
	read_vma(t);
	bug_set(BUG_srcu_free_at_once, false);
	freed_expect(false);
	EXPECT_EQ(t, reports_of(FREED_TRAPPED), 1);
	EXPECT_EQ(t, reports_of_all(), 1);
	check_parties(t, FREED_TRAPPED, PAGE_SLAB);
	EXPECT_EQ(t, strcmp(freed_last_report(FREED_TRAPPED)->freed.cache, "vma"), 0);
	test_shown(t, "a read of a freed VMA was trapped, with who freed it");
}

TEST(quarantine, vma_control, "the same schedule without the defect: no report", .min_cpus = 2)
{
	expect_begin(false);
	read_vma(t);
	EXPECT_EQ(t, reports_of_all(), 0);
}

/*
 * A page is unmapped without a shootdown; another CPU writes it through the translation that it
 * still has. Nothing traps in user mode; the poison tells when the page is handed out again.
 */
TEST(quarantine, page_written, "a write to a freed page by a stale translation is found",
     .min_cpus = 2)
{
	struct process_result result;

	if (page_checks == PAGE_CHECKS_PLAIN) {
		test_skip(t, "needs pagealloc=poison or debug");
		return;
	}
	expect_begin(true);
	bug_set(BUG_skip_shootdown, true);
	test_program(t, FAULT_PATH_CLASSIC, NULL, &result, "stalewrite");
	bug_set(BUG_skip_shootdown, false);
	quarantine_drain();
	freed_expect(false);
	EXPECT_EQ(t, reports_of_all(), reports_of(FREED_WRITTEN));
	if (!reports_of(FREED_WRITTEN)) {
		test_skip(t, "not decidable here: no translation was stale");
		return;
	}
	EXPECT_EQ(t, freed_last_report(FREED_WRITTEN)->freed.kind, PAGE_ANON);
	EXPECT_EQ(t, freed_last_report(FREED_WRITTEN)->freed.cpu, 0);
}

TEST(quarantine, page_written_control, "the same program with a shootdown: no report",
     .min_cpus = 2)
{
	struct process_result result;

	expect_begin(false);
	test_program(t, FAULT_PATH_CLASSIC, NULL, &result, "stalewrite");
	quarantine_drain();
	EXPECT_EQ(t, reports_of_all(), 0);
}

/* The allocator's own check: an object is written after it was freed, and then handed out. */
TEST(quarantine, object_written, "a write to a freed object is found, with who freed it")
{
	static struct slab_cache *cache;
	u64 *object;

	cache = cache ? cache : slab_create("quarantine_test", 128);
	object = slab_alloc(cache);
	if (!object) {
		test_error(t, "no memory");
		return;
	}
	expect_begin(true);
	slab_free(cache, object);
	WRITE_ONCE(object[5], 1);
	EXPECT_EQ(t, (unsigned long)slab_alloc(cache), (unsigned long)object);
	freed_expect(false);
	EXPECT_EQ(t, reports_of(FREED_WRITTEN), 1);
	EXPECT_EQ(t, freed_last_report(FREED_WRITTEN)->freed.tid, current->tid);
	slab_free(cache, object);
}

/* The probe that others ask says what the boot word promises. */
TEST(quarantine, probe, "a freed table traps if pagealloc=debug says so, and only then")
{
	expect_begin(false);
	EXPECT_EQ(t, quarantine_probe(), quarantine_on);
	EXPECT_EQ(t, reports_of_all(), 0);
}
#endif
