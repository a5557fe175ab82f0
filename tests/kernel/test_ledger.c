/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite ledger: that the ledger, by which every other test is judged, counts at all. An item that
 * always reads the same would never differ.
 */
#include "lab/ledger.h"
#include "mm/mm.h"
#include "tests/kernel/test.h"

#if LAB
#define ADDR 0x20000000UL
#define PAGES 4

TEST(ledger, counts, "what an address space takes stands in the ledger until it goes")
{
	struct ledger before, with, after;
	struct mm *mm;
	char why[120];

	ledger_read(&before);
	mm = mm_create();
	if (!mm)
		panic("no memory for the test");
	EXPECT_EQ(t, mm_mmap(mm, ADDR, PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE), ADDR);
	ledger_read(&with);
	mm_put(mm);
	ledger_read(&after);
	EXPECT_EQ(t, with.count[LEDGER_MMS] - before.count[LEDGER_MMS], 1);
	EXPECT_EQ(t, with.count[LEDGER_VMAS] - before.count[LEDGER_VMAS], 1);
	EXPECT_EQ(t, with.count[LEDGER_ANON_VMAS] - before.count[LEDGER_ANON_VMAS], 1);
	EXPECT_EQ(t, with.count[LEDGER_ANON_PAGES] - before.count[LEDGER_ANON_PAGES], PAGES);
	/* The top table and one on the way of each of the levels below. */
	EXPECT_OP(t, with.count[LEDGER_TABLES] - before.count[LEDGER_TABLES], >=, 4);
	EXPECT_OP(t, with.count[LEDGER_TABLE_PAGES] - before.count[LEDGER_TABLE_PAGES], >=, 4);
	if (ledger_differs(&before, &after, why, sizeof(why)))
		test_fail(t, "it did not come back: %s", why);
}
#endif
