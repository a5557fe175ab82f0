/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records of what was freed, and reports of what was used afterwards.
 *
 * Owns two rings of records, of pages and of objects. A writer takes a place by an atomic addition
 * and sets its number last; a reader copies a record and believes the copy if the number is the
 * same before and after. So records are made and read in any context, without a lock.
 *
 * One report is printed at a time (report_cpu); who comes to one while it prints one itself prints
 * nothing more, and others wait for a limited time.
 */
#include "lab/freed.h"

#if LAB
#include "arch/stack.h"
#include "arch/trap.h"
#include "kernel/cpu.h"
#include "kernel/printk.h"
#include "kernel/string.h"
#include "kernel/thread.h"
#include "kernel/time.h"
#include "mm/page.h"
#include "mm/slab.h"

#define NR_PAGE_RECORDS 4096
#define NR_OBJECT_RECORDS 2048
#define REPORT_LIMIT_NS NSEC_PER_SEC

struct freed_ring {
	struct freed *records;
	u64 nr, next;
};

static struct freed page_records[NR_PAGE_RECORDS], object_records[NR_OBJECT_RECORDS];
static struct freed_ring page_ring = { page_records, NR_PAGE_RECORDS, 0 };
static struct freed_ring object_ring = { object_records, NR_OBJECT_RECORDS, 0 };
static bool whole_stacks;

static bool expected;
static unsigned int reports[NR_FREED_USES];
static struct freed_report last_reports[NR_FREED_USES];
static u32 report_cpu; /* CPU number + 1 of the one that reports */

void freed_record_stacks(void)
{
	WRITE_ONCE(whole_stacks, true);
}

/* The stack from @pcs[0] outwards, which is a caller's place; how many places. */
static u8 record_stack(unsigned long *pcs)
{
	unsigned long fp = cpu_frame_pointer(), pc = 0;
	u8 nr = 0;

	while (nr < FREED_PCS && arch_stack_next(&pc, &fp))
		if (nr || pc == pcs[0])
			pcs[nr++] = pc;
	return max(nr, (u8)1);
}

/* A record with everything but what was freed; record_end makes it valid. */
static struct freed *record_begin(struct freed_ring *ring, u64 *number, unsigned long pc)
{
	const struct thread *thread = current;
	struct freed *freed;

	*number = __atomic_add_fetch(&ring->next, 1, __ATOMIC_RELAXED);
	freed = &ring->records[*number % ring->nr];
	WRITE_ONCE(freed->number, 0);
	smp_wmb();
	freed->time_ns = time_ns();
	freed->cpu = cpu_id();
	freed->tid = thread ? thread->tid : 0;
	strlcpy(freed->thread, thread ? thread->name : "none", sizeof(freed->thread));
	freed->cache = NULL;
	freed->generation = 0;
	freed->level = 0;
	freed->pc[0] = pc;
	freed->nr_pcs = READ_ONCE(whole_stacks) ? record_stack(freed->pc) : 1;
	return freed;
}

static void record_end(struct freed *freed, u64 number)
{
	smp_wmb();
	WRITE_ONCE(freed->number, number);
}

void freed_record_pages(const struct page *page, unsigned int order)
{
	u64 number;
	struct freed *freed =
		record_begin(&page_ring, &number, (unsigned long)__builtin_return_address(0));

	freed->addr = (unsigned long)page_to_virt(page);
	freed->size = PAGE_SIZE << order;
	freed->kind = page->kind;
	if (page->kind == PAGE_TABLE) {
		freed->level = (u8)page->index;
		freed->generation = (u32)(page->index >> 8);
	} else if (page->kind == PAGE_SLAB) {
		freed->cache = slab_name(page->slab);
	}
	record_end(freed, number);
}

void freed_record_object(const char *cache, const void *object, size_t size)
{
	u64 number;
	struct freed *freed =
		record_begin(&object_ring, &number, (unsigned long)__builtin_return_address(0));

	freed->addr = (unsigned long)object;
	freed->size = size;
	freed->kind = PAGE_SLAB;
	freed->cache = cache;
	record_end(freed, number);
}

/* The newest record of @ring that @addr lies in, newer than *@copy's if that has one. */
static void ring_find(const struct freed_ring *ring, unsigned long addr, struct freed *copy)
{
	for (u64 i = 0; i < ring->nr; i++) {
		const struct freed *freed = &ring->records[i];
		struct freed now = *freed;

		smp_rmb();
		if (!now.number || READ_ONCE(freed->number) != now.number)
			continue;
		if (addr - now.addr < now.size && now.time_ns >= copy->time_ns)
			*copy = now;
	}
}

