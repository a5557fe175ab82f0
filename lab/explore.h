/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exploration of schedules: a program is run again and again, each time with other preemptions.
 *
 * A schedule is a list of preemptions: at which passage of which point which CPU falls behind. A
 * point is a sync point, an event of a lock (lab/hook.h; not of the scheduler's and the console's
 * own), the taking or sending of an IPI, or the entry of a fault. A CPU that falls behind waits
 * there, interrupts as they are, until no other CPU of the program passes points any more: they all
 * wait, idle, or are behind too. Of several that are behind the one goes on first that fell behind
 * first. Between preemptions a CPU runs until it waits, as mode replay has it, so a list and an
 * image make one run.
 *
 * Passages count in the window: from the program's FL_SYNC_GO to its FL_SYNC_END, for threads of
 * that program, each CPU for itself. What passes there is recorded.
 *
 * Source: S. Burckhardt et al., "A Randomized Scheduler with Probabilistic Guarantees of Finding
 * Bugs", ASPLOS 2010 (falling behind at few places drawn at random); M. Musuvathi, S. Qadeer,
 * "Iterative Context Bounding for Systematic Testing of Multithreaded Programs", PLDI 2007 (all
 * schedules with few preemptions).
 */
#pragma once

#include "kernel/types.h"
#include "lab/hook.h"
#include "lab/perturb.h"

#define EXPLORE_PREEMPTS 4 /* in one list */
#define EXPLORE_TEXT 128   /* characters of a list as text */
#define EXPLORE_CPUS 64
#define EXPLORE_EVENTS 4096

/* The @nth passage of @point by @cpu. */
struct explore_place {
	u16 cpu, point;
	u32 nth;
};

struct explore_list {
	unsigned int nr;
	struct explore_place at[EXPLORE_PREEMPTS];
};

enum explore_what { EXPLORE_PASSED, EXPLORE_PREEMPTED, EXPLORE_WENT_ON };

struct explore_event {
	struct explore_place place;
	enum explore_what what;
};

/* What one run passed, in order. */
struct explore_record {
	unsigned int nr; /* of events */
	unsigned int nr_passed, nr_sync; /* of them: passages, and those of sync points */
	bool opened; /* the program said FL_SYNC_GO */
	bool full; /* there were more */
	u64 hash;  /* of who passed what in which order */
	struct explore_event events[EXPLORE_EVENTS];
};

#if LAB
/* --- the window; lab/explore.c --- */
/* The next window runs under @list. Nothing else may run. */
void explore_arm(const struct explore_list *list);
/* Opens and closes the window, if one is armed; from the program. */
void explore_open(void);
void explore_close(void);
/* After the program's end: what it passed, and in @done the preemptions that came about. */
const struct explore_record *explore_disarm(struct explore_list *done);

/* From sync_reach, hook_lock_slow and perturb_slow while a window is open. Any context but NMI. */
void explore_sync(unsigned int sync_point);
void explore_lock(enum hook_event event, enum hook_kind kind, const void *lock);
void explore_site(enum perturb_site site);
static inline bool explore_is_open(void)
{
	return READ_ONCE(hook_listeners) & HOOK_EXPLORE;
}

/* --- names and text; lab/explore_list.c --- */
#define EXPLORE_POINTS 192
#define EXPLORE_NO_POINT EXPLORE_POINTS

/* The number of a lock's event or of a site; EXPLORE_NO_POINT for those that do not count. */
unsigned int explore_point_of_lock(enum hook_event event, enum hook_kind kind, const void *lock);
unsigned int explore_point_of_site(enum perturb_site site);
bool explore_point_is_sync(unsigned int point);
/* The same in every boot of an image, which the number is not. */
u32 explore_point_hash(unsigned int point);
bool explore_places_equal(const struct explore_place *a, const struct explore_place *b);
/*
 * The list @text, 'CPU:POINT*N' or 'CPU:POINT', comma-separated, or 'none'. 0, or -EINVAL with a
 * message that names the word at fault.
 */
int explore_list_parse(const char *text, struct explore_list *list);
/* @list as explore_list_parse takes it. */
void explore_list_print(const struct explore_list *list, char *buf, size_t size);
/* @record as a diagram, a column for each CPU: its sync points, IPIs, faults and preemptions. */
void explore_diagram_print(const struct explore_record *record);
#else
static inline void explore_open(void) { }
static inline void explore_close(void) { }
#endif
