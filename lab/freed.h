/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who freed what, when and where; and the report of a use after it.
 *
 * Every freed block of pages and every freed slab object leaves a record: address, kind, CPU,
 * thread, time, and where it was freed (one place; with pagealloc=debug a stack). The latest some
 * thousands are kept. Freed memory is filled with poison, which is looked at when the memory is
 * handed out again (INV-15).
 */
#pragma once

#include "kernel/types.h"

struct page;
struct trap_frame;

#if LAB
#define FREED_PCS 8

/* One freed block or object. */
struct freed {
	u64 number; /* of the record, from 1; 0: none */
	unsigned long addr, size; /* kernel address, bytes */
	u64 time_ns;
	const char *cache; /* of an object or a slab: its cache's name */
	u32 generation;	   /* of a page table */
	u32 cpu;
	int tid;
	char thread[16];
	u8 kind;  /* enum page_kind */
	u8 level; /* of a page table */
	u8 nr_pcs;
	unsigned long pc[FREED_PCS];
};

/* How a use after free showed. */
enum freed_use {
	FREED_TRAPPED,	   /* the page was not mapped */
	FREED_READ_POISON,   /* who read it found poison, and said so */
	FREED_WRITTEN,	   /* found when it was handed out again */
	FREED_OTHER_TABLE, /* the generation of a page table is not that which was walked */
	NR_FREED_USES
};

/* A report, for tests: who touched (of FREED_WRITTEN: who found it), and who had freed. */
struct freed_report {
	u32 cpu;
	int tid;
	struct freed freed; /* number 0: not known any more */
};

/* From now on records have whole stacks. */
void freed_record_stacks(void);
/* The block @page, still of the kind that it had, is about to be free. */
void freed_record_pages(const struct page *page, unsigned int order);
void freed_record_object(const char *cache, const void *object, size_t size);
/* Prints who freed @addr, if that is known; for reports of others. Any context. */
void freed_print(unsigned long addr);

/*
 * Reports a use of the freed memory at @addr by this CPU; @regs are those of the trap, NULL: the
 * stack is the caller's. Counts it where a test expects it, else ends the kernel. Any context.
 */
void freed_report(enum freed_use use, unsigned long addr, const struct trap_frame *regs,
		  const char *fmt, ...) __printf(4, 5);
/* From now on a test expects reports: printed as such, and the run goes on. Or no longer. */
void freed_expect(bool expected);
/* Reports of @use since boot; the latest of them. */
unsigned int freed_reports(enum freed_use use);
const struct freed_report *freed_last_report(enum freed_use use);
#else
static inline void freed_print(unsigned long addr)
{
	(void)addr;
}
#endif
