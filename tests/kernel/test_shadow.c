/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite shadow: the shadow check agrees with what programs do, and disagrees with what they cannot.
 *
 * Programs run with a model beside them, on both paths: no disagreement. Then an address space of
 * the test's own is changed by the ordinary calls, with a defect (bug=protect_keeps_ptes) or with a
 * lie told to the model in between: each must be found, and nothing else.
 */
#include "lab/bug.h"
#include "lab/shadow.h"
#include "mm/mm.h"
#include "mm/pgtable.h"
#include "tests/kernel/test.h"

#if LAB
#define ADDR 0x20000000UL
#define PAGES 4

static bool was_on;

static void begin(struct test_run *t)
{
	was_on = shadow_on;
	if (shadow_enable(true))
		test_error(t, "no memory for the shadow check's history");
}

static void end(void)
{
	shadow_enable(was_on);
}

TEST(shadow, programs, "faults and calls of programs agree with the model", .both_paths = true)
{
	struct process_result result;
	unsigned int reports = shadow_reports();

	begin(t);
	test_program(t, t->path, NULL, &result, "mmapcalls");
	test_program(t, t->path, NULL, &result, "growth");
	test_program(t, t->path, NULL, &result, "segv");
	test_program(t, t->path, NULL, &result, "storm");
	end();
	EXPECT_EQ(t, shadow_reports(), reports);
}

/* Four writable pages with entries, and a model that has seen them come. */
static struct mm *mapped_mm(struct test_run *t)
{
	struct mm *mm;

	begin(t);
	mm = mm_create();
	if (!mm || !mm->shadow)
		panic("no memory for the test");
	EXPECT_EQ(t, mm_mmap(mm, ADDR, PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE), ADDR);
	return mm;
}

static void unmapped_mm(struct mm *mm)
{
	mm_put(mm);
	end();
}

TEST(shadow, finds_a_kept_entry, "an mprotect that leaves entries as they were is found")
{
	unsigned int reports = shadow_reports();
	struct mm *mm = mapped_mm(t);

	EXPECT_EQ(t, mm_mprotect(mm, ADDR, PAGE_SIZE, PROT_READ), 0);
	EXPECT_EQ(t, shadow_reports(), reports);
	shadow_expect(true);
	bug_set(BUG_protect_keeps_ptes, true);
	EXPECT_EQ(t, mm_mprotect(mm, ADDR + PAGE_SIZE, 2 * PAGE_SIZE, PROT_READ), 0);
	bug_set(BUG_protect_keeps_ptes, false);
	shadow_expect(false);
	EXPECT_EQ(t, shadow_reports(), reports + 1);
	/* The entries are right again, or mm_check would find them as well. */
	EXPECT_EQ(t, mm_mprotect(mm, ADDR, 3 * PAGE_SIZE, PROT_READ | PROT_WRITE), 0);
	unmapped_mm(mm);
	EXPECT_EQ(t, shadow_reports(), reports + 1);
}

TEST(shadow, finds_a_stray_entry, "an entry written where nothing is mapped is found, twice")
{
	const pte_t none = { 0 }, stray = pte_make(1, vma_prot(VM_READ | VM_WRITE));
	unsigned int reports = shadow_reports();
	struct mm *mm = mapped_mm(t);

	shadow_expect(true);
	shadow_pte(mm, ADDR + PAGES * PAGE_SIZE, none, stray);
	EXPECT_EQ(t, shadow_reports(), reports + 1);
	/* The unmapping does not know of it, so it is left over. */
	EXPECT_EQ(t, mm_munmap(mm, ADDR, 2 * PAGES * PAGE_SIZE), 0);
	EXPECT_EQ(t, shadow_reports(), reports + 2);
	shadow_expect(false);
	shadow_pte(mm, ADDR + PAGES * PAGE_SIZE, stray, none);
	EXPECT_EQ(t, shadow_reports(), reports + 2);
	unmapped_mm(mm);
}

TEST(shadow, judges_faults, "a wrong refusal and a wrong success of a fault are found")
{
	unsigned int reports = shadow_reports();
	struct mm *mm = mapped_mm(t);

	shadow_fault_begin(mm);
	shadow_fault_done(mm, ADDR + 8, FAULT_WRITE);
	shadow_fault_refused(mm, ADDR + PAGES * PAGE_SIZE, FAULT_WRITE, false);
	EXPECT_EQ(t, shadow_reports(), reports);
	shadow_expect(true);
	shadow_fault_begin(mm);
	shadow_fault_done(mm, ADDR + PAGES * PAGE_SIZE, 0);
	EXPECT_EQ(t, shadow_reports(), reports + 1);
	shadow_fault_refused(mm, ADDR, 0, false);
	EXPECT_EQ(t, shadow_reports(), reports + 2);
	shadow_expect(false);
	unmapped_mm(mm);
}

/*
 * A write that a read was faster than is done with the page of zeroes in place, and comes again. A
 * write that lost to nobody should have replaced it.
 */
TEST(shadow, knows_a_lost_race, "a write may leave what a read has put there just before")
{
	pte_t none = { 0 }, zero = pte_mkspecial(pte_wrprotect(pte_make(zero_pfn,
			vma_prot(VM_READ | VM_WRITE))));
	unsigned int reports = shadow_reports();
	struct mm *mm = mapped_mm(t);

	EXPECT_EQ(t, mm_madvise(mm, ADDR, PAGE_SIZE, MADV_DONTNEED), 0);
	shadow_fault_begin(mm);
	shadow_pte(mm, ADDR, none, zero);
	shadow_fault_repeats();
	shadow_fault_done(mm, ADDR, FAULT_WRITE);
	EXPECT_EQ(t, shadow_reports(), reports);
	shadow_expect(true);
	shadow_fault_begin(mm);
	shadow_fault_done(mm, ADDR, FAULT_WRITE);
	shadow_expect(false);
	EXPECT_EQ(t, shadow_reports(), reports + 1);
	shadow_pte(mm, ADDR, zero, none);
	unmapped_mm(mm);
}

TEST(shadow, finds_a_page_kept, "a page that MADV_DONTNEED should have taken is found")
{
	unsigned int reports = shadow_reports();
	struct mm *mm = mapped_mm(t);
	u64 since = shadow_zap_begin(mm);

	shadow_expect(true);
	shadow_zap_end(mm, ADDR, ADDR + PAGE_SIZE, since + 1);
	shadow_expect(false);
	EXPECT_EQ(t, shadow_reports(), reports + 1);
	EXPECT_EQ(t, mm_madvise(mm, ADDR, PAGES * PAGE_SIZE, MADV_DONTNEED), 0);
	EXPECT_EQ(t, shadow_reports(), reports + 1);
	unmapped_mm(mm);
}
#endif
