/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writing a test: one function, registered by TEST in a linker section.
 *
 *	TEST(deadlock, zap_abort, "the same schedule with trylock: no deadlock", .min_cpus = 2)
 *	{
 *		struct process_result result;
 *		...
 *		EXPECT_EQ(t, result.exit_status, 0);
 *	}
 *
 * Outcomes: passed; FAILED, the kernel is wrong (EXPECT); ERROR, the test could not do what it is
 * for, such as a schedule that did not happen (test_error); skipped with a reason (test_skip). The
 * first of them stays. After every test the ledger must be back at its baseline and no bad sign may
 * have been seen. Tests run one at a time, on the thread "main", and may sleep.
 */
#pragma once

#include "kernel/cpu.h"
#include "kernel/errno.h"
#include "kernel/printk.h"
#include "kernel/process.h"
#include "kernel/thread.h"
#include "kernel/time.h"
#include "lab/probe.h"
#include "lab/sync.h"
#include "mm/pgtable.h"
#include "mm/tlb.h"

enum test_outcome { TEST_PASSED, TEST_SKIPPED, TEST_FAILED, TEST_ERROR };

struct test_run;

struct test {
	const char *suite, *name, *what, *file;
	int line;
	void (*fn)(struct test_run *t);
	unsigned int min_cpus; /* skipped on fewer */
	bool both_paths;       /* run once under each fault path, named name_classic and name_spf */
	bool explorable;       /* forces no order and has a window: may be run under explore= */
	bool manual;	       /* only when its suite is named: a benchmark, or a death */
};

struct test_run {
	const struct test *test;
	enum fault_path path; /* the one to use, if both_paths */
	enum test_outcome outcome;
	char why[200];
};

#define TEST(s, n, w, ...)                                                                         \
	static void test_##s##_##n(struct test_run *t);                                            \
	static const struct test test_entry_##s##_##n __section(".tests") __aligned(8) = {         \
		.suite = #s,                                                                       \
		.name = #n,                                                                        \
		.what = (w),                                                                       \
		.file = __FILE__,                                                                  \
		.line = __LINE__,                                                                  \
		.fn = test_##s##_##n,                                                              \
		##__VA_ARGS__                                                                      \
	};                                                                                         \
	static void test_##s##_##n(struct test_run *t)

void test_outcome_set(struct test_run *t, enum test_outcome outcome, const char *fmt, ...)
	__printf(3, 4);
/* A line of measurements, key=value, shown below the test. */
void test_note(struct test_run *t, const char *fmt, ...) __printf(2, 3);

/* For the summary's reader, if the test has passed: what it has shown, in one sentence. */
void test_shown(const struct test_run *t, const char *fmt, ...) __printf(2, 3);

#define test_skip(t, ...) test_outcome_set((t), TEST_SKIPPED, __VA_ARGS__)
#define test_error(t, ...) test_outcome_set((t), TEST_ERROR, __VA_ARGS__)
#define test_fail(t, ...) test_outcome_set((t), TEST_FAILED, __VA_ARGS__)
#define EXPECT(t, cond)                                                                            \
	do {                                                                                       \
		if (!(cond))                                                                       \
			test_fail((t), "%s:%d: expected %s", __FILE__, __LINE__, #cond);           \
	} while (0)
#define EXPECT_OP(t, a, op, b)                                                                     \
	do {                                                                                       \
		s64 expect_a = (s64)(a), expect_b = (s64)(b);                                      \
		if (!(expect_a op expect_b))                                                       \
			test_fail((t), "%s:%d: expected %s %s %s, got %ld and %ld", __FILE__,      \
				  __LINE__, #a, #op, #b, (long)expect_a, (long)expect_b);          \
	} while (0)
#define EXPECT_EQ(t, a, b) EXPECT_OP(t, a, ==, b)

/*
 * Runs the program "utest" of the initrd with the words that follow, under @path and the PTL policy
 * @ptl (NULL: the boot word's), and waits for it. Fails the test if it cannot be started, does not
 * end in time, or ends with anything but status 0.
 */
#define test_program(t, path, ptl, result, ...)                                                    \
	test_program_argv((t), (path), (ptl), (result),                                            \
			  (const char *const[]){ "utest", __VA_ARGS__, NULL })
void test_program_argv(struct test_run *t, enum fault_path path, const char *ptl,
		       struct process_result *result, const char *const *argv);

/*
 * Whether the machine can show what the test looks for: probe @id says yes. If not, the test is
 * skipped. Before anything else in it.
 */
bool test_decidable(struct test_run *t, enum probe_id id);
/* The same for what other CPUs must not see any more after a flush in the present flush mode. */
bool test_flush_decidable(struct test_run *t);

/*
 * For one test, unmapping flushes and frees tables by these, whatever the boot words say. False,
 * and the test is skipped, if this machine has no such flush or it may be late.
 */
bool test_set_back_ends(struct test_run *t, enum tlb_flush_mode flush,
			enum pgtable_free_mode free);
/* When all tables are freed that wait: what it was before. */
void test_restore_back_ends(void);

/* In between, a shootdown does not wait for the last answer (bug=shootdown_one_short); fails the
 * test if that never mattered. */
void test_begin_short_flush(void);
void test_end_short_flush(struct test_run *t);

/* Fails the test if a walker saw a page table reclaimed since table_age_begin; names who did it. */
void test_check_walkers(struct test_run *t);

/* Notes the counters of @faults that are not zero. */
void test_note_faults(struct test_run *t, const struct fault_stats *faults);

/* INV-9: the counters of a process add up. */
void test_check_fault_sums(struct test_run *t, const struct fault_stats *stats);

/* @n as text, for programs' arguments; the buffer is good until 4 more were asked for. */
const char *test_number(u64 n);

/* test_program on the speculative path under @schedule; it is an ERROR if that did not happen. */
void test_scheduled(struct test_run *t, const char *schedule, struct process_result *result,
		    const char *program);

/* From now until its end, passages of sync points count, without a schedule: for sync_wait. */
void test_count_points(struct test_run *t);
void test_count_points_end(void);

/* Kernel threads running func(arg) on CPUs 0..n-1, all joined before it returns. False: no memory.
 * */
bool test_on_cpus(unsigned int n, void (*func)(void *arg), void *arg);
/* A kernel thread that runs func(NULL) on @cpu, or anywhere if @cpu is -1; the caller joins it. One
 * that waits at a sync point keeps its CPU, so others need another. */
struct thread *test_start(const char *name, void (*func)(void *arg), int cpu);
/* Waits, relaxing and yielding, until *@word is at least @value; false after ten seconds. */
bool test_await(const u64 *word, u64 value);
/* The same without yielding, for a thread that holds a spinlock. */
bool test_spin_until(const u64 *word, u64 value);
/* The same until @point was reached @count times. Nobody is woken for it, as with sync_wait: who
 * reaches the point takes and gives back no lock. */
bool test_spin_until_point(enum sync_point point, u64 count);
