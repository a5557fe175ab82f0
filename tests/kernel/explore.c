/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs tests under schedules: those that chance draws, all with few preemptions, or one list.
 *
 * Every run of a test begins in the same state: caches of pages and objects empty, callbacks done,
 * no tick on its way; and in every boot a run that does not count comes first, which does what only
 * a first run does. So a list does in a fresh boot what it did in the boot that found it.
 *
 * Schedules of chance. Two runs are recorded, one without preemptions and one in which the thread
 * that begins falls behind at once. A schedule falls behind at one to three places. A place is
 * drawn in one of two ways: a moment, as PCT has it, which may lie in what only the schedule itself
 * brings about; or a point and a CPU, and then which passage, so that a point passed once has the chance
 * of one passed a hundred times. Sync points are preferred to locks. Which schedule number K is
 * depends on the seed, the test and K alone, so a boot that died at K is followed by one that
 * begins at K + 1.
 */
#include "kernel/cmdline.h"
#include "kernel/random.h"
#include "kernel/run.h"
#include "kernel/string.h"
#include "lab/explore.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "tests/kernel/explore.h"

#if LAB
#define LIST_TEXT 128
#define KINDS_MAX 256
#define REPORTS_MAX 3 /* failures of one test that are told in full */

static struct {
	bool on;
	bool one;	  /* preempt=, as list says */
	u64 nr;
	char from_test[TEST_NAME_MAX]; /* tests before it were explored in an earlier boot */
	u64 from;		       /* the schedule to begin with, of that test */
	char name[TEST_NAME_MAX]; /* of the present test, with its suite */
	u64 ran, failed;	  /* its schedules */
	char told[REPORTS_MAX][sizeof(((struct test_run *)NULL)->why)];
	unsigned int nr_told;
} ex;

bool tests_explore(void)
{
	return cmdline.explore[0] || cmdline.preempt[0];
}

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
	ex.on = true;
	ex.one = cmdline.preempt[0];
	if (ex.one && cmdline.explore[0]) {
		printk("error: explore= and preempt= do not go together");
		return -EINVAL;
	}
	if (ex.one)
		return explore_list_parse(cmdline.preempt, &list);
	if (parse_u64(cmdline.explore, &ex.nr) || !ex.nr) {
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
	thread_sleep_ns(2 * TICK_NS); /* sleep: ticks that are armed still come once */
	return ok;
}

/* Runs @t's test under @list and @draw; @t has the outcome, @done what came about. */
static const struct explore_record *run_under(struct test_run *t, const struct explore_list *list,
					      const struct explore_draw *draw,
					      struct explore_list *done)
{
	const struct explore_record *record;

	*t = (struct test_run){ .test = t->test, .path = t->path };
	if (!reset_state())
		test_error(t, "no memory for a thread a CPU");
	explore_arm(list, draw);
	test_run_checked(t);
	record = explore_disarm(done);
	if (!record->opened)
		test_error(t, "the program has no window, FL_SYNC_GO to FL_SYNC_END");
	if (record->full)
		test_error(t, "more than %u events in the window", EXPLORE_EVENTS);
	return record;
}

static bool run_failed(const struct test_run *t)
{
	return t->outcome == TEST_FAILED;
}

static void announce(void)
{
	control_print("explore_schedule=%s %lu\n", ex.name, (unsigned long)ex.ran);
	control_print("explore_running=none\n");
}

/* --- a failure --- */

