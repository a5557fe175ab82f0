/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Schedules drawn by chance.
 *
 * Two runs are recorded, the roots: one without preemptions, and one in which the thread that
 * begins falls behind at its first passage, so that the others go first. A schedule is a root and
 * one to three preemptions more, at passages of that root's run. Consecutive ones are on different
 * CPUs where it can be so, since whoever has just fallen behind does not run. In one half of the
 * cases any passage of the CPU is drawn, in the other a point, and then which passage of it, so
 * that a point passed once has the chance of one passed a hundred times. Sync points are preferred
 * to locks. No list is drawn twice.
 *
 * Which schedule number K is depends on the image, the seed and the test alone, not on what came
 * of the schedules before it; so a boot that died at K is followed by one that begins at K + 1.
 */
#include "kernel/cmdline.h"
#include "kernel/random.h"
#include "tests/kernel/explore.h"

#if LAB
#define DRAWS 32 /* for a place, and for a list that was not drawn before */

static struct {
	struct explore_list list;
	struct explore_record record;
} roots[2];

static u32 draw_below(atomic64_t *state, u32 limit)
{
	return (u32)(random_next(state) % limit);
}

static bool same_kind(const struct explore_event *a, const struct explore_event *b)
{
	return a->what == b->what && a->place.cpu == b->place.cpu &&
	       a->place.point == b->place.point;
}

/* A passage of @record of the same kind as number @like, each with the same chance. */
static unsigned int draw_of_kind(atomic64_t *state, const struct explore_record *record,
				 unsigned int like)
{
	unsigned int nr = 0, pick = like;

	for (unsigned int i = 0; i < record->nr; i++)
		if (same_kind(&record->events[i], &record->events[like]) &&
		    draw_below(state, ++nr) == 0)
			pick = i;
	return pick;
}

/* A passage whose point and CPU have the same chance as every other's. */
static unsigned int draw_kind(atomic64_t *state, const struct explore_record *record, bool sync)
{
	unsigned int nr = 0, pick = 0;

	for (unsigned int i = 0; i < record->nr; i++) {
		const struct explore_event *event = &record->events[i];
		bool first = explore_point_is_sync(event->place.point) == sync;

		for (unsigned int j = 0; j < i && first; j++)
			first = !same_kind(event, &record->events[j]);
		if (first && draw_below(state, ++nr) == 0)
			pick = i;
	}
	return draw_of_kind(state, record, pick);
}

static bool list_has(const struct explore_list *list, const struct explore_place *place)
{
	for (unsigned int i = 0; i < list->nr; i++)
		if (explore_places_equal(&list->at[i], place))
			return true;
	return false;
}

/* One preemption more for @list, on another CPU than the last. */
static void draw_place(atomic64_t *state, const struct explore_record *record,
		       struct explore_list *list)
{
	const struct explore_event *event = NULL;

	for (unsigned int draw = 0; draw < DRAWS; draw++) {
		bool sync = draw_below(state, 3) != 0;

		event = &record->events[draw_below(state, 2)
						? draw_kind(state, record, sync)
						: draw_below(state, record->nr)];
		if (event->what != EXPLORE_PASSED || list_has(list, &event->place) ||
		    explore_point_is_sync(event->place.point) != sync)
			continue;
		if (!list->nr || list->at[list->nr - 1].cpu != event->place.cpu)
			break;
	}
	if (event->what == EXPLORE_PASSED && !list_has(list, &event->place))
		list->at[list->nr++] = event->place;
}

static u64 hash_list(const struct explore_list *list)
{
	u64 hash = list->nr;

	for (unsigned int i = 0; i < list->nr; i++)
		hash = (hash * 64 + list->at[i].cpu) * 0x100000001b3ULL +
		       explore_point_hash(list->at[i].point) * 65536ULL + list->at[i].nth;
	return hash * 0x9e3779b97f4a7c15ULL + 1;
}

static void draw_schedule(u64 number, struct explore_list *list)
{
	atomic64_t state = { .v = (s64)(cmdline.seed * 0x9e3779b97f4a7c15ULL + number) };

	for (unsigned int draw = 0; draw < DRAWS; draw++) {
		unsigned int root = draw_below(&state, 2), more = 1 + draw_below(&state, 5) / 2;

		*list = roots[root].list;
		while (more--)
			draw_place(&state, &roots[root].record, list);
		if (!explore_seen(EXPLORE_SEEN_LIST, hash_list(list)))
			return;
	}
}

/* Records the roots; false if the test cannot be explored or fails without more preemptions. */
static bool plant(struct test_run *t)
{
	struct explore_list done;

	for (unsigned int i = 0; i < 2; i++) {
		roots[i].list.nr = i;
		if (i)
			roots[1].list.at[0] = roots[0].record.events[0].place;
		explore_begin(0);
		roots[i].record = *explore_under(t, &roots[i].list, &done);
		if (explore_count(t, &done) || t->outcome != TEST_PASSED || !roots[i].record.nr)
			return false;
	}
	return true;
}

void explore_chance(struct test_run *t, u64 nr)
{
	struct explore_list list, done;

	if (!plant(t))
		return;
	for (u64 number = 1; number <= nr; number++) {
		draw_schedule(number, &list);
		if (!explore_begin(number))
			continue;
		explore_under(t, &list, &done);
		if (explore_count(t, &done))
			return;
	}
}
#endif
