/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ages of page tables, and whether a walker sees one that is too old.
 *
 * A table is linked; then unlinked; and when that is over which keeps it for its walkers,
 * reclaimed, which is an age of two: the unlinking and one round of reclaim. A walker that found it
 * linked, with interrupts off ever since, may see it unlinked, never reclaimed (INV-3).
 *
 * While it is on, a speculative fault that is about to take a PTL, interrupts off, stays where it
 * is and looks at the ages of the leaf table and of the one above: a number of times, and when it
 * sees one unlinked, some times more. CPU 1's stay longest, so that they are left when a flush
 * waits for all but one. A fault that sees a table reclaimed gives up before it touches it. An
 * unmapping that is large enough waits until such a walker is in its range, so that the two do
 * meet. Where a schedule has held a fault in its walk, and the leaf table is unlinked when it goes
 * on, it stays there likewise. All these waits are counted looks and end by themselves.
 *
 * Ages are found by the generation of the table; those of the latest some thousand tables are kept.
 * Source: rcutorture's method of ageing objects; hazard L-35.
 */
#pragma once

#include "mm/pgtable.h"

#if LAB
enum table_age { TABLE_LINKED, TABLE_UNLINKED, TABLE_RECLAIMED };

struct table_age_party {
	u32 cpu;
	int tid;
	char thread[16];
};

/* Of the tables and walkers since table_age_begin. */
struct table_age_counts {
	u64 unlinked, reclaimed;
	u64 most_waiting; /* unlinked and not reclaimed, at a time */
	u64 rounds;	  /* times that several or one were reclaimed */
	u64 visits;	  /* of walkers that stayed */
	u64 saw_unlinked, saw_reclaimed;
	u64 met, missed; /* unmappings that found a walker in their range, and that did not */
};

/* A walker in a reclaimed table. */
struct table_age_sighting {
	struct table_age_party walker, unlinked_by, reclaimed_by;
	u32 generation, level;
	unsigned long addr; /* the fault's */
};

extern bool table_age_on;
extern struct table_age_counts table_age_counts;

/*
 * From now on tables age. A walker under which nothing is unlinked looks @looks times, at least
 * once; unmappings of @size bytes and more wait for a walker (0: none does).
 */
void table_age_begin(u64 looks, unsigned long size);
void table_age_end(void);
/* The first walker that saw a reclaimed table, or NULL. */
const struct table_age_sighting *table_age_first_sighting(void);

void table_age_note(const struct ptdesc *ptdesc, enum table_age age);
void table_age_note_round(void);
void table_age_await_walker(const struct mm *mm, unsigned long start, unsigned long end);
/* Walkers: look and maybe stay; false if one of the tables of these generations was reclaimed. */
bool table_age_visit(unsigned long addr, u32 leaf, u32 upper);
bool table_age_glance(unsigned long addr, u32 leaf);

/* Its entry was cleared, and walkers may be in it. */
static inline void table_age_unlink(const struct ptdesc *ptdesc)
{
	if (unlikely(READ_ONCE(table_age_on)))
		table_age_note(ptdesc, TABLE_UNLINKED);
}

/* Nobody may be in it any more. */
static inline void table_age_reclaim(const struct ptdesc *ptdesc)
{
	if (unlikely(READ_ONCE(table_age_on)))
		table_age_note(ptdesc, TABLE_RECLAIMED);
}

/* A round of reclaim ends; tables are reclaimed now. */
static inline void table_age_round(void)
{
	if (unlikely(READ_ONCE(table_age_on)))
		table_age_note_round();
}

/* [@start, @end) is about to be unmapped; mmap_sem held for writing, interrupts on. */
static inline void table_age_unmap(const struct mm *mm, unsigned long start, unsigned long end)
{
	if (unlikely(READ_ONCE(table_age_on)))
		table_age_await_walker(mm, start, end);
}
#else
#define table_age_unlink(ptdesc) do { } while (0)
#define table_age_reclaim(ptdesc) do { } while (0)
#define table_age_round() do { } while (0)
#define table_age_unmap(mm, start, end) do { } while (0)
#endif
