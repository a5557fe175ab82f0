/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The points of an exploration by number and by name, lists of preemptions as text, and the
 * diagram of a run.
 *
 * Numbers: sync points first, then the sites, then the locks' events as they are first met or
 * named. So a number means something in this boot only, and a name always. The table of names
 * grows while a window is open, where one CPU runs at a time (lab/explore.c), and while a list is
 * parsed, before anything runs.
 */
#include "lab/explore.h"

#if LAB
#include "kernel/errno.h"
#include "kernel/mutex.h"
#include "kernel/printk.h"
#include "kernel/seqlock.h"
#include "kernel/srcu.h"
#include "kernel/string.h"
#include "lab/sync.h"

#define POINT_IPI NR_SYNC_POINTS
#define POINT_FAULT (NR_SYNC_POINTS + 1)
#define FIRST_LOCK_POINT (NR_SYNC_POINTS + 2)
#define NAME_MAX 40

static const char *const event_names[] = {
	[HOOK_WANT] = "want",
	[HOOK_TRY] = "try",
	[HOOK_WAITED] = "waited",
	[HOOK_GOT] = "got",
	[HOOK_LEFT] = "left",
};

/*
 * Taken when threads or the console's lines take turns, which a program has no part in, and by
 * instruments: a list means the same whichever of them are on.
 */
static const char *const uncounted[] = { "rq_lock", "thread_lock", "timer_lock", "console_lock",
					 "sync_wq", "deferred_lock", "shadow", "quarantine_lock",
					 "nmi_lock" };

struct lock_point {
	enum hook_event event;
	bool counts;
	const char *lock; /* the name's place, to find it again quickly */
	char name[NAME_MAX]; /* event and lock */
	u32 hash; /* of the name */
};

static struct lock_point lock_points[EXPLORE_POINTS - FIRST_LOCK_POINT];
static unsigned int nr_lock_points;

static bool lock_counts(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(uncounted); i++)
		if (!strcmp(uncounted[i], name))
			return false;
	return true;
}

static const char *lock_name(enum hook_kind kind, const void *lock)
{
	switch (kind) {
	case HOOK_SPINLOCK:
		return ((const struct spinlock *)lock)->name;
	case HOOK_READ:
	case HOOK_WRITE:
		return ((const struct rwsem *)lock)->name;
	case HOOK_SEQCOUNT:
		return ((const struct seqcount *)lock)->name;
	case HOOK_SRCU:
		return ((const struct srcu *)lock)->name;
	case HOOK_SRCU_GP:
		return "grace_period";
	case HOOK_IPI_ACK:
		return "ack";
	case HOOK_RECLAIM: /* not told of: see lab/hook.c */
		break;
	}
	return "unknown";
}

static unsigned int add_lock_point(enum hook_event event, const char *lock)
{
	struct lock_point *point = &lock_points[nr_lock_points];

	if (nr_lock_points == ARRAY_SIZE(lock_points))
		return EXPLORE_NO_POINT;
	point->event = event;
	point->lock = lock;
	point->counts = lock_counts(lock);
	snprintf(point->name, sizeof(point->name), "%s-%s", event_names[event], lock);
	point->hash = FIRST_LOCK_POINT;
	for (const char *c = point->name; *c; c++)
		point->hash = point->hash * 31 + (u8)*c;
	return nr_lock_points++;
}

/* The index of @lock's @event in lock_points, added if it is new. */
static unsigned int find_lock_point(enum hook_event event, const char *lock)
{
	char name[NAME_MAX];

	for (unsigned int i = 0; i < nr_lock_points; i++)
		if (lock_points[i].lock == lock && lock_points[i].event == event)
			return i;
	snprintf(name, sizeof(name), "%s-%s", event_names[event], lock);
	for (unsigned int i = 0; i < nr_lock_points; i++)
		if (!strcmp(lock_points[i].name, name)) {
			lock_points[i].lock = lock;
			return i;
		}
	return add_lock_point(event, lock);
}

unsigned int explore_point_of_lock(enum hook_event event, enum hook_kind kind, const void *lock)
{
	unsigned int i = find_lock_point(event, lock_name(kind, lock));

	if (i == EXPLORE_NO_POINT || !lock_points[i].counts)
		return EXPLORE_NO_POINT;
	return FIRST_LOCK_POINT + i;
}

unsigned int explore_point_of_site(enum perturb_site site)
{
	switch (site) {
	case PERTURB_IPI:
		return POINT_IPI;
	case PERTURB_FAULT:
		return POINT_FAULT;
	default:
		return EXPLORE_NO_POINT;
	}
}

bool explore_point_is_sync(unsigned int point)
{
	return point < NR_SYNC_POINTS;
}

u32 explore_point_hash(unsigned int point)
{
	return point < FIRST_LOCK_POINT ? point : lock_points[point - FIRST_LOCK_POINT].hash;
}

bool explore_places_equal(const struct explore_place *a, const struct explore_place *b)
{
	return a->cpu == b->cpu && a->point == b->point && a->nth == b->nth;
}

static const char *point_name(unsigned int point)
{
	if (point < NR_SYNC_POINTS)
		return sync_point_name(point);
	if (point == POINT_IPI)
		return "ipi";
	if (point == POINT_FAULT)
		return "fault";
	return lock_points[point - FIRST_LOCK_POINT].name;
}

/* 'want-ptl': any lock may be named, since those of a run are not known before it. */
static unsigned int lock_point_by_name(const char *name)
{
	for (unsigned int event = 0; event < ARRAY_SIZE(event_names); event++) {
		size_t len = strlen(event_names[event]);
		unsigned int i;

		if (strncmp(name, event_names[event], len) || name[len] != '-' || !name[len + 1])
			continue;
		i = find_lock_point((enum hook_event)event, name + len + 1);
		if (i == EXPLORE_NO_POINT)
			return i;
		lock_points[i].lock = NULL; /* @name is not for long */
		return FIRST_LOCK_POINT + i;
	}
	return EXPLORE_NO_POINT;
}

