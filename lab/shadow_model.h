/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of the shadow check among themselves: the model of one address space, and the history.
 */
#pragma once

#include "kernel/spinlock.h"
#include "lab/shadow.h"

#define SHADOW_MAX_RANGES 512
#define SHADOW_BUCKETS 1024
#define SHADOW_MAX_PAGES 8192

/* Mapped with @access; sorted, disjoint, next to each other only with different access. */
struct shadow_range {
	unsigned long start, end, access;
};

/* What the entry of one page holds, if it holds anything. */
struct shadow_page {
	unsigned long addr;
	pte_t pte;
	u64 seq; /* of the event that made it so */
	u32 next; /* in its bucket, or in the list of free ones; 0 ends it */
};

struct shadow {
	struct spinlock lock; /* guards all; inside PTLs, interrupts off */
	struct shadow_range range[SHADOW_MAX_RANGES];
	unsigned int nr_ranges;
	bool lost; /* more than it can hold: no longer checked */

	/* The change under way: of [start, end), to access. version is odd meanwhile. */
	struct shadow_range change;
	u64 version;
	u64 born;     /* the event before its first */
	u64 last_zap; /* the latest event that emptied an entry */

	u32 bucket[SHADOW_BUCKETS]; /* indices into page, from 1 on */
	u32 free_page, nr_pages;    /* list of free ones; how many were ever used */
	struct shadow_page page[SHADOW_MAX_PAGES + 1];
};

enum shadow_event_kind {
	SHADOW_EV_MAP,
	SHADOW_EV_UNMAP,
	SHADOW_EV_PROTECT,
	SHADOW_EV_END,
	SHADOW_EV_PTE,
	SHADOW_EV_RESOLVED,
	SHADOW_EV_REFUSED,
};

/* Makes the history if there is none yet. 0 or -ENOMEM. */
int shadow_history_init(void);
/* Notes an event; its number, from 1 on. */
u64 shadow_note(struct mm *mm, enum shadow_event_kind kind, unsigned long start, unsigned long end,
		u64 value);
u64 shadow_now(void);
/* Prints a disagreement about @addr and its history. No shadow lock held. */
void shadow_disagree(struct mm *mm, unsigned long addr, const char *fmt, ...) __printf(3, 4);
