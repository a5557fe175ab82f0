/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happened to address spaces, and how a disagreement of the shadow check is printed.
 *
 * Owns one ring of events for all; entries are claimed by an atomic number and written without a
 * lock: a reader takes one only if its number is the one that belongs there.
 */
#include "lab/shadow_model.h"

#if LAB
#include "kernel/errno.h"
#include "kernel/printk.h"
#include "kernel/thread.h"
#include "kernel/time.h"
#include "mm/mm.h"
#include "mm/slab.h"

#define NR_EVENTS 4096
#define SHOWN_EVENTS 16
#define MAX_REPORTS 8

struct shadow_event {
	u64 seq, time_ns;
	const struct mm *mm;
	unsigned long start, end;
	u64 value; /* an access, an entry, a fault's flags */
	u32 cpu;
	int tid;
	enum shadow_event_kind kind;
};

static struct shadow_event *events;
static u64 last_seq;
static unsigned int reports;
static bool expected;

unsigned int shadow_reports(void)
{
	return __atomic_load_n(&reports, __ATOMIC_SEQ_CST);
}

void shadow_expect(bool on)
{
	WRITE_ONCE(expected, on);
}

int shadow_history_init(void)
{
	if (!events)
		events = kzalloc(NR_EVENTS * sizeof(*events));
	return events ? 0 : -ENOMEM;
}

u64 shadow_now(void)
{
	return __atomic_load_n(&last_seq, __ATOMIC_SEQ_CST);
}

u64 shadow_note(struct mm *mm, enum shadow_event_kind kind, unsigned long start, unsigned long end,
		u64 value)
{
	u64 seq = __atomic_add_fetch(&last_seq, 1, __ATOMIC_SEQ_CST);
	struct shadow_event *event = &events[seq % NR_EVENTS];

	WRITE_ONCE(event->seq, 0);
	smp_wmb();
	event->time_ns = time_ns();
	event->mm = mm;
	event->start = start;
	event->end = end;
	event->value = value;
	event->cpu = cpu_id();
	event->tid = current->tid;
	event->kind = kind;
	smp_store_release(&event->seq, seq);
	return seq;
}

static void describe_access(char *buf, size_t size, unsigned long access)
{
	if (access == SHADOW_UNMAPPED)
		snprintf(buf, size, "nothing");
	else
		snprintf(buf, size, "%c%c%c", access & PROT_READ ? 'r' : '-',
			 access & PROT_WRITE ? 'w' : '-', access & PROT_EXEC ? 'x' : '-');
}

static void describe_pte(char *buf, size_t size, pte_t pte)
{
	if (pte_none(pte))
		snprintf(buf, size, "entry empty");
	else
		snprintf(buf, size, "entry %s pfn %lx%s", pte_write(pte) ? "writable" : "read-only",
			 (unsigned long)pte_pfn(pte), pte_special(pte) ? ", the zero page" : "");
}

static void describe_event(char *buf, size_t size, const struct shadow_event *event)
{
	static const char *const change[] = { [SHADOW_EV_MAP] = "begins to map",
					      [SHADOW_EV_UNMAP] = "begins to unmap",
					      [SHADOW_EV_PROTECT] = "begins to protect",
					      [SHADOW_EV_END] = "ends its change of" };
	char access[16];

	switch (event->kind) {
	case SHADOW_EV_PTE:
		describe_pte(buf, size, (pte_t){ event->value });
		return;
	case SHADOW_EV_RESOLVED:
	case SHADOW_EV_REFUSED:
		snprintf(buf, size, "%s fault %s", event->value & FAULT_WRITE ? "write" : "read",
			 event->kind == SHADOW_EV_REFUSED ? "refused" : "resolved");
		return;
	default:
		describe_access(access, sizeof(access), event->value);
		snprintf(buf, size, "%s %lx-%lx: %s", change[event->kind], event->start, event->end,
			 access);
	}
}

static void print_event(const struct shadow_event *event)
{
	char what[96];

	describe_event(what, sizeof(what), event);
	printk("  #%lu %lu.%06lu s CPU %u thread %d: %s", (unsigned long)event->seq,
	       (unsigned long)(event->time_ns / NSEC_PER_SEC),
	       (unsigned long)(event->time_ns % NSEC_PER_SEC / 1000), event->cpu, event->tid, what);
}

/* The latest events that concern @addr, oldest first. */
static void print_history(const struct mm *mm, unsigned long addr)
{
	u64 now = shadow_now(), kept = now > NR_EVENTS ? now - NR_EVENTS : 0;
	u64 first = max(kept, mm->shadow->born) + 1; /* another one may have been at its address */
	u64 shown[SHOWN_EVENTS];
	unsigned int nr = 0;

	for (u64 seq = now; seq >= first && nr < SHOWN_EVENTS; seq--) {
		const struct shadow_event *event = &events[seq % NR_EVENTS];

		if (smp_load_acquire(&event->seq) == seq && event->mm == mm &&
		    event->start <= addr && addr < event->end)
			shown[nr++] = seq;
	}
	printk("history of page %lx:", addr);
	while (nr)
		print_event(&events[shown[--nr] % NR_EVENTS]);
}

void shadow_disagree(struct mm *mm, unsigned long addr, const char *fmt, ...)
{
	unsigned int nr = __atomic_add_fetch(&reports, 1, __ATOMIC_SEQ_CST);
	char why[128];
	va_list ap;

	if (!READ_ONCE(expected))
		bad_signs++;
	if (nr > MAX_REPORTS)
		return;
	addr &= PAGE_MASK;
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	printk_set_expected(READ_ONCE(expected));
	printk("shadow: DISAGREEMENT at %lx: %s", addr, why);
	print_history(mm, addr);
	printk_set_expected(false);
}
#endif
