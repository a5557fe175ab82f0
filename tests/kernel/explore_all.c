/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All schedules with up to two preemptions at sync points.
 *
 * The run without preemptions is recorded, and each passage of a sync point in it is preempted in
 * a run of its own, which is recorded too; then, of each of these runs, each passage that comes
 * after its preemption. That is every schedule with at most two preemptions, since what a run
 * does until its last preemption the run without that one has done as well.
 *
 * A first preemption after which all goes as in a run that was recorded before changes nothing:
 * what would follow it follows that one. The order is the same in every boot; a boot behind one
 * that died runs the recorded ones again, all but the one that it died of. A preemption that does
 * not come about though it was recorded is an ERROR, so a search that ends without one is complete.
 *
 * Source: iterative context bounding, lab/explore.h.
 */
#include "tests/kernel/explore.h"

#if LAB
static u64 number; /* of the schedule */
static u64 recorded[EXPLORE_EVENTS]; /* hashes of the runs that were recorded */
static unsigned int nr_recorded;

static bool was_recorded(u64 hash)
{
	for (unsigned int i = 0; i < nr_recorded; i++)
		if (recorded[i] == hash)
			return true;
	recorded[nr_recorded++] = hash;
	return false;
}

static bool is_choice(const struct explore_event *event)
{
	return event->what == EXPLORE_PASSED && explore_point_is_sync(event->place.point);
}

/* One that did not would leave a hole in the search: @list was recorded in a run like this one. */
static void check_came_about(struct test_run *t, const struct explore_list *list,
			     const struct explore_list *done)
{
	char text[EXPLORE_TEXT];

	if (done->nr == list->nr)
		return;
	explore_list_print(list, text, sizeof(text));
	test_error(t, "schedule %lu, %s: only %u of %u preemptions came about",
		   (unsigned long)number, text, done->nr, list->nr);
}

/* Every second preemption behind @first's, of which @record is the run. True: enough. */
static bool follow(struct test_run *t, const struct explore_place *first,
		   const struct explore_record *record)
{
	struct explore_list list = { .nr = 2, .at = { *first } }, done;

	for (unsigned int i = explore_after_preemption(record); i < record->nr; i++) {
		if (!is_choice(&record->events[i]) || !explore_begin(++number))
			continue;
		list.at[1] = record->events[i].place;
		explore_under(t, &list, &done);
		check_came_about(t, &list, &done);
		if (explore_count(t, &done))
			return true;
	}
	return false;
}

/* @first alone, then with a second one. True: enough. */
static bool preempt_first(struct test_run *t, const struct explore_place *first)
{
	static struct explore_record record;
	struct explore_list list = { .nr = 1, .at = { *first } }, done;
	bool wanted = explore_begin(++number);

	if (explore_died_in(number))
		return false;
	record = *explore_under(t, &list, &done);
	check_came_about(t, &list, &done);
	if (wanted && explore_count(t, &done))
		return true;
	if (was_recorded(record.hash))
		return false;
	return follow(t, first, &record);
}

void explore_all(struct test_run *t)
{
	const struct explore_list none = { 0 };
	static struct explore_record base;
	struct explore_list done;

	number = nr_recorded = 0;
	explore_begin(0);
	base = *explore_under(t, &none, &done);
	if (t->outcome != TEST_PASSED) {
		explore_count(t, &done);
		return;
	}
	was_recorded(base.hash);
	for (unsigned int i = 0; i < base.nr; i++)
		if (is_choice(&base.events[i]) && preempt_first(t, &base.events[i].place))
			return;
}
#endif
