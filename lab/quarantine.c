/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Freed pages that are not mapped and not used again yet.
 *
 * Owns the ring of blocks that are held back, in the order in which they were freed, under
 * quarantine_lock (zone locks are inside it). A block has a number, its place in that order.
 *
 * Flushing the kernel's translations waits for nobody, or it would change the very schedules that
 * this is to watch: a walker with interrupts off must stay one that nobody waits for. A page's
 * entry is cleared at once; then, for a batch, the other CPUs are interrupted, and each notes up to
 * which number it has flushed (quarantine_serve). One that idles is left alone: it looks by itself
 * after it has cleared its bit in cpus_idle, as the announcing one looks at the bit after it has
 * stored the number, with a full barrier on either side. A block is given back when all have
 * flushed it and more pages than the limit are held. A CPU that had no translation of the page
 * traps from the first moment on. Since the map of a page never changes but for being there or not,
 * a translation that stayed too long does no harm: at worst a touch goes unnoticed.
 *
 * The trap takes no lock: it may come anywhere.
 */
#include "lab/quarantine.h"

#if LAB
#include "arch/ipi.h"
#include "arch/mmu.h"
#include "arch/tlb.h"
#include "kernel/cpu.h"
#include "kernel/printk.h"
#include "kernel/thread.h"
#include "lab/freed.h"
#include "mm/page.h"
#include "mm/zone.h"

#define BATCH 64	/* blocks that one round of interrupts serves */
#define FLUSH_SINGLE 64 /* more pages than these are flushed all together */
#define POLL_NS (100 * NSEC_PER_USEC)

bool quarantine_on;

static DEFINE_SPINLOCK(quarantine_lock);
/* Guarded by the lock, and read without it: */
static struct page **ring; /* block n is at n % ring_size */
static u64 ring_size;	   /* a power of two */
static u64 first, next;	   /* numbers of the oldest and of the next one */
static u64 announced;	   /* other CPUs were told of those below */
static u64 safe;	   /* all CPUs were seen to have flushed those below */
static u64 nr_pages, max_pages;

static u64 flushed[NR_CPUS]; /* each CPU's own: it has flushed those below */
static u32 poked[NR_CPUS];   /* an interrupt is on its way to it */
static const struct page *probed;
static bool probe_trapped;

static void map_block(struct page *page, unsigned int order)
{
	for (unsigned long i = 0; i < BIT(order); i++)
		arch_kernel_map_set_present(page_to_virt(&page[i]), true);
}

/* On this CPU there is no translation any more; others flush when they serve. */
static void unmap_block(struct page *page, unsigned int order)
{
	for (unsigned long i = 0; i < BIT(order); i++) {
		arch_kernel_map_set_present(page_to_virt(&page[i]), false);
		arch_tlb_flush_kernel_page((unsigned long)page_to_virt(&page[i]));
	}
}

/* --- flushing --- */

/* Flushes blocks [@from, @to) on this CPU, one by one if they are few. */
static void flush_local(u64 from, u64 to)
{
	if (to - from > FLUSH_SINGLE) {
		arch_tlb_flush_kernel_all();
		return;
	}
	for (; from < to; from++) {
		struct page *page = READ_ONCE(ring[from & (ring_size - 1)]);

		if (page->order) {
			arch_tlb_flush_kernel_all();
			return;
		}
		arch_tlb_flush_kernel_page((unsigned long)page_to_virt(page));
	}
}

void quarantine_serve(void)
{
	unsigned int cpu = cpu_id();
	u64 to;

	WRITE_ONCE(poked[cpu], 0);
	smp_mb();
	to = READ_ONCE(announced);
	if (flushed[cpu] == to)
		return;
	flush_local(flushed[cpu], to);
	smp_mb();
	WRITE_ONCE(flushed[cpu], to);
}

/* Whether @cpu may have translations of blocks below @number in use. */
static bool is_behind(unsigned int cpu, u64 number)
{
	return READ_ONCE(flushed[cpu]) < number && !cpumask_test(&cpus_idle, cpu);
}

/* Tells every CPU of what is new. Locked. */
static void announce(void)
{
	struct cpumask targets;
	unsigned long flags;
	unsigned int cpu;

	WRITE_ONCE(announced, next);
	smp_mb();
	cpumask_zero(&targets);
	for_each_online_cpu(cpu)
		if (cpu != cpu_id() && is_behind(cpu, next) && !xchg(&poked[cpu], 1))
			cpumask_set(&targets, cpu);
	arch_ipi_send_mask(&targets, IPI_WAKE);
	flags = irq_save();
	quarantine_serve();
	irq_restore(flags);
}

