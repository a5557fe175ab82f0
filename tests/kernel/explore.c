/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs tests under schedules and tells of those that fail.
 *
 * Every run of a test begins in the same state: caches of pages and objects empty, callbacks done,
 * no tick on its way; and in every boot a run that does not count comes first, which does what only
 * a first run does. So a list does in a fresh boot what it did in the boot that found it.
 */
#include "tests/kernel/explore.h"
#include "kernel/cmdline.h"
#include "kernel/run.h"
#include "kernel/string.h"
#include "mm/page.h"
#include "mm/slab.h"

#if LAB
#define REPORTS_MAX 3 /* failures of one test that are told in full */
#define SEEN_MAX 16384 /* a power of two */

static struct {
	bool all;		       /* explore=all, else so many by chance: */
	u64 nr;
	char from_test[TEST_NAME_MAX]; /* tests before it were explored in an earlier boot */
	u64 from;		       /* the schedule to begin with, of that test */
	bool found_any;		       /* a schedule has failed */
	/* Of the present test: */
	char name[TEST_NAME_MAX]; /* with its suite */
	u64 number;		  /* of the present schedule; 0: without preemptions */
	u64 ran, failed, unlike;  /* schedules, failures, different runs */
	char told[REPORTS_MAX][sizeof(((struct test_run *)NULL)->why)];
	unsigned int nr_told;
	u64 seen[NR_EXPLORE_SEEN][SEEN_MAX]; /* hashes; 0: free */
} ex;

bool tests_explore(void)
{
	return cmdline.explore[0] || cmdline.preempt[0];
}

/* --- the words --- */

/* 'SUITE.TEST:K' */
static int parse_from(void)
{
	const char *colon = strchr(cmdline.explore_from, ':');

	if (!cmdline.explore_from[0])
		return 0;
	if (!colon || parse_u64(colon + 1, &ex.from) || !ex.from) {
		printk("error: explore_from=%s: a test and the number of a schedule, SUITE.TEST:K",
		       cmdline.explore_from);
		return -EINVAL;
	}
	strlcpy(ex.from_test, cmdline.explore_from,
		min((size_t)(colon - cmdline.explore_from) + 1, sizeof(ex.from_test)));
	return 0;
}

int explore_configure(void)
{
	struct explore_list list;

	if (!tests_explore())
		return 0;
	if (cmdline.mode != MODE_REPLAY) {
		printk("error: explore= and preempt= need mode=replay, where a schedule repeats");
		return -EINVAL;
	}
	if (cmdline.preempt[0] && cmdline.explore[0]) {
		printk("error: explore= and preempt= do not go together");
		return -EINVAL;
	}
	if (cmdline.preempt[0])
		return explore_list_parse(cmdline.preempt, &list);
	ex.all = !strcmp(cmdline.explore, "all");
	if (!ex.all && (parse_u64(cmdline.explore, &ex.nr) || !ex.nr)) {
		printk("error: explore=%s: a number of schedules, or all", cmdline.explore);
		return -EINVAL;
	}
	return parse_from();
}

/* --- one run --- */

static void drain_cpu(void *arg)
{
	(void)arg;
	slab_drain();
	page_drain_cpu();
}

/* What the run before has left in caches and timers would change this one. */
static bool reset_state(void)
{
	struct ledger ledger;
	bool ok = test_on_cpus(nr_cpus, drain_cpu, NULL);

	ledger_read(&ledger);
	thread_sleep_ns(2 * TICK_NS); /* sleep: what is tested begins behind armed ticks */
	return ok;
}

const struct explore_record *explore_under(struct test_run *t, const struct explore_list *list,
					   struct explore_list *done)
{
	const struct explore_record *record;

	*t = (struct test_run){ .test = t->test, .path = t->path };
	if (!reset_state())
		test_error(t, "no memory for a thread a CPU");
	explore_arm(list);
	test_run_checked(t);
	record = explore_disarm(done);
	if (!record->opened)
		test_error(t, "the program has no window, FL_SYNC_GO to FL_SYNC_END");
	if (record->full)
		test_error(t, "more than %u events in the window", EXPLORE_EVENTS);
	ex.unlike += !explore_seen(EXPLORE_SEEN_RUN, record->hash);
	return record;
}

bool explore_seen(enum explore_seen_kind kind, u64 hash)
{
	u64 *seen = ex.seen[kind];
	unsigned int slot = hash % SEEN_MAX;

	for (unsigned int tries = 0; tries < SEEN_MAX; tries++) {
		if (seen[slot] == hash)
			return true;
		if (!seen[slot]) {
			seen[slot] = hash;
			return false;
		}
		slot = (slot + 1) % SEEN_MAX;
	}
	return false;
}

unsigned int explore_after_preemption(const struct explore_record *record)
{
	unsigned int i = record->nr;

	while (i && record->events[i - 1].what != EXPLORE_PREEMPTED)
		i--;
	return i;
}

static void announce(void)
{
	control_print("explore_schedule=%s %lu\n", ex.name, (unsigned long)ex.number);
	control_print("explore_running=none\n");
}

bool explore_begin(u64 number)
{
	ex.number = number;
	if (number < ex.from)
		return false;
	ex.ran++;
	announce();
	return true;
}

