/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tests share: running programs and kernel threads, checking sums.
 */
#include "arch/tlb.h"
#include "kernel/errno.h"
#include "kernel/string.h"
#include "lab/bug.h"
#include "lab/sync.h"
#include "lab/table_age.h"
#include "mm/ptl.h"
#include "mm/tlb.h"
#include "tests/kernel/test.h"

/* Longer than any wait in the kernel, so that a hang is reported by who waits. */
#define PROGRAM_LIMIT_NS (2 * wait_limit_ns)
#define AWAIT_NS (10 * NSEC_PER_SEC)

void test_program_argv(struct test_run *t, enum fault_path path, const char *ptl,
		       struct process_result *result, const char *const *argv)
{
	struct process_spec spec = {
		.path = "bin/utest",
		.argv = argv,
		.fault_path = path,
		.ptl_policy = ptl ? ptl_policy_find(ptl) : NULL,
	};
	struct process *process = process_spawn(&spec);

	memset(result, 0, sizeof(*result));
	if (IS_ERR(process)) {
		test_error(t, "cannot start utest %s: error %ld", argv[1], -PTR_ERR(process));
		return;
	}
	if (process_wait(process, result, time_ns() + PROGRAM_LIMIT_NS)) {
		threads_print();
		panic("test %s.%s: program %s does not end", t->test->suite, t->test->name,
		      argv[1]);
	}
	if (result->signal)
		test_fail(t, "utest %s was killed by signal %d", argv[1], result->signal);
	else if (result->exit_status)
		test_fail(t, "utest %s ended with status %d", argv[1], result->exit_status);
	test_check_fault_sums(t, &result->faults);
}

void test_check_fault_sums(struct test_run *t, const struct fault_stats *stats)
{
	u64 sum = 0;

	for (unsigned int i = 0; i < NR_SPF_REASONS; i++)
		sum += stats->spf[i];
	EXPECT_EQ(t, stats->spf_attempts, sum);
	EXPECT_EQ(t, stats->faults, stats->spf[SPF_OK] + stats->classic);
}

void test_note_faults(struct test_run *t, const struct fault_stats *faults)
{
	test_note(t, "faults=%lu classic=%lu spf_attempts=%lu spf_ok=%lu",
		  (unsigned long)faults->faults, (unsigned long)faults->classic,
		  (unsigned long)faults->spf_attempts,
		  (unsigned long)faults->spf[SPF_OK]);
	for (unsigned int i = SPF_OK + 1; i < NR_SPF_REASONS; i++)
		if (faults->spf[i])
			test_note(t, "%s=%lu", spf_reason_name((enum spf_reason)i),
				  (unsigned long)faults->spf[i]);
}

bool test_decidable(struct test_run *t, enum probe_id id)
{
	static const char *const no[NR_PROBES] = {
		[PROBE_stale_translation] = "no stale translation is ever seen",
		[PROBE_store_reordering] = "no reordering is seen",
		[PROBE_broadcast_waits] = "a broadcast flush returns too early",
	};
	enum probe_answer answer = probe_ask(id);

	if (answer == PROBE_YES)
		return true;
	test_skip(t, "not decidable here: %s (%s)",
		  answer == PROBE_NO ? no[id] : "the probe has no answer", probe_reason(id));
	return false;
}

bool test_flush_decidable(struct test_run *t)
{
	return tlb_flush_mode == TLB_FLUSH_IPI || test_decidable(t, PROBE_broadcast_waits);
}

static enum tlb_flush_mode old_flush;
static enum pgtable_free_mode old_free;

bool test_set_back_ends(struct test_run *t, enum tlb_flush_mode flush,
			enum pgtable_free_mode free)
{
	if (flush == TLB_FLUSH_TLBIE && !ARCH_TLB_BROADCAST) {
		test_skip(t, "this machine has no broadcast invalidation");
		return false;
	}
	if (flush == TLB_FLUSH_TLBIE && !test_decidable(t, PROBE_broadcast_waits))
		return false;
	old_flush = tlb_flush_mode;
	old_free = pgtable_free_mode;
	tlb_flush_mode = flush;
	pgtable_free_mode = free;
	return true;
}