/* All CPUs have flushed the blocks below this number. */
static u64 flushed_by_all(void)
{
	u64 number = READ_ONCE(announced);
	unsigned int cpu;

	for_each_online_cpu(cpu)
		if (is_behind(cpu, number))
			number = READ_ONCE(flushed[cpu]);
	return number;
}

void quarantine_flush(void)
{
	if (!quarantine_on)
		return;
	spin_lock(&quarantine_lock);
	announce();
	spin_unlock(&quarantine_lock);
}

void quarantine_flush_wait(void)
{
	u64 deadline = time_ns() + wait_limit_ns, number = READ_ONCE(next);

	quarantine_flush();
	while (quarantine_on && flushed_by_all() < number) {
		BUG_ON_MSG(time_ns() > deadline, "a CPU takes no interrupts");
		thread_sleep_ns(POLL_NS);
	}
}

/* --- holding back --- */

/* Looks at the poison, for which the block is mapped on this CPU for a moment. */
static void check_block(struct page *page)
{
	map_block(page, page->order);
	for (unsigned long i = 0; i < BIT(page->order); i++)
		page_check_poison(&page[i]);
	unmap_block(page, page->order);
}

/* Gives the oldest block back. Locked. */
static void release_first(void)
{
	struct page *page = ring[first & (ring_size - 1)];

	check_block(page);
	first++;
	nr_pages -= BIT(page->order);
	zone_free(page, page->order);
}

/* Gives back what is too much. Locked. */
static void release_surplus(void)
{
	if (nr_pages > max_pages && first >= safe)
		safe = flushed_by_all();
	while (nr_pages > max_pages && first < safe)
		release_first();
	if (next - first == ring_size)
		release_first();
}

void quarantine_put(struct page *page, unsigned int order)
{
	unmap_block(page, order);
	spin_lock(&quarantine_lock);
	ring[next & (ring_size - 1)] = page;
	WRITE_ONCE(next, next + 1);
	nr_pages += BIT(order);
	if (next - announced >= BATCH)
		announce();
	release_surplus();
	spin_unlock(&quarantine_lock);
}

void quarantine_map(struct page *page, unsigned int order)
{
	map_block(page, order);
}

bool quarantine_drain(void)
{
	bool any;

	if (!quarantine_on)
		return false;
	spin_lock(&quarantine_lock);
	announce();
	any = first < next;
	while (first < next)
		release_first();
	spin_unlock(&quarantine_lock);
	return any;
}

u64 quarantine_nr_pages(void)
{
	return READ_ONCE(nr_pages);
}

void quarantine_init(unsigned long pages)
{
	unsigned int order = 0;
	struct page *page;

	max_pages = pages;
	ring_size = 2 * BATCH;
	while (ring_size < 2 * pages)
		ring_size *= 2;
	while (PAGE_SIZE << order < ring_size * sizeof(*ring))
		order++;
	page = page_alloc(order, PAGE_KERNEL, 0);
	if (!page)
		panic("too little memory for quarantine=%lu", pages);
	ring = page_to_virt(page);
	for (u64 pfn = 0; pfn < page_map_len; pfn++)
		if (page_map[pfn].kind == PAGE_FREE)
			arch_kernel_map_set_present(page_to_virt(&page_map[pfn]), false);
	arch_tlb_flush_kernel_all();
	freed_record_stacks();
	quarantine_on = true;
}

/* --- the trap --- */

bool quarantine_fault(const struct trap_frame *regs, unsigned long addr, bool write)
{
	u64 pfn = (addr - DIRECT_MAP_BASE) >> PAGE_SHIFT;
	struct page *page = &page_map[pfn];

	if (!quarantine_on || addr < DIRECT_MAP_BASE || pfn >= page_map_len ||
	    page->kind != PAGE_FREE)
		return false;
	map_block(page, 0);
	if (write) /* it has been reported once, that is enough */
		__atomic_fetch_and(&page->flags, (u16)~PAGE_POISONED, __ATOMIC_RELAXED);
	if (READ_ONCE(probed) == page) {
		WRITE_ONCE(probe_trapped, true);
		return true;
	}
	freed_report(FREED_TRAPPED, addr, regs, "%s freed memory at %lx", write ? "write to" :
		     "read of", addr);
	return true;
}

bool quarantine_probe(void)
{
	struct page *page = page_alloc(0, PAGE_TABLE, ALLOC_ZERO);

	if (!page || !quarantine_on) {
		if (page)
			page_put(page);
		return false;
	}
	page->index = 1;
	WRITE_ONCE(probe_trapped, false);
	WRITE_ONCE(probed, page);
	page_put(page);
	READ_ONCE(*(const u64 *)page_to_virt(page));
	WRITE_ONCE(probed, NULL);
	return READ_ONCE(probe_trapped);
}
#endif