static unsigned int point_by_name(const char *name)
{
	for (unsigned int point = 0; point < FIRST_LOCK_POINT; point++)
		if (!strcmp(point_name(point), name))
			return point;
	return lock_point_by_name(name);
}

/* 'CPU:POINT*N' or 'CPU:POINT'; @text is cut in place. */
static int parse_place(char *text, struct explore_place *place)
{
	char *colon = strchr(text, ':'), *star = strchr(text, '*');
	u64 cpu, nth = 1;
	unsigned int point;

	if (!colon)
		return -EINVAL;
	*colon = '\0';
	if (star)
		*star = '\0';
	if (parse_u64(text, &cpu) || cpu >= EXPLORE_CPUS)
		return -EINVAL;
	if (star && (parse_u64(star + 1, &nth) || !nth || nth > 65535))
		return -EINVAL;
	point = point_by_name(colon + 1);
	if (point == EXPLORE_NO_POINT)
		return -EINVAL;
	*place = (struct explore_place){ (u16)cpu, (u16)point, (u32)nth };
	return 0;
}

int explore_list_parse(const char *text, struct explore_list *list)
{
	char word[64];

	list->nr = 0;
	if (!strcmp(text, "none"))
		return 0;
	while (*text) {
		const char *comma = strchr(text, ',');
		size_t len = comma ? (size_t)(comma - text) : strlen(text);

		strlcpy(word, text, min(len + 1, sizeof(word)));
		if (list->nr == EXPLORE_PREEMPTS || parse_place(word, &list->at[list->nr])) {
			printk("error: preempt=%.*s: not 'CPU:POINT*N', no such point, or more "
			       "than %d", (int)len, text, EXPLORE_PREEMPTS);
			return -EINVAL;
		}
		list->nr++;
		text += len + (comma != NULL);
	}
	return 0;
}

void explore_list_print(const struct explore_list *list, char *buf, size_t size)
{
	size_t len = 0;

	snprintf(buf, size, "none");
	for (unsigned int i = 0; i < list->nr && len < size; i++) {
		const struct explore_place *place = &list->at[i];

		len += (size_t)snprintf(buf + len, size - len, "%s%u:%s", i ? "," : "", place->cpu,
					point_name(place->point));
		if (place->nth > 1 && len < size)
			len += (size_t)snprintf(buf + len, size - len, "*%u", place->nth);
	}
}

/* --- the diagram --- */

#define COLUMNS 4
#define COLUMN_WIDTH 26
#define DIAGRAM_LINES 120

/* The CPUs with passages, the first COLUMNS of them; how many. */
static unsigned int find_columns(const struct explore_record *record, unsigned int *cpus_shown)
{
	unsigned int nr = 0;

	for (unsigned int cpu = 0; cpu < EXPLORE_CPUS && nr < COLUMNS; cpu++)
		for (unsigned int i = 0; i < record->nr; i++)
			if (record->events[i].place.cpu == cpu) {
				cpus_shown[nr++] = cpu;
				break;
			}
	return nr;
}

static bool is_shown(const struct explore_event *event)
{
	unsigned int point = event->place.point;

	if (event->what != EXPLORE_PASSED || point < FIRST_LOCK_POINT)
		return true;
	return lock_points[point - FIRST_LOCK_POINT].event == HOOK_WAITED;
}

static void print_row(unsigned int column, unsigned int nr, const char *text)
{
	char line[COLUMNS * (COLUMN_WIDTH + 3) + 1];
	size_t len = 0;

	for (unsigned int i = 0; i < nr && len < sizeof(line); i++)
		len += (size_t)snprintf(line + len, sizeof(line) - len, "%s%-*s", i ? " | " : "",
					i + 1 < nr ? COLUMN_WIDTH : 0, i == column ? text : "");
	printk("  %s", line);
}

static void print_header(unsigned int nr, const unsigned int *shown)
{
	char line[COLUMNS * (COLUMN_WIDTH + 3) + 1];
	size_t len = 0;

	for (unsigned int i = 0; i < nr && len < sizeof(line); i++)
		len += (size_t)snprintf(line + len, sizeof(line) - len, "%sCPU %-*u",
					i ? " | " : "", COLUMN_WIDTH - 4, shown[i]);
	printk("  %s", line);
}

static void print_event(const struct explore_event *event, unsigned int column, unsigned int nr)
{
	static const char *const format[] = {
		[EXPLORE_PASSED] = "%s*%u",
		[EXPLORE_PREEMPTED] = "  falls behind",
		[EXPLORE_WENT_ON] = "  goes on",
	};
	char text[NAME_MAX + 24];

	snprintf(text, sizeof(text), format[event->what], point_name(event->place.point),
		 event->place.nth);
	print_row(column, nr, text);
}

void explore_diagram_print(const struct explore_record *record)
{
	unsigned int shown[COLUMNS], nr = find_columns(record, shown), lines = 0;

	print_header(nr, shown);
	for (unsigned int i = 0; i < record->nr; i++) {
		const struct explore_event *event = &record->events[i];

		/* A preempted passage is shown whatever it is of. */
		if (!is_shown(event) && !(i + 1 < record->nr &&
					  record->events[i + 1].what == EXPLORE_PREEMPTED))
			continue;
		if (lines++ == DIAGRAM_LINES) {
			printk("  and so on, %u passages in all", record->nr_passed);
			break;
		}
		for (unsigned int column = 0; column < nr; column++)
			if (shown[column] == event->place.cpu)
				print_event(event, column, nr);
	}
}
#endif
