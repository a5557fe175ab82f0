/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TLB shootdown: by IPI, or by the machine's broadcast.
 *
 * Each CPU has one request of its own, since it waits for it before it goes on. It puts its number
 * into the inbox of every CPU it asks and interrupts those whose word was empty; a receiver serves
 * all requests in its inbox and clears its bit in each. The last one wakes the initiator.
 *
 * Order (MO-6): the initiator has cleared its entries, raises the generation (with a full barrier
 * before), then reads the mask; a CPU that loads the mm sets its bit (a full barrier), then reads
 * the generation and loads the table's root. So either the initiator sees the bit, or the CPU's
 * walks see the cleared entries.
 *
 * The wait is what makes the PTL deadlock possible; it keeps interrupts on and serves others.
 * Source: Intel SDM volume 3, 4.10.5 "Propagation of Paging-Structure Changes to Multiple
 * Processors"; invariant INV-10.
 */
#include "mm/tlb.h"
#include "arch/ipi.h"
#include "arch/tlb.h"
#include "kernel/cpu.h"
#include "kernel/printk.h"
#include "kernel/time.h"
#include "lab/bug.h"
#include "lab/hook.h"
#include "lab/perturb.h"
#include "lab/storebuf.h"
#include "lab/sync.h"
#include "lab/trace.h"
#include "lab/watchdog.h"
#include "mm/mm.h"

struct tlb_request {
	struct cpumask pending; /* cleared by the receivers */
	u32 halted;		/* the initiator sleeps until the last one has answered */
	/* Constant while pending is not empty, and complete before a receiver finds it (MO-12): */
	struct mm *mm;
	unsigned long start, end;
	s64 gen;
};

static struct tlb_request tlb_requests[NR_CPUS];

enum tlb_flush_mode tlb_flush_mode;

/* Polls this often before it sleeps until woken. */
#define TLB_ACK_SPINS 200

/*
 * Brings this CPU up to generation @gen. One step behind, the range is enough; further behind,
 * something else is still due as well and everything goes. Interrupts off.
 */
static void tlb_flush_local(struct mm *mm, unsigned long start, unsigned long end, s64 gen)
{
	struct cpu *cpu = this_cpu();

	if (cpu->loaded_mm != mm || (s64)cpu->tlb_gen >= gen)
		return;
	if ((s64)cpu->tlb_gen == gen - 1 && end - start <= TLB_FLUSH_ALL_PAGES * PAGE_SIZE) {
		for (unsigned long addr = start; addr < end; addr += PAGE_SIZE)
			arch_tlb_flush_page(addr);
		cpu->tlb_gen = (u64)gen;
		return;
	}
	cpu->tlb_gen = (u64)atomic64_read(&mm->tlb_gen);
	smp_mb();
	arch_tlb_flush_all();
}

static void tlb_serve(unsigned int initiator)
{
	struct tlb_request *req = &tlb_requests[initiator];

	stat_inc(SHOOTDOWNS_RECV);
	if (bug_every(tlb_ack_lost, 100))
		return;
	tlb_flush_local(req->mm, req->start, req->end, req->gen);
	trace(IPI, TLB_ACK, initiator, 0, 0);
	/* cpumask_clear: a full barrier (MO-13). */
	sb_and(cpumask_word(&req->pending, cpu_id()), ~cpumask_bit(cpu_id()));
	sb_full(bug(tlb_answer_no_mb));
	if (READ_ONCE(req->halted) && cpumask_empty(&req->pending)) {
		SYNC_POINT(tlb_ack_wake);
		arch_ipi_send(initiator, IPI_WAKE);
	}
}

void tlb_ipi_handle(void)
{
	struct cpu *cpu = this_cpu();

	for (unsigned int i = 0; i < cpumask_words(); i++) {
		u64 word = xchg(&cpu->tlb_inbox.bits[i], 0);

		for (; word; word &= word - 1)
			tlb_serve(i * 64 + (unsigned int)__builtin_ctzll(word));
	}
}

bool tlb_request_missing(const void *object, unsigned int cpu)
{
	return cpumask_test(&((const struct tlb_request *)object)->pending, cpu);
}

/*
 * Asks every CPU in @req->pending. A word of an inbox that was not empty has an IPI on its way,
 * sent after its first bit was set. Other words do not count: the receiver may be past them.
 */
static void tlb_send(struct tlb_request *req)
{
	unsigned int self = cpu_id(), cpu;
	struct cpumask targets;

	cpumask_zero(&targets);
	for_each_cpu(cpu, &req->pending)
	{
		trace(IPI, TLB_ASK, cpu, req->start, req->end);
		sb_full(bug(tlb_ask_no_mb));
		if (fetch_or(cpumask_word(&cpus[cpu]->tlb_inbox, self), cpumask_bit(self)))
			continue;
		*cpumask_word(&targets, cpu) |= cpumask_bit(cpu);
		stat_inc(SHOOTDOWN_IPIS);
	}
	SYNC_POINT(tlb_asked);
	perturb(PERTURB_IPI);
	sb_full(false); /* as sending is */
	arch_ipi_send_mask(&targets, IPI_TLB);
}

