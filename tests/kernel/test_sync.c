/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite sync: orders of sync points hold whom they name, and nobody else.
 *
 * `meet --change unmap`: thread 0, on CPU 0, unmaps what thread 1, on CPU 1, writes. An order that
 * brings the unmapping between the look-up and the check of the write makes the attempt find a dead
 * VMA, which it does not otherwise; so it tells whether the order was in force.
 */
#include "lab/sync.h"
#include "tests/kernel/test.h"

#if LAB
/* Runs the program under @schedule; what sync_disarm says of it. */
static int run_under(struct test_run *t, const char *schedule, u64 *dead, char *why, size_t size)
{
	struct process_result result;

	if (sync_arm(schedule))
		test_error(t, "bad schedule");
	test_program(t, FAULT_PATH_SPF, NULL, &result, "meet", "--change", "unmap");
	*dead = result.faults.spf[SPF_VMA_DEAD];
	return sync_disarm(why, size);
}

TEST(sync, one_thread, "an order holds the thread and the CPU that it names", .min_cpus = 2)
{
	char why[200];
	u64 dead;

	if (run_under(t, "spf_found@t1>munmap_write_held@t0,munmap_done@cpu0>spf_found@cpu1*1",
		      &dead, why, sizeof(why)))
		test_error(t, "%s", why);
	EXPECT_EQ(t, dead, 1);
}

/*
 * The order names a CPU that takes no part: it is never used, and that is told. If it held CPU 1,
 * the unmapping, which waits for the end of the attempt, would wait for itself.
 */
TEST(sync, other_cpu, "an order for another CPU holds nobody, and is told as unused",
     .min_cpus = 2)
{
	char why[200] = "";
	u64 dead;

	EXPECT_EQ(t, run_under(t, "spf_done>munmap_write_held,munmap_done>spf_found@cpu200", &dead,
			       why, sizeof(why)), -ESRCH);
	EXPECT_EQ(t, dead, 0);
	test_note(t, "%s", why);
}

/* Passages by others do not count for the first side either: it expires. */
TEST(sync, other_thread, "passages by other threads do not count, and the order expires",
     .min_cpus = 2)
{
	u64 limit = wait_limit_ns;
	char why[200] = "";
	u64 dead;

	wait_limit_ns = NSEC_PER_SEC; /* a third is the schedule's, twice of it the program's */
	EXPECT_EQ(t, run_under(t, "spf_found@t7>munmap_write_held", &dead, why, sizeof(why)),
		  -ETIMEDOUT);
	wait_limit_ns = limit;
	test_note(t, "%s", why);
}

TEST(sync, bad_words, "orders that name nobody are refused")
{
	EXPECT_EQ(t, sync_arm("spf_found@x1>spf_done"), -EINVAL);
	EXPECT_EQ(t, sync_arm("spf_found@cpu>spf_done"), -EINVAL);
	EXPECT_EQ(t, sync_arm("spf_found@cpu1@t2>spf_done"), -EINVAL);
	EXPECT_EQ(t, sync_arm("spf_found*0>spf_done"), -EINVAL);
	EXPECT_EQ(t, sync_arm("spf_found@t1*2>spf_done@cpu0*3"), 0);
	sync_arm("");
}
#endif
