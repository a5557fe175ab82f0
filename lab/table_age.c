/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The records of the tables' ages, and the walkers that look at them.
 *
 * Owns a ring of records, found by a table's generation. A record's word holds generation and age
 * and is stored last; a record that another table has taken over reads as linked. Each CPU has one
 * visit, its own; others only read where it is. Nothing here takes a lock or waits for an event.
 */
#include "lab/table_age.h"

#if LAB
#include "kernel/cpu.h"
#include "kernel/string.h"
#include "kernel/thread.h"

#define NR_RECORDS 2048
/* Once a table was seen unlinked, is it reclaimed meanwhile? Of so many looks otherwise: */
#define LOOKS_AFTER(looks) ((looks) / 2)
#define LOOKS_LONG(looks) ((looks) * 6) /* through a grace period's sleeps */
/* Walkers of this CPU outlast the others: they are left when a flush waits for all but one, and it
 * is the one that bug=tables_gp_skips_cpu forgets. */
#define CPU_STAYS 1
#define LOOKS_UNMAPPING 5000 /* for a walker in the range */

struct age_record {
	u64 word; /* generation << 8 | age */
	u32 level;
	struct table_age_party unlinked_by, reclaimed_by;
};

bool table_age_on;
struct table_age_counts table_age_counts;

static struct age_record records[NR_RECORDS];

/* Where a CPU's walker stays. */
static struct {
	unsigned long addr; /* 0: nowhere */
	u32 leaf;	    /* generation; stored before addr */
} visits[NR_CPUS];

static u64 looks;
static unsigned long await_size;
static struct table_age_sighting first_sighting;

#define count(name) __atomic_add_fetch(&table_age_counts.name, 1, __ATOMIC_SEQ_CST)

void table_age_begin(u64 nr_looks, unsigned long size)
{
	memset(records, 0, sizeof(records));
	memset(&table_age_counts, 0, sizeof(table_age_counts));
	memset(&first_sighting, 0, sizeof(first_sighting));
	looks = nr_looks;
	await_size = size;
	__atomic_store_n(&table_age_on, true, __ATOMIC_SEQ_CST);
}

void table_age_end(void)
{
	__atomic_store_n(&table_age_on, false, __ATOMIC_SEQ_CST);
}

const struct table_age_sighting *table_age_first_sighting(void)
{
	return table_age_counts.saw_reclaimed ? &first_sighting : NULL;
}

static struct table_age_party party_here(void)
{
	const struct thread *thread = current;
	struct table_age_party party = { .cpu = cpu_id(), .tid = thread ? thread->tid : 0 };

	strlcpy(party.thread, thread ? thread->name : "none", sizeof(party.thread));
	return party;
}

static struct age_record *record_of(u32 generation)
{
	return &records[generation % NR_RECORDS];
}

static enum table_age age_of(u32 generation)
{
	u64 word = __atomic_load_n(&record_of(generation)->word, __ATOMIC_SEQ_CST);

	return generation && word >> 8 == generation ? (enum table_age)(word & 0xff) : TABLE_LINKED;
}

static void note_waiting(void)
{
	u64 waiting = count(unlinked) - READ_ONCE(table_age_counts.reclaimed);
	u64 most = READ_ONCE(table_age_counts.most_waiting);

	while (waiting > most && !try_cmpxchg(&table_age_counts.most_waiting, &most, waiting))
		; /* bounded: it only rises */
}

void table_age_note(const struct ptdesc *ptdesc, enum table_age age)
{
	struct age_record *record = record_of(ptdesc->generation);

	if (age == TABLE_UNLINKED)
		note_waiting();
	else if (age_of(ptdesc->generation) == TABLE_UNLINKED)
		count(reclaimed);
	else
		return; /* it was never linked, or unlinked before this began */
	record->level = ptdesc->level;
	if (age == TABLE_UNLINKED)
		record->unlinked_by = party_here();
	else
		record->reclaimed_by = party_here();
	__atomic_store_n(&record->word, (u64)ptdesc->generation << 8 | age, __ATOMIC_SEQ_CST);
}

void table_age_note_round(void)
{
	count(rounds);
}

/* --- walkers; interrupts off --- */

static void note_sighting(unsigned long addr, u32 generation)
{
	const struct age_record *record = record_of(generation);

	if (count(saw_reclaimed) != 1)
		return;
	first_sighting = (struct table_age_sighting){
		.walker = party_here(),
		.unlinked_by = record->unlinked_by,
		.reclaimed_by = record->reclaimed_by,
		.generation = generation,
		.level = record->level,
		.addr = addr,
	};
}

/* The age of the older of two tables; notes one that was reclaimed. */
static enum table_age look_at(unsigned long addr, u32 leaf, u32 upper)
{
	enum table_age age = age_of(leaf), upper_age = age_of(upper);

	if (age == TABLE_RECLAIMED)
		note_sighting(addr, leaf);
	else if (upper_age == TABLE_RECLAIMED)
		note_sighting(addr, upper);
	return max(age, upper_age);
}

/* Looks at the ages of the tables of these generations; false if one was reclaimed. */
bool table_age_visit(unsigned long addr, u32 leaf, u32 upper)
{
	enum table_age age, before = TABLE_LINKED;
	bool stays = cpu_id() == CPU_STAYS;
	u64 left = looks, after = stays ? LOOKS_LONG(looks) : LOOKS_AFTER(looks);

	count(visits);
	WRITE_ONCE(visits[cpu_id()].leaf, leaf);
	__atomic_store_n(&visits[cpu_id()].addr, addr, __ATOMIC_SEQ_CST);
	for (;; cpu_relax()) { /* bounded: by the looks */
		age = look_at(addr, leaf, upper);
		if (age == TABLE_RECLAIMED)
			break;
		if (age != before) {
			before = age;
			count(saw_unlinked);
			left = after;
		}
		if (!left--)
			break;
	}
	__atomic_store_n(&visits[cpu_id()].addr, 0, __ATOMIC_SEQ_CST);
	return age != TABLE_RECLAIMED;
}

bool table_age_glance(unsigned long addr, u32 leaf)
{
	enum table_age age = look_at(addr, leaf, leaf);

	if (age == TABLE_UNLINKED)
		count(saw_unlinked);
	for (u64 left = LOOKS_LONG(looks); left && age == TABLE_UNLINKED; left--) {
		cpu_relax(); /* bounded: by the looks */
		age = look_at(addr, leaf, leaf);
	}
	return age != TABLE_RECLAIMED;
}

/* --- unmappings --- */

/* Whether one stays there under whom nothing was unlinked yet. */
static bool has_walker(unsigned long start, unsigned long end)
{
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		unsigned long addr = __atomic_load_n(&visits[cpu].addr, __ATOMIC_SEQ_CST);

		if (addr >= start && addr < end &&
		    age_of(READ_ONCE(visits[cpu].leaf)) == TABLE_LINKED)
			return true;
	}
	return false;
}

static bool others_walk(const struct mm *mm)
{
	unsigned int cpu;

	for_each_cpu(cpu, &mm->cpus)
		if (cpu != cpu_id())
			return true;
	return false;
}

void table_age_await_walker(const struct mm *mm, unsigned long start, unsigned long end)
{
	if (!await_size || end - start < await_size || !others_walk(mm))
		return;
	for (unsigned int i = 0; i < LOOKS_UNMAPPING; i++) {
		if (has_walker(start, end)) {
			count(met);
			return;
		}
		cpu_relax();
	}
	count(missed);
}
#endif
