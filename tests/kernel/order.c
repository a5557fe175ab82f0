/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The address space of suite order. The sides are kernel threads that load it as the scheduler
 * would and read user memory as a system call would.
 */
#include "tests/kernel/order.h"
#include "arch/uaccess.h"

#if LAB
struct mm *order_space;
struct order_told told;

static unsigned int old_batch;

bool order_make(struct test_run *t, enum tlb_flush_mode flush, enum pgtable_free_mode free,
		const char *schedule)
{
	if (!test_set_back_ends(t, flush, free))
		return false;
	old_batch = gather_batch;
	gather_batch = 1;
	told = (struct order_told){ 0 };
	order_space = mm_create();
	if (!order_space ||
	    mm_mmap(order_space, ADDR, PAGE_SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE) != ADDR)
		panic("no memory for the test");
	if (sync_arm(schedule) || sync_go())
		test_error(t, "bad schedule");
	return true;
}

void order_end(struct test_run *t)
{
	char why[200];

	sync_end();
	if (sync_disarm(why, sizeof(why)))
		test_error(t, "%s", why);
	mm_put(order_space);
	gather_batch = old_batch;
	test_restore_back_ends();
	/* Else there was no emulation. */
	EXPECT_OP(t, told.kept, >, 0);
}

void order_play(void (*first)(void *), void (*second)(void *))
{
	struct thread *threads[2] = { test_start("first", first, 0),
				      test_start("second", second, 1) };

	for (unsigned int i = 0; i < 2; i++)
		thread_join(threads[i]);
}

void order_tell(u64 *word)
{
	__atomic_store_n(word, 1, __ATOMIC_SEQ_CST);
}

bool order_reads(void)
{
	u32 value;

	return !user_read32((const void *)ADDR, &value);
}
#endif