void test_restore_back_ends(void)
{
	pgtable_free_barrier();
	tlb_flush_mode = old_flush;
	pgtable_free_mode = old_free;
}

const char *test_number(u64 n)
{
	static char buf[5][24];
	static unsigned int next;

	next = (next + 1) % ARRAY_SIZE(buf);
	snprintf(buf[next], sizeof(buf[next]), "%lu", (unsigned long)n);
	return buf[next];
}

struct thread *test_start(const char *name, void (*func)(void *arg), int cpu)
{
	struct thread *thread = thread_create(name, func, NULL, cpu);

	if (IS_ERR(thread))
		panic("no memory for a test's thread");
	thread_start(thread);
	return thread;
}

bool test_on_cpus(unsigned int n, void (*func)(void *arg), void *arg)
{
	struct thread *threads[NR_CPUS];
	bool ok = true;

	for (unsigned int i = 0; i < n; i++) {
		threads[i] = thread_create("test", func, arg, (int)i);
		if (IS_ERR(threads[i])) {
			n = i;
			ok = false;
		}
	}
	for (unsigned int i = 0; i < n; i++)
		thread_start(threads[i]);
	for (unsigned int i = 0; i < n; i++)
		thread_join(threads[i]);
	return ok;
}

static bool wait_for_word(const u64 *word, u64 value, bool yield)
{
	u64 deadline = time_ns() + AWAIT_NS;

	while (__atomic_load_n(word, __ATOMIC_SEQ_CST) < value) {
		if (time_ns() > deadline)
			return false;
		cpu_relax();
		if (yield)
			thread_yield();
	}
	return true;
}

bool test_await(const u64 *word, u64 value)
{
	return wait_for_word(word, value, true);
}

bool test_spin_until(const u64 *word, u64 value)
{
	return wait_for_word(word, value, false);
}

#if LAB
static u64 short_hits;
static bool short_before;

void test_begin_short_flush(void)
{
	short_hits = bug_hits(BUG_shootdown_one_short);
	short_before = bug_switches[BUG_shootdown_one_short].on;
	bug_set(BUG_shootdown_one_short, true);
}

void test_end_short_flush(struct test_run *t)
{
	bug_set(BUG_shootdown_one_short, short_before);
	EXPECT_OP(t, bug_hits(BUG_shootdown_one_short), >, short_hits);
}

void test_check_walkers(struct test_run *t)
{
	const struct table_age_sighting *seen = table_age_first_sighting();

	if (!seen)
		return;
	test_fail(t,
		  "CPU %u (thread %d) at %lx walked table %u of level %u, unlinked by CPU %u "
		  "(thread %d, %s) and reclaimed by CPU %u (thread %d, %s); %lu such in all",
		  seen->walker.cpu, seen->walker.tid, seen->addr, seen->generation, seen->level,
		  seen->unlinked_by.cpu, seen->unlinked_by.tid, seen->unlinked_by.thread,
		  seen->reclaimed_by.cpu, seen->reclaimed_by.tid, seen->reclaimed_by.thread,
		  (unsigned long)table_age_counts.saw_reclaimed);
}

void test_scheduled(struct test_run *t, const char *schedule, struct process_result *result,
		    const char *program)
{
	char why[200];

	if (sync_arm(schedule))
		test_error(t, "bad schedule");
	test_program(t, FAULT_PATH_SPF, NULL, result, program);
	if (sync_disarm(why, sizeof(why)))
		test_error(t, "%s", why);
}

bool test_spin_until_point(enum sync_point point, u64 count)
{
	u64 deadline = time_ns() + AWAIT_NS;

	while (sync_reached(point) < count) {
		if (time_ns() > deadline)
			return false;
		cpu_relax();
	}
	return true;
}

void test_count_points(struct test_run *t)
{
	if (sync_arm("") || sync_go())
		test_error(t, "sync points cannot be counted");
}

void test_count_points_end(void)
{
	sync_end();
}
#endif
