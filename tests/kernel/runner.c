/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Selects the tests, runs them one after the other, and reports in KTAP.
 *
 * The plan is printed before anything runs. A suite is the block of its tests. A test is run once,
 * or once under each fault path; the word fault= leaves one of the two.
 */
#include "arch/boot.h"
#include "arch/syscall.h"
#include "kernel/boot.h"
#include "kernel/cmdline.h"
#include "kernel/exit.h"
#include "kernel/run.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "lab/bug.h"
#include "lab/ledger.h"
#include "lab/mutant.h"
#include "mm/page.h"
#include "lab/perturb.h"
#include "lab/sync.h"
#include "tests/kernel/explore.h"
#include "lab/trace.h"
#include "tests/kernel/test.h"

extern const struct test tests_start[], tests_stop[];

#define FAULTLINE_VERSION "0.1.0"
#define MAX_NAME 64

static struct {
	unsigned int passed, failed, skipped, errors;
} totals;

/* One run of one test: its name with the path in it. */
static void run_name(const struct test *test, enum fault_path path, char *name, size_t size)
{
	if (test->both_paths)
		snprintf(name, size, "%s_%s", test->name, fault_path_name(path));
	else
		snprintf(name, size, "%s", test->name);
}

void test_run_name(const struct test_run *t, char *name, size_t size)
{
	char part[MAX_NAME];

	run_name(t->test, t->path, part, sizeof(part));
	snprintf(name, size, "%s.%s", t->test->suite, part);
}

/* Whether one glob of @globs matches and begins with @prefix; no globs are all without a prefix. */
static bool glob_list_match(const char *globs, const char *id, const char *prefix)
{
	char glob[MAX_NAME * 2];

	if (!*globs)
		return !*prefix;
	while (*globs) {
		const char *comma = strchr(globs, ',');
		size_t len = comma ? (size_t)(comma - globs) : strlen(globs);

		strlcpy(glob, globs, min(len + 1, sizeof(glob)));
		if (!strncmp(glob, prefix, strlen(prefix)) && glob_match(glob, id))
			return true;
		globs += len + (comma != NULL);
	}
	return false;
}

static bool selected_by(const char *globs, const struct test *test, enum fault_path path)
{
	char name[MAX_NAME], id[MAX_NAME * 2];
	const char *named = test->manual ? test->suite : "";

	if (!test->both_paths && path != FAULT_PATH_CLASSIC)
		return false;
	if (test->both_paths && cmdline.fault_given && path != cmdline.fault)
		return false;
	if (tests_explore() && !*globs && !test->explorable)
		return false;
	run_name(test, path, name, sizeof(name));
	snprintf(id, sizeof(id), "%s.%s", test->suite, name);
	return glob_list_match(globs, id, named) || glob_list_match(globs, test->suite, named);
}

static bool selected(const struct test *test, enum fault_path path)
{
	return selected_by(cmdline.test, test, path);
}

/* Calls @fn for every selected run of @suite (NULL: of all suites); the number of runs. */
static unsigned int for_each_run(const char *suite,
				 void (*fn)(const struct test *, enum fault_path, unsigned int))
{
	unsigned int n = 0;

	for (const struct test *test = tests_start; test < tests_stop; test++) {
		if (suite && strcmp(test->suite, suite))
			continue;
		for (unsigned int path = 0; path < NR_FAULT_PATHS; path++)
			if (selected(test, (enum fault_path)path)) {
				n++;
				if (fn)
					fn(test, (enum fault_path)path, n);
			}
	}
	return n;
}

/* Calls @fn for every suite that has a selected run, in the order of the image. */
static unsigned int for_each_suite(void (*fn)(const char *suite, unsigned int number))
{
	unsigned int n = 0;

	for (const struct test *test = tests_start; test < tests_stop; test++) {
		const struct test *first = tests_start;

		while (strcmp(first->suite, test->suite))
			first++;
		if (first != test || !for_each_run(test->suite, NULL))
			continue;
		n++;
		if (fn)
			fn(test->suite, n);
	}
	return n;
}

void test_outcome_set(struct test_run *t, enum test_outcome outcome, const char *fmt, ...)
{
	va_list ap;

	if (t->outcome != TEST_PASSED)
		return;
	t->outcome = outcome;
	va_start(ap, fmt);
	vsnprintf(t->why, sizeof(t->why), fmt, ap);
	va_end(ap);
}