/* Whether the request may be taken as served. */
static bool tlb_all_answered(const struct tlb_request *req)
{
	if (LAB && cpumask_weight(&req->pending) == 1 && bug(shootdown_one_short))
		return true;
	return cpumask_empty(&req->pending);
}

static void tlb_ack_timeout(struct tlb_request *req)
{
	unsigned int cpu;

	for_each_cpu(cpu, &req->pending)
		printk("CPU %u has not acknowledged the shootdown of CPU %u", cpu, cpu_id());
	panic("BUG: waited %lu s for shootdown acknowledgements",
	      (unsigned long)(wait_limit_ns / NSEC_PER_SEC));
}

/* Until woken by the last answer, or by anything else. */
static void tlb_sleep(struct tlb_request *req)
{
	irq_disable();
	sb_store(&req->halted, 1);
	if (!bug(tlb_halt_no_mb))
		sb_mb(); /* MO-13 */
	if (tlb_all_answered(req)) {
		irq_enable();
	} else {
		SYNC_POINT(tlb_ack_halt);
		cpu_idle_wait();
	}
	sb_store(&req->halted, 0);
}

static void tlb_wait(struct tlb_request *req)
{
	u64 start = time_ns();

	SYNC_POINT(tlb_ack_wait);
	hook_lock(HOOK_WANT, HOOK_IPI_ACK, req);
	wait_publish(WAIT_TLB_ACK, req, (unsigned long)__builtin_return_address(0));
	for (unsigned int spins = 0; !tlb_all_answered(req); spins++) {
		if (spins < TLB_ACK_SPINS) {
			cpu_relax();
			continue;
		}
		if (time_ns() - start > wait_limit_ns)
			tlb_ack_timeout(req);
		tlb_sleep(req);
	}
	wait_publish_end();
	hook_lock(HOOK_LEFT, HOOK_IPI_ACK, req);
	if (!bug(tlb_wait_no_mb))
		sb_mb(); /* MO-15 */
}

static void tlb_flush_others(struct mm *mm, unsigned long start, unsigned long end, s64 gen)
{
	struct tlb_request *req = &tlb_requests[cpu_id()];
	u64 any = 0;

	/* After bug=shootdown_one_short: until that answer comes. */
	while (LAB && !cpumask_empty(&req->pending)) /* bounded: the CPU takes interrupts */
		cpu_relax();
	for (unsigned int i = 0; i < cpumask_words(); i++) {
		u64 word = READ_ONCE(mm->cpus.bits[i]);

		if (i == cpu_id() / 64)
			word &= ~cpumask_bit(cpu_id());
		WRITE_ONCE(req->pending.bits[i], word);
		any |= word;
	}
	SYNC_POINT(tlb_mask_read);
	if (!any || bug(skip_shootdown)) {
		cpumask_zero(&req->pending);
		return;
	}
	stat_inc(SHOOTDOWNS_SENT);
	sb_store(&req->mm, mm);
	sb_store(&req->start, start);
	sb_store(&req->end, end);
	sb_store(&req->gen, gen);
	tlb_send(req);
	tlb_wait(req);
}

/* No CPU is interrupted and none is waited for; generations stand still. */
static void tlb_flush_broadcast(struct mm *mm, unsigned long start, unsigned long end)
{
	if (bug(skip_shootdown))
		return;
	sb_full(bug(tlbie_no_sync)); /* as each arch_tlb_broadcast begins and ends */
	if (end - start > TLB_FLUSH_ALL_PAGES * PAGE_SIZE) {
		arch_tlb_broadcast_all(mm->pgd);
		return;
	}
	for (unsigned long addr = start; addr < end; addr += PAGE_SIZE)
		arch_tlb_broadcast_page(mm->pgd, addr);
}

void tlb_sync_walkers(struct mm *mm)
{
	BUG_ON(!irq_enabled());
	tlb_flush_others(mm, 0, 0, atomic64_read(&mm->tlb_gen));
}

void tlb_flush_range(struct mm *mm, unsigned long start, unsigned long end)
{
	s64 gen;

	BUG_ON(!irq_enabled());
	if (ARCH_TLB_BROADCAST && tlb_flush_mode == TLB_FLUSH_TLBIE) {
		tlb_flush_broadcast(mm, start, end);
		return;
	}
	gen = atomic64_inc_return(&mm->tlb_gen);
	sb_full(bug(tlb_flush_no_mb));
	irq_disable();
	tlb_flush_local(mm, start, end, gen);
	irq_enable();
	tlb_flush_others(mm, start, end, gen);
}

void tlb_flush_page(struct mm *mm, unsigned long addr)
{
	tlb_flush_range(mm, addr, addr + PAGE_SIZE);
}