bool explore_died_in(u64 number)
{
	return ex.from && number == ex.from - 1;
}

/* --- a failure --- */

static bool run_failed(const struct test_run *t)
{
	return t->outcome == TEST_FAILED;
}

/* Leaves out of @list every preemption without which the test fails as well. */
static void minimise(struct test_run *t, struct explore_list *list)
{
	struct explore_list done;

	for (unsigned int i = 0; i < list->nr;) {
		struct explore_list shorter = { .nr = list->nr - 1 };

		for (unsigned int from = 0, to = 0; from < list->nr; from++)
			if (from != i)
				shorter.at[to++] = list->at[from];
		explore_under(t, &shorter, &done);
		if (run_failed(t)) {
			*list = shorter;
			i = 0;
		} else {
			i++;
		}
	}
}

/* One that failed in the same words before is only counted. */
static bool is_new_failure(const char *why)
{
	for (unsigned int i = 0; i < ex.nr_told; i++)
		if (!strcmp(ex.told[i], why))
			return false;
	if (ex.nr_told == REPORTS_MAX)
		return false;
	strlcpy(ex.told[ex.nr_told++], why, sizeof(ex.told[0]));
	return true;
}

static void tell_failure(struct test_run *t, const struct explore_list *found)
{
	const struct explore_record *record;
	struct explore_list list = *found, done;
	struct test_run again = *t;
	char text[EXPLORE_TEXT];

	explore_list_print(&list, text, sizeof(text));
	printk("explore: %s failed in schedule %lu: %s", ex.name, (unsigned long)ex.number, t->why);
	printk("explore: under preempt=%s; now without what is not needed", text);
	minimise(&again, &list);
	record = explore_under(&again, &list, &done);
	explore_list_print(&list, text, sizeof(text));
	printk("explore: %u preemption%s needed%s: preempt=%s run=0x%016lx", list.nr,
	       list.nr == 1 ? "" : "s", run_failed(&again) ? "" : " (but the last time it passed)",
	       text, (unsigned long)record->hash);
	explore_diagram_print(record);
	control_print("explore_found=%s %lu %s\n", ex.name, (unsigned long)ex.number, text);
}

bool explore_count(struct test_run *t, const struct explore_list *done)
{
	if (t->outcome == TEST_ERROR)
		return true;
	if (!run_failed(t))
		return false;
	ex.failed++;
	ex.found_any = true;
	if (is_new_failure(t->why))
		tell_failure(t, done);
	return cmdline.explore_stop;
}

/* --- a test --- */

static void run_list(struct test_run *t)
{
	const struct explore_record *record;
	struct explore_list list, done;

	if (explore_list_parse(cmdline.preempt, &list)) {
		test_error(t, "bad list");
		return;
	}
	record = explore_under(t, &list, &done);
	test_note(t, "preempt=%s run=0x%016lx", cmdline.preempt, (unsigned long)record->hash);
	explore_diagram_print(record);
	if (done.nr < list.nr)
		test_error(t, "only %u of %u preemptions came about", done.nr, list.nr);
}

/* What came of all schedules, as @t's outcome. */
static void conclude(struct test_run *t)
{
	if (t->outcome == TEST_ERROR)
		return;
	test_note(t, "schedules=%lu unlike=%lu failed=%lu", (unsigned long)ex.ran,
		  (unsigned long)ex.unlike, (unsigned long)ex.failed);
	control_print("explore_ran=%s %lu %lu %lu\n", ex.name, (unsigned long)ex.ran,
		      (unsigned long)ex.unlike, (unsigned long)ex.failed);
	*t = (struct test_run){ .test = t->test, .path = t->path };
	if (ex.failed)
		test_fail(t, "%lu of %lu schedules failed, see above", (unsigned long)ex.failed,
			  (unsigned long)ex.ran);
}

/* Whether @t is the present test from now on; false if an earlier boot was through with it. */
static bool begin_test(struct test_run *t)
{
	test_run_name(t, ex.name, sizeof(ex.name));
	if (ex.from_test[0] && strcmp(ex.name, ex.from_test)) {
		test_skip(t, "explored in an earlier boot");
		return false;
	}
	if (cmdline.explore_stop && ex.found_any) {
		test_skip(t, "a schedule of another test has failed");
		return false;
	}
	if (!ex.from_test[0])
		ex.from = 0;
	ex.from_test[0] = '\0';
	ex.number = ex.ran = ex.failed = ex.nr_told = 0;
	announce();
	return true;
}

void explore_run(struct test_run *t)
{
	const struct explore_list none = { 0 };
	struct explore_list done;

	if (!begin_test(t))
		return;
	explore_under(t, &none, &done); /* what only a first run does */
	if (t->outcome == TEST_ERROR)
		return;
	if (cmdline.preempt[0]) {
		run_list(t);
		return;
	}
	ex.unlike = 0;
	memset(ex.seen, 0, sizeof(ex.seen));
	if (ex.all)
		explore_all(t);
	else
		explore_chance(t, ex.nr);
	conclude(t);
}
#else
bool tests_explore(void)
{
	return false;
}
#endif