void test_note(struct test_run *t, const char *fmt, ...)
{
	char buf[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	ktap_printk("  # %s: %s", t->test->name, buf);
}

void test_shown(const struct test_run *t, const char *fmt, ...)
{
	char buf[140];
	va_list ap;

	if (t->outcome != TEST_PASSED)
		return;
	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	control_print("shown=%s\n", buf);
}

static void check_after(struct test_run *t, const struct ledger *before, unsigned long signs)
{
	struct ledger after;
	char why[120];

	ledger_read(&after);
	if (ledger_differs(before, &after, why, sizeof(why)))
		test_fail(t, "the ledger is off: %s", why);
	if (bad_signs != signs)
		test_fail(t, "%lu bad sign%s in the log above", bad_signs - signs,
			  bad_signs - signs == 1 ? "" : "s");
}

static void print_result(const struct test_run *t, const char *name, unsigned int number,
			 u64 elapsed_ns)
{
	static const char *const directive[] = {
		[TEST_PASSED] = "",
		[TEST_SKIPPED] = "SKIP ",
		[TEST_FAILED] = "",
		[TEST_ERROR] = "ERROR ",
	};
	bool ok = t->outcome <= TEST_SKIPPED;

	if (t->outcome >= TEST_FAILED)
		ktap_printk("  # %s: %s", name, t->why);
	if (t->outcome == TEST_PASSED || t->outcome == TEST_FAILED)
		ktap_printk("  %s %u %s # time_ms=%lu.%03lu", ok ? "ok" : "not ok", number, name,
			    (unsigned long)(elapsed_ns / NSEC_PER_MSEC),
			    (unsigned long)(elapsed_ns / NSEC_PER_USEC % 1000));
	else
		ktap_printk("  %s %u %s # %s%s", ok ? "ok" : "not ok", number, name,
			    directive[t->outcome], t->why);
}

/* Under the boot word's orders, from its program's FL_SYNC_GO on. One not used is an ERROR. */
static void run_ordered(struct test_run *t)
{
#if LAB
	unsigned int armed;
	char why[200];

	if (sync_arm(cmdline.sched))
		test_error(t, "bad schedule");
	armed = sync_nr_armed();
	t->test->fn(t);
	if (sync_nr_armed() != armed)
		test_error(t, "sched= was not in force: the test has a schedule of its own");
	else if (sync_disarm(why, sizeof(why)))
		test_error(t, "%s", why);
#else
	(void)t;
#endif
}

void test_run_checked(struct test_run *t)
{
	unsigned long signs = bad_signs;
	struct ledger before;

	ledger_read(&before);
	if (cmdline.sched[0])
		run_ordered(t);
	else
		t->test->fn(t);
	check_after(t, &before, signs);
}

/* What led to it, before later tests overwrite it. */
static void trace_failure(const struct test_run *t, const char *name)
{
	char why[MAX_NAME * 2 + 16];

	snprintf(why, sizeof(why), "%s.%s failed", t->test->suite, name);
	trace_dump(why);
}

static void run_one(const struct test *test, enum fault_path path, unsigned int number)
{
	struct test_run t = { .test = test, .path = path };
	char name[MAX_NAME];
	u64 start = time_ns();

	run_name(test, path, name, sizeof(name));
	if (cpumask_weight(&cpus_online) < test->min_cpus)
		test_skip(&t, "needs %u CPUs", test->min_cpus);
	else if (tests_explore())
		explore_run(&t);
	else
		test_run_checked(&t);
	print_result(&t, name, number, time_ns() - start);
	mutant_after_test(test->suite, name, t.outcome >= TEST_FAILED);
	if (t.outcome >= TEST_FAILED)
		trace_failure(&t, name);
	totals.passed += t.outcome == TEST_PASSED;
	totals.skipped += t.outcome == TEST_SKIPPED;
	totals.failed += t.outcome == TEST_FAILED;
	totals.errors += t.outcome == TEST_ERROR;
}

static void run_suite(const char *suite, unsigned int number)
{
	unsigned int bad = totals.failed + totals.errors;
	u64 start = time_ns(), elapsed;

	ktap_printk("  KTAP version 1");
	ktap_printk("  # Subtest: %s", suite);
	ktap_printk("  1..%u", for_each_run(suite, NULL));
	for_each_run(suite, run_one);
	elapsed = time_ns() - start;
	bad = totals.failed + totals.errors - bad;
	ktap_printk("%s %u %s # time_ms=%lu", bad ? "not ok" : "ok", number, suite,
		    (unsigned long)(elapsed / NSEC_PER_MSEC));
}

/* A word that selects nothing is a mistake, not an empty run. */
static bool selection_valid(void)
{
	const char *globs = cmdline.test;

	while (*globs) {
		const char *comma = strchr(globs, ',');
		size_t len = comma ? (size_t)(comma - globs) : strlen(globs);
		char glob[MAX_NAME * 2];
		bool any = false;

		strlcpy(glob, globs, min(len + 1, sizeof(glob)));
		for (const struct test *test = tests_start; test < tests_stop && !any; test++)
			any = selected_by(glob, test, FAULT_PATH_CLASSIC) ||
			      selected_by(glob, test, FAULT_PATH_SPF);
		if (!any) {
			printk("error: test=%s: no such test", glob);
			return false;
		}
		globs += len + (comma != NULL);
	}
	return true;
}

/* A test that forces an order, or has no window, shows nothing under schedules of others. */
static bool selection_explorable(void)
{
	for (const struct test *test = tests_start; test < tests_stop; test++) {
		if (test->explorable || (!selected(test, FAULT_PATH_CLASSIC) &&
					 !selected(test, FAULT_PATH_SPF)))
			continue;
		printk("error: %s.%s cannot be explored: it forces an order itself, or has no "
		       "window; the suite explore can", test->suite, test->name);
		return false;
	}
	return true;
}

static void print_preamble(void)
{
	static const char *const modes[] = { "unknown", "kvm", "interleaved", "parallel",
					     "replay" };
	char cpu[128];
	u64 mib = page_nr_total() >> (20 - PAGE_SHIFT);

	arch_describe(cpu, sizeof(cpu));
	ktap_printk("\r\nKTAP version 1");
	printk("faultline " FAULTLINE_VERSION " %s cpus=%u mode=%s grade=%s mem=%luM page=%luk "
	       "boot=%s seed=0x%lx lab=%d", ARCH_UNAME_MACHINE, cpumask_weight(&cpus_online),
	       modes[cmdline.mode],
	       cmdline.grade[0] ? cmdline.grade : "unknown", (unsigned long)mib,
	       PAGE_SIZE / 1024, boot_info.protocol,
	       (unsigned long)cmdline.seed, LAB);
	printk("cpu: %s", cpu);
}

int tests_run(void)
{
	if (!selection_valid() || explore_configure() ||
	    (tests_explore() && !selection_explorable()))
		return EXIT_USAGE;
	print_preamble();
	mutant_after_boot();
	ktap_printk("1..%u", for_each_suite(NULL));
	for_each_suite(run_suite);
	syscall_print_unknown();
#if LAB
	bug_report_hits();
#endif
	mutant_report_hits();
	printk("Totals: pass:%u fail:%u xfail:0 xpass:0 skip:%u error:%u", totals.passed,
	       totals.failed, totals.skipped, totals.errors);
	if (totals.failed || totals.errors || bad_signs)
		return EXIT_FAIL;
	return totals.passed ? EXIT_PASS : EXIT_ALL_SKIPPED;
}

static void list_one(const struct test *test, enum fault_path path, unsigned int number)
{
	char name[MAX_NAME];

	(void)number;
	run_name(test, path, name, sizeof(name));
	printk("test %s.%s: %s", test->suite, name, test->what);
}

int tests_list(void)
{
	if (!selection_valid())
		return EXIT_USAGE;
	for_each_run(NULL, list_one);
	return EXIT_PASS;
}

static void show_one(const struct test *test, enum fault_path path, unsigned int number)
{
	list_one(test, path, number);
	printk("  at least %u CPUs, %s:%d", max(test->min_cpus, 1u), test->file, test->line);
}

int tests_show(const char *id)
{
	strlcpy(cmdline.test, id, sizeof(cmdline.test));
	if (!selection_valid())
		return EXIT_USAGE;
	for_each_run(NULL, show_one);
	return EXIT_PASS;
}
