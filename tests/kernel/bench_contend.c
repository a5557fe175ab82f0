/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite bench, run only by name: one faulting thread beside contenders, on both paths, in one boot.
 *
 * Rounds are interleaved, so that a change of the host's speed meets all rows alike. The contender
 * works in the same address space, or does the same work in another one: then it shares the machine
 * but not the locks, and the difference of the two is what sharing an address space costs. The
 * programs print their rates; tools/bench.py reads them.
 */
#include "kernel/string.h"
#include "tests/kernel/test.h"

#define ROUNDS 3
#define MS "300"

static const char *const contenders[] = { "mmap", "mmap-touch", "mprot16m" };

static struct process *start(struct test_run *t, enum fault_path path, const char *const *argv)
{
	struct process_spec spec = { .path = "bin/utest", .argv = argv, .fault_path = path };
	struct process *process = process_spawn(&spec);

	if (!IS_ERR(process))
		return process;
	test_error(t, "cannot start utest contend");
	return NULL;
}

static void finish(struct test_run *t, struct process *process)
{
	struct process_result result;

	if (!process)
		return;
	if (process_wait(process, &result, time_ns() + 2 * wait_limit_ns))
		panic("utest contend does not end");
	test_note_faults(t, &result.faults);
	EXPECT_EQ(t, result.exit_status, 0);
	EXPECT_EQ(t, result.signal, 0);
}

static void run_together(struct test_run *t, enum fault_path path, const char *contender)
{
	const char *const argv[] = { "utest",	"contend", "--path", fault_path_name(path),
				     "--contender", contender, "--ms", MS, NULL };

	finish(t, start(t, path, argv));
}

/* The same two threads as two processes, over the same interval. */
static void run_apart(struct test_run *t, enum fault_path path, const char *contender)
{
	const char *at = test_number(time_ns() + 200 * NSEC_PER_MSEC);
	const char *name = fault_path_name(path);
	char other[32];
	const char *const fault[] = { "utest", "contend", "--role", "fault", "--contender", other,
				      "--path", name, "--ms", MS, "--start-at", at, NULL };
	const char *const change[] = { "utest",	     "contend",	   "--role", contender,
				       "--contender", other,	   "--path", name,
				       "--ms",	     MS,	   "--start-at", at, NULL };
	struct process *a, *b;

	snprintf(other, sizeof(other), "other-%s", contender);
	a = start(t, path, fault);
	b = start(t, path, change);
	finish(t, a);
	finish(t, b);
}

TEST(bench, contend, "fault rates beside contenders in the same and in another address space",
     .min_cpus = 2, .manual = true)
{
	for (unsigned int round = 0; round < ROUNDS; round++)
		for (unsigned int c = 0; c < ARRAY_SIZE(contenders); c++)
			for (unsigned int path = 0; path < NR_FAULT_PATHS; path++) {
				run_together(t, (enum fault_path)path, contenders[c]);
				run_apart(t, (enum fault_path)path, contenders[c]);
			}
}