static struct freed freed_find(unsigned long addr)
{
	struct freed found = { 0 };

	ring_find(&page_ring, addr, &found);
	ring_find(&object_ring, addr, &found);
	return found;
}

static void freed_describe(const struct freed *freed, char *buf, size_t size)
{
	if (!freed->number)
		snprintf(buf, size, "of a kind not known any more");
	else if (freed->kind == PAGE_TABLE)
		snprintf(buf, size, "a page table of level %u, generation %u", freed->level,
			 freed->generation);
	else if (freed->kind == PAGE_ANON)
		snprintf(buf, size, "an anonymous page");
	else if (freed->kind == PAGE_SLAB)
		snprintf(buf, size, "an object of the slab cache %s", freed->cache);
	else
		snprintf(buf, size, "%lu KiB of the kernel's", freed->size >> 10);
}

static void freed_print_record(const struct freed *freed)
{
	u64 us = (time_ns() - freed->time_ns) / NSEC_PER_USEC;

	if (!freed->number) {
		printk("  who freed it is not known: never used since boot, or long ago");
		return;
	}
	printk("  it was %lu bytes at %lx", freed->size, freed->addr);
	printk("  freed by CPU %u, thread %d (%s), %llu.%06llu s after boot, %lu us ago:",
	       freed->cpu, freed->tid, freed->thread, freed->time_ns / NSEC_PER_SEC,
	       freed->time_ns % NSEC_PER_SEC / NSEC_PER_USEC, (unsigned long)us);
	for (unsigned int i = 0; i < freed->nr_pcs; i++)
		printk("    %016lx %pS", freed->pc[i], (void *)freed->pc[i]);
}

void freed_print(unsigned long addr)
{
	struct freed freed = freed_find(addr);

	freed_print_record(&freed);
}

/* False if this CPU is at it already. */
static bool report_begin(void)
{
	u64 deadline = time_ns() + REPORT_LIMIT_NS;
	u32 self = cpu_id() + 1;

	if (READ_ONCE(report_cpu) == self)
		return false;
	while (cmpxchg(&report_cpu, 0, self) && time_ns() < deadline)
		cpu_relax();
	WRITE_ONCE(report_cpu, self);
	return true;
}

static void report_print(enum freed_use use, const char *text, const struct trap_frame *regs)
{
	const struct thread *thread = current;
	u64 now = time_ns();
	char what[64];

	freed_describe(&last_reports[use].freed, what, sizeof(what));
	printk("use after free: %s: %s", text, what);
	printk("  %s by CPU %u, thread %d (%s), interrupts %s, %llu.%06llu s after boot:",
	       use == FREED_WRITTEN ? "found" : "touched", cpu_id(), thread ? thread->tid : 0,
	       thread ? thread->name : "none",
	       (regs ? trap_frame_irqs_on(regs) : irq_enabled()) ? "on" : "off",
	       now / NSEC_PER_SEC, now % NSEC_PER_SEC / NSEC_PER_USEC);
	if (regs)
		backtrace_print(trap_frame_pc(regs), trap_frame_fp(regs));
	else
		backtrace_print_current();
	freed_print_record(&last_reports[use].freed);
}

void freed_report(enum freed_use use, unsigned long addr, const struct trap_frame *regs,
		  const char *fmt, ...)
{
	bool wanted = READ_ONCE(expected);
	char text[160];
	va_list ap;

	if (!report_begin())
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	last_reports[use] = (struct freed_report){ cpu_id(), current ? current->tid : 0,
						   freed_find(addr) };
	printk_set_expected(wanted);
	report_print(use, text, regs);
	if (!wanted)
		panic("use after free: %s", text);
	printk("use after free: expected, the run goes on");
	printk_set_expected(false);
	WRITE_ONCE(reports[use], reports[use] + 1);
	smp_store_release(&report_cpu, 0);
}

void freed_expect(bool expect)
{
	WRITE_ONCE(expected, expect);
}

unsigned int freed_reports(enum freed_use use)
{
	return READ_ONCE(reports[use]);
}

const struct freed_report *freed_last_report(enum freed_use use)
{
	return &last_reports[use];
}
#endif
