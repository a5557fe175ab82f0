/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finding, proving and breaking deadlocks between CPUs.
 *
 * Reads other CPUs' published waits without a lock: a wait's serial tells whether two looks saw the
 * same one, and a cycle counts only when it was the same in several ticks. Knows nothing of bug
 * switches or tests but whether a report is expected. State is per CPU (the ticking CPU's), and one
 * CPU reports at a time.
 * Source: hazards 9.1 to 9.3; INV-4.
 */
#include "lab/watchdog.h"

#if LAB
#include "kernel/exit.h"
#include "kernel/printk.h"
#include "kernel/spinlock.h"
#include "kernel/symbols.h"
#include "kernel/thread.h"
#include "lab/trace.h"
#include "mm/tlb.h"
#include "arch/ipi.h"

#define MAX_CYCLE 8

struct cycle {
	unsigned int nr;
	unsigned int cpu[MAX_CYCLE]; /* each waits for the next, the last for the first */
	struct cpu_wait wait[MAX_CYCLE]; /* what they wait for; filled for the report */
	u64 signature;
};

static struct {
	u64 signature; /* of the cycle seen last */
	unsigned int samples;
} watch[NR_CPUS];

static bool expected;
static unsigned int reports;
static enum watchdog_kind last_kind;
static bool reporting; /* one at a time */

void watchdog_expect(bool on)
{
	WRITE_ONCE(expected, on);
}

unsigned int watchdog_reports(void)
{
	return READ_ONCE(reports);
}

enum watchdog_kind watchdog_last_kind(void)
{
	return READ_ONCE(last_kind);
}

/* --- the wait-for graph --- */

/* What @cpu waits for, all fields of one wait; kind is WAIT_NONE if it was just changing. */
static struct cpu_wait sample_wait(const struct cpu *cpu)
{
	struct cpu_wait wait;
	u64 serial;

	wait.kind = smp_load_acquire(&cpu->wait.kind);
	serial = READ_ONCE(cpu->wait.serial);
	wait.irqs_off = READ_ONCE(cpu->wait.irqs_off);
	wait.breakable = READ_ONCE(cpu->wait.breakable);
	wait.object = READ_ONCE(cpu->wait.object);
	wait.pc = READ_ONCE(cpu->wait.pc);
	wait.broken = READ_ONCE(cpu->wait.broken);
	smp_rmb();
	wait.serial = READ_ONCE(cpu->wait.serial);
	if (READ_ONCE(cpu->wait.kind) != wait.kind || wait.serial != serial || wait.broken)
		wait.kind = WAIT_NONE;
	return wait;
}

/* A CPU that waits with interrupts off can neither acknowledge nor be scheduled. */
static bool cannot_acknowledge(const struct cpu *cpu)
{
	struct cpu_wait wait = sample_wait(cpu);

	return wait.kind != WAIT_NONE && wait.kind != WAIT_SYNC_POINT && wait.irqs_off;
}

/* The first CPU at or after @from for which @cpu waits; nr_cpus if there is none. */
static unsigned int waits_for(const struct cpu *cpu, unsigned int from)
{
	struct cpu_wait wait = sample_wait(cpu);
	unsigned int owner;

	switch (wait.kind) {
	case WAIT_SPINLOCK:
		owner = READ_ONCE(((const struct spinlock *)wait.object)->owner);
		return owner && owner - 1 >= from ? owner - 1 : nr_cpus;
	case WAIT_TLB_ACK:
		for (; from < nr_cpus; from++)
			if (tlb_request_missing(wait.object, from) &&
			    cannot_acknowledge(cpus[from]))
				return from;
		return nr_cpus;
	default:
		return nr_cpus;
	}
}

/* Depth-first from the last CPU of @cycle back to its first. */
static bool find_cycle(struct cycle *cycle)
{
	const struct cpu *cpu = cpus[cycle->cpu[cycle->nr - 1]];
	unsigned int next = waits_for(cpu, 0);

	for (; next < nr_cpus; next = waits_for(cpu, next + 1)) {
		bool seen = false;

		if (next == cycle->cpu[0])
			return true;
		for (unsigned int i = 0; i < cycle->nr; i++)
			seen |= cycle->cpu[i] == next;
		if (seen || cycle->nr == MAX_CYCLE)
			continue;
		cycle->cpu[cycle->nr++] = next;
		if (find_cycle(cycle))
			return true;
		cycle->nr--;
	}
	return false;
}

static u64 cycle_signature(const struct cycle *cycle)
{
	u64 signature = cycle->nr;

	for (unsigned int i = 0; i < cycle->nr; i++)
		signature = (signature * 0x100000001b3ULL ^ cycle->cpu[i]) * 0x100000001b3ULL ^
			    READ_ONCE(cpus[cycle->cpu[i]]->wait.serial);
	return signature;
}

/* --- the report --- */

static enum watchdog_kind cycle_kind(const struct cycle *cycle)
{
	if (cycle->nr == 1)
		return WATCHDOG_SELF;
	for (unsigned int i = 0; i < cycle->nr; i++)
		if (cycle->wait[i].kind == WAIT_TLB_ACK)
			return WATCHDOG_IPI_LOCK;
	return WATCHDOG_ABBA;
}

static const char *const kind_text[] = {
	[WATCHDOG_IPI_LOCK] = "a shootdown waits for a CPU that waits, interrupts off, for a lock",
	[WATCHDOG_ABBA] = "AB-BA, locks taken in opposite orders",
	[WATCHDOG_SELF] = "self-deadlock, a lock taken twice",
};

static void describe_wait(char *buf, size_t size, const struct cpu_wait *wait)
{
	const struct spinlock *lock = wait->object;

	if (wait->kind == WAIT_TLB_ACK)
		snprintf(buf, size, "waits for acknowledgements");
	else
		snprintf(buf, size, "waits for %s %p", lock->name, (const void *)lock);
}

static void print_cpu(const struct cpu *cpu, const struct cpu_wait *waits, unsigned int next)
{
	char wait[64];

	describe_wait(wait, sizeof(wait), waits);
	printk("CPU %u (%s[%d]) %s, interrupts %s, held up by CPU %u", cpu->id,
	       cpu->arch.thread->name, cpu->arch.thread->tid, wait,
	       waits->irqs_off ? "off" : "on", next);
	printk("  at %pB", (void *)waits->pc);
	for (unsigned int i = 0; i < cpu->nr_held && i < MAX_HELD_LOCKS; i++)
		printk("  holds %s %p", cpu->held[i]->name, (const void *)cpu->held[i]);
	if (cpu->id != cpu_id()) {
		nmi_print_stack(cpu->id);
		return;
	}
	printk("CPU %u stack, interrupts on:", cpu->id);
	backtrace_print_current();
}

static void describe_held(char *buf, size_t size, const struct cpu *cpu, unsigned int i)
{
	buf[0] = '\0';
	if (i < cpu->nr_held)
		snprintf(buf, size, "holds %s %p", cpu->held[i]->name, (const void *)cpu->held[i]);
}

/* Two CPUs side by side, each with what it holds and what it waits for. */
static void print_diagram(const struct cycle *cycle)
{
	const struct cpu *a = cpus[cycle->cpu[0]], *b = cpus[cycle->cpu[1]];
	char left[64], right[64];

	snprintf(left, sizeof(left), "CPU %u", a->id);
	snprintf(right, sizeof(right), "CPU %u", b->id);
	printk("%-36s | %s", left, right);
	printk("-------------------------------------+-------------------------------------");
	for (unsigned int i = 0; i < max(a->nr_held, b->nr_held) && i < MAX_HELD_LOCKS; i++) {
		describe_held(left, sizeof(left), a, i);
		describe_held(right, sizeof(right), b, i);
		printk("%-36s | %s", left, right);
	}
	printk("%-36s | %s", cycle->wait[0].irqs_off ? "interrupts off" : "interrupts on",
	       cycle->wait[1].irqs_off ? "interrupts off" : "interrupts on");
	describe_wait(left, sizeof(left), &cycle->wait[0]);
	describe_wait(right, sizeof(right), &cycle->wait[1]);
	printk("%-36s | %s", left, right);
}

static void print_others(const struct cycle *cycle)
{
	unsigned int missing = 0, stuck = 0;

	for (unsigned int i = 0; i < cycle->nr; i++) {
		if (cycle->wait[i].kind != WAIT_TLB_ACK)
			continue;
		for (unsigned int other = 0; other < nr_cpus; other++)
			if (tlb_request_missing(cycle->wait[i].object, other)) {
				missing++;
				stuck += cannot_acknowledge(cpus[other]);
			}
		printk("acknowledgements missing: %u, of CPUs that cannot give them: %u", missing,
		       stuck);
	}
}

/* Breaks every breakable wait for the locks of the cycle: one report serves all who wait alike. */
static unsigned int break_waits(const struct cycle *cycle)
{
	unsigned int broken = 0, cpu;

	for (unsigned int i = 0; i < cycle->nr; i++) {
		if (cycle->wait[i].kind != WAIT_SPINLOCK)
			continue;
		for_each_online_cpu(cpu)
		{
			struct cpu_wait wait = sample_wait(cpus[cpu]);

			if (wait.kind != WAIT_SPINLOCK || wait.object != cycle->wait[i].object ||
			    !wait.breakable)
				continue;
			WRITE_ONCE(cpus[cpu]->wait.broken, true);
			arch_ipi_send(cpu, IPI_WAKE); /* it may sleep while it waits */
			broken++;
		}
	}
	return broken;
}

static void trace_cycle(const struct cycle *cycle, enum watchdog_kind kind)
{
	for (unsigned int i = 0; i < cycle->nr; i++)
		trace(ANY, WATCHDOG, kind, cycle->nr, cycle->cpu[i]);
}

static void report(const struct cycle *cycle)
{
	enum watchdog_kind kind = cycle_kind(cycle);
	unsigned int broken;

	printk_set_expected(READ_ONCE(expected));
	if (!expected)
		bad_signs++;
	trace_cycle(cycle, kind);
	printk("watchdog: DEADLOCK of %u CPU%s: %s", cycle->nr, cycle->nr == 1 ? "" : "s",
	       kind_text[kind]);
	for (unsigned int i = 0; i < cycle->nr; i++)
		print_cpu(cpus[cycle->cpu[i]], &cycle->wait[i],
			  cycle->cpu[(i + 1) % cycle->nr]);
	print_others(cycle);
	if (cycle->nr > 1)
		print_diagram(cycle);
	WRITE_ONCE(last_kind, kind);
	WRITE_ONCE(reports, reports + 1);
	broken = break_waits(cycle);
	if (!broken)
		panic_with(EXIT_WATCHDOG, "watchdog: no wait of this deadlock can be broken");
	trace(ANY, BROKEN, broken, 0, 0);
	printk("watchdog: broke %u wait%s, the run goes on", broken, broken == 1 ? "" : "s");
	printk_set_expected(false);
}

/* Looks for a cycle through @start; true when it was there for the last time needed. */
static bool watch_cpu(unsigned int start, struct cycle *cycle)
{
	unsigned int self = cpu_id();

	cycle->nr = 1;
	cycle->cpu[0] = start;
	if (!find_cycle(cycle))
		return false;
	cycle->signature = cycle_signature(cycle);
	if (cycle->signature != watch[self].signature) {
		watch[self].signature = cycle->signature;
		watch[self].samples = 0;
	}
	return ++watch[self].samples >= WATCHDOG_SAMPLES;
}

static void watchdog_check(unsigned int start)
{
	struct cycle cycle;

	if (READ_ONCE(reporting) || !watch_cpu(start, &cycle) || xchg(&reporting, true))
		return;
	for (unsigned int i = 0; i < cycle.nr; i++)
		cycle.wait[i] = sample_wait(cpus[cycle.cpu[i]]);
	if (cycle_signature(&cycle) == cycle.signature)
		report(&cycle);
	watch[cpu_id()].samples = 0;
	smp_store_release(&reporting, false);
}

void watchdog_tick(void)
{
	unsigned int cpu;

	if (this_cpu()->wait.kind != WAIT_NONE) {
		watchdog_check(cpu_id());
		return;
	}
	for_each_online_cpu(cpu)
		if (cannot_acknowledge(cpus[cpu]) && cpu != cpu_id()) {
			watchdog_check(cpu);
			return;
		}
}
#endif