/* Leaves out of @list every preemption without which the test fails as well. */
static void minimise(struct test_run *t, struct explore_list *list)
{
	struct explore_list done;

	for (unsigned int i = 0; i < list->nr;) {
		struct explore_list shorter = { .nr = list->nr - 1 };

		for (unsigned int from = 0, to = 0; from < list->nr; from++)
			if (from != i)
				shorter.at[to++] = list->at[from];
		run_under(t, &shorter, NULL, &done);
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
	char text[LIST_TEXT];
	struct test_run again = *t;

	explore_list_print(&list, text, sizeof(text));
	printk("explore: %s failed in schedule %lu: %s", ex.name, (unsigned long)ex.ran, t->why);
	printk("explore: under preempt=%s; now without what is not needed", text);
	minimise(&again, &list);
	record = run_under(&again, &list, NULL, &done);
	explore_list_print(&list, text, sizeof(text));
	printk("explore: %u preemption%s needed%s: preempt=%s run=0x%016lx", list.nr,
	       list.nr == 1 ? "" : "s", run_failed(&again) ? "" : " (but the last time it passed)",
	       text, (unsigned long)record->hash);
	explore_diagram_print(record);
	control_print("explore_found=%s %lu %s\n", ex.name, (unsigned long)ex.ran, text);
}

static void count_run(struct test_run *t, const struct explore_list *done)
{
	if (!run_failed(t))
		return;
	ex.failed++;
	if (is_new_failure(t->why))
		tell_failure(t, done);
}

/* --- schedules of chance --- */

/* What a test passes, as far as is known before a schedule is drawn. */
static struct {
	unsigned int nr_passed, nr_sync; /* of the run without preemptions */
	unsigned int nr, nr_sync_kinds;	 /* of kinds; those of sync points come first */
	struct explore_place kinds[KINDS_MAX]; /* each the last passage of a point by a CPU */
} known;

static void know_place(const struct explore_place *place)
{
	for (unsigned int i = 0; i < known.nr; i++) {
		struct explore_place *kind = &known.kinds[i];

		if (kind->cpu != place->cpu || kind->point != place->point)
			continue;
		kind->nth = max(kind->nth, place->nth);
		return;
	}
	if (known.nr < KINDS_MAX)
		known.kinds[known.nr++] = *place;
}

static void know_record(const struct explore_record *record, bool sync)
{
	for (unsigned int i = 0; i < record->nr; i++)
		if (explore_point_is_sync(record->events[i].place.point) == sync)
			know_place(&record->events[i].place);
}

/* Records the two runs; false if a test cannot be explored or fails without preemption. */
static bool learn(struct test_run *t)
{
	const struct explore_draw at_once = { .nr = 1, .at = { { .sync = true, .when = 1 } } };
	static struct explore_record records[2];
	struct explore_list done;

	records[0] = *run_under(t, NULL, NULL, &done);
	count_run(t, &done);
	if (t->outcome != TEST_PASSED)
		return false;
	records[1] = *run_under(t, NULL, &at_once, &done);
	known.nr_passed = records[0].nr_passed;
	known.nr_sync = records[0].nr_sync;
	known.nr = 0;
	know_record(&records[0], true);
	know_record(&records[1], true);
	known.nr_sync_kinds = known.nr;
	know_record(&records[0], false);
	know_record(&records[1], false);
	return true;
}

static u32 draw_below(atomic64_t *state, u32 limit)
{
	return (u32)(random_next(state) % max(limit, 1u));
}

static void draw_moment(atomic64_t *state, struct explore_draw *draw)
{
	bool sync = draw_below(state, 3);

	draw->at[draw->nr].sync = sync;
	draw->at[draw->nr++].when = 1 + draw_below(state, sync ? known.nr_sync : known.nr_passed);
}

static void draw_place(atomic64_t *state, struct explore_list *list)
{
	unsigned int kinds = draw_below(state, 3) ? known.nr_sync_kinds : known.nr;
	struct explore_place *place = &list->at[list->nr++];

	*place = known.kinds[draw_below(state, kinds)];
	place->nth = 1 + draw_below(state, place->nth);
}

static void draw_schedule(const struct test_run *t, u64 number, struct explore_list *list,
			  struct explore_draw *draw)
{
	atomic64_t state = { .v = (s64)(cmdline.seed * 0x9e3779b97f4a7c15ULL + number) };

	for (const char *c = t->test->name; *c; c++)
		atomic64_set(&state, atomic64_read(&state) * 31 + *c);
	list->nr = draw->nr = 0;
	if (draw_below(&state, 2)) {
		draw->at[draw->nr].sync = true;
		draw->at[draw->nr++].when = 1;
	}
	for (u32 more = 1 + draw_below(&state, 2); more; more--) {
		if (draw_below(&state, 2))
			draw_moment(&state, draw);
		else
			draw_place(&state, list);
	}
}

static void explore_chance(struct test_run *t)
{
	struct explore_list list, done;
	struct explore_draw draw;

	for (u64 number = ex.from; number <= ex.nr && !(ex.failed && cmdline.explore_stop);
	     number++) {
		ex.ran = number;
		announce();
		draw_schedule(t, number, &list, &draw);
		run_under(t, &list, &draw, &done);
		if (t->outcome == TEST_ERROR)
			return;
		count_run(t, &done);
	}
}

/* --- one list --- */

static void run_list(struct test_run *t)
{
	const struct explore_record *record;
	struct explore_list list, done;

	if (explore_list_parse(cmdline.preempt, &list)) {
		test_error(t, "bad list");
		return;
	}
	record = run_under(t, &list, NULL, &done);
	test_note(t, "preempt=%s run=0x%016lx", cmdline.preempt, (unsigned long)record->hash);
	if (run_failed(t))
		explore_diagram_print(record);
	if (done.nr < list.nr)
		test_error(t, "only %u of %u preemptions came about", done.nr, list.nr);
}

/* What came of all schedules, as @t's outcome. */
static void conclude(struct test_run *t)
{
	if (t->outcome == TEST_ERROR)
		return;
	test_note(t, "schedules=%lu failed=%lu", (unsigned long)ex.ran, (unsigned long)ex.failed);
	*t = (struct test_run){ .test = t->test, .path = t->path };
	if (ex.failed)
		test_fail(t, "%lu of %lu schedules failed, see above", (unsigned long)ex.failed,
			  (unsigned long)ex.ran);
}

void explore_run(struct test_run *t)
{
	struct explore_list done;

	ex.ran = ex.failed = ex.nr_told = 0;
	test_run_name(t, ex.name, sizeof(ex.name));
	if (ex.from_test[0] && strcmp(ex.name, ex.from_test)) {
		test_skip(t, "explored in an earlier boot");
		return;
	}
	if (!ex.from_test[0])
		ex.from = 1;
	ex.from_test[0] = '\0';
	announce();
	run_under(t, NULL, NULL, &done); /* what only a first run does */
	if (t->outcome == TEST_ERROR)
		return;
	if (ex.one) {
		run_list(t);
		return;
	}
	if (learn(t))
		explore_chance(t);
	conclude(t);
}
#else
bool tests_explore(void)
{
	return false;
}
#endif
