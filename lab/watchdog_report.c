/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the watchdog prints, and the breaking of waits.
 *
 * Owns the counts of reports and whether they are expected. Runs in a look, so one report at a
 * time; other CPUs' data are read as they are.
 */
#include "lab/watchdog_internal.h"

#if LAB
#include "arch/ipi.h"
#include "arch/stack.h"
#include "kernel/exit.h"
#include "kernel/mutex.h"
#include "kernel/printk.h"
#include "kernel/srcu.h"
#include "kernel/symbols.h"
#include "kernel/thread.h"
#include "lab/holders.h"
#include "lab/trace.h"
#include "mm/tlb.h"

static bool expected;
static unsigned int counts[NR_WATCHDOG_KINDS];
static unsigned int cpu_counts[NR_CPUS]; /* WATCHDOG_HUNG_CPU, by CPU */
static unsigned int inconclusive;
static enum watchdog_kind last_kind;

void watchdog_expect(bool on)
{
	WRITE_ONCE(expected, on);
}

unsigned int watchdog_reports_of(enum watchdog_kind kind)
{
	return __atomic_load_n(&counts[kind], __ATOMIC_ACQUIRE);
}

unsigned int watchdog_reports(void)
{
	unsigned int sum = 0;

	for (unsigned int kind = 0; kind < NR_WATCHDOG_KINDS; kind++)
		sum += watchdog_reports_of((enum watchdog_kind)kind);
	return sum;
}

unsigned int watchdog_reports_of_cpu(unsigned int cpu)
{
	return __atomic_load_n(&cpu_counts[cpu], __ATOMIC_ACQUIRE);
}

enum watchdog_kind watchdog_last_kind(void)
{
	return READ_ONCE(last_kind);
}

unsigned int watchdog_inconclusive(void)
{
	return READ_ONCE(inconclusive);
}

/* Whether the report is expected: between begin and end all of its lines say so. */
static bool report_begin(void)
{
	bool on = READ_ONCE(expected);

	printk_set_expected(on);
	if (!on)
		__atomic_fetch_add(&bad_signs, 1, __ATOMIC_RELAXED);
	return on;
}

/* Of a deadlock of @nr, or of one thing that does not move; @cpu is where. */
static void report_trace(enum watchdog_kind kind, unsigned int nr, unsigned int cpu)
{
	trace(ANY, WATCHDOG, kind, nr, cpu);
}

/* A test may go on as soon as it is counted. */
static void report_end(enum watchdog_kind kind)
{
	printk_set_expected(false);
	WRITE_ONCE(last_kind, kind);
	__atomic_fetch_add(&counts[kind], 1, __ATOMIC_RELEASE);
}

static unsigned long ms_since(const struct look *look, u64 since_ns)
{
	return look->now > since_ns ? (unsigned long)((look->now - since_ns) / NSEC_PER_MSEC) : 0;
}

static void print_graph(const struct look *look, const char *title,
			const struct waitfor_cycle *cycle)
{
	if (look->threads)
		waitfor_print(title, cycle);
}

/* --- parts of reports --- */

static const char *on_off(bool irqs_off)
{
	return irqs_off ? "off" : "on";
}

/* Spinlocks that @cpu holds, but for the list of threads that this look holds. */
static unsigned int nr_spinlocks(const struct look *look, const struct cpu *cpu)
{
	return min(cpu->nr_held - (look->threads && cpu->id == cpu_id()),
		   (unsigned int)MAX_HELD_LOCKS);
}

static void print_spinlocks(const struct look *look, const struct cpu *cpu)
{
	for (unsigned int i = 0; i < nr_spinlocks(look, cpu); i++)
		printk("  holds %s %p", cpu->held[i]->name, (const void *)cpu->held[i]);
}

/* All waits of @cpu but the one that was told, outermost first. */
static void print_other_waits(const struct cpu *cpu, unsigned int told)
{
	char what[80];

	for (unsigned int level = 0; level < MAX_WAITS; level++) {
		struct wait wait = wait_sample(&cpu->waits, level);

		if (level == told || wait.kind == WAIT_NONE)
			continue;
		waitfor_describe(what, sizeof(what), &wait);
		printk("  %s %s, interrupts %s, at %pB", level < told ? "before that" : "inside it",
		       what, on_off(wait.irqs_off), (void *)wait.pc);
	}
}

static void print_cpu_stack(const struct look *look, unsigned int cpu)
{
	if (cpu != cpu_id()) {
		nmi_print_stack(cpu);
	} else if (look->nmi) {
		nmi_print_answer(cpu);
	} else {
		printk("CPU %u stack, interrupts on:", cpu);
		backtrace_print_current();
	}
}

static void print_sleeping_locks(const struct look *look, const struct thread *thread)
{
	struct held_lock held;

	for (unsigned int nr = 0; nr < MAX_HELD_SLEEPING; nr++) {
		if (!holders_sample(thread, nr, &held) ||
		    !holders_has(thread, (enum hook_kind)held.kind, held.object, &held))
			continue;
		if (held.kind == HOOK_SRCU)
			printk("  reads srcu %s, index %u, for %lu ms, at %pB",
			       ((const struct srcu *)held.object)->name, held.index,
			       ms_since(look, held.since_ns), (void *)held.pc);
		else
			printk("  holds %s %p, to %s, for %lu ms, at %pB",
			       ((const struct rwsem *)held.object)->name, held.object,
			       held.kind == HOOK_WRITE ? "write" : "read",
			       ms_since(look, held.since_ns), (void *)held.pc);
	}
}

static void print_thread_stack(const struct look *look, const struct thread *thread)
{
	unsigned long pc, fp;

	if (READ_ONCE(thread->on_cpu)) {
		print_cpu_stack(look, READ_ONCE(thread->cpu));
		return;
	}
	printk("thread %s[%d] stack:", thread->name, thread->tid);
	arch_stack_saved(thread, &pc, &fp);
	backtrace_print_line(pc, true);
	backtrace_print(0, fp);
}

/* Where @thread is and what it holds. */
static void print_thread(const struct look *look, const struct thread *thread)
{
	bool sleeps = READ_ONCE(thread->state) == THREAD_SLEEPING;

	printk("thread %s[%d], CPU %u, %s", thread->name, thread->tid, READ_ONCE(thread->cpu),
	       READ_ONCE(thread->on_cpu) ? "runs"
	       : sleeps			 ? "sleeps"
					 : "is ready to run");
	print_sleeping_locks(look, thread);
	print_thread_stack(look, thread);
}

/* --- deadlocks --- */

static enum watchdog_kind cycle_kind(const struct waitfor_cycle *cycle)
{
	for (unsigned int i = 0; i < cycle->nr; i++)
		if (cycle->edge[i].from.thread)
			return WATCHDOG_SLEEPING;
	for (unsigned int i = 0; i < cycle->nr; i++)
		if (cycle->edge[i].wait.kind == WAIT_TLB_ACK)
			return WATCHDOG_IPI_LOCK;
	return cycle->nr == 1 ? WATCHDOG_SELF : WATCHDOG_ABBA;
}

static const char *const kind_text[] = {
	[WATCHDOG_IPI_LOCK] = "a shootdown waits for a CPU that waits, interrupts off, for a lock",
	[WATCHDOG_ABBA] = "AB-BA, locks taken in opposite orders",
	[WATCHDOG_SELF] = "self-deadlock, a lock taken twice",
	[WATCHDOG_SLEEPING] = "threads that sleep wait for each other",
};

static void print_waiter(const struct look *look, const struct waitfor_edge *edge)
{
	char name[48], next[48], what[80];

	waitfor_name(name, sizeof(name), &edge->from);
	waitfor_name(next, sizeof(next), &edge->to);
	waitfor_describe(what, sizeof(what), &edge->wait);
	if (edge->from.thread) {
		printk("%s %s, held up by %s", name, what, next);
		print_sleeping_locks(look, edge->from.thread);
		print_thread_stack(look, edge->from.thread);
		return;
	}
	printk("%s %s, interrupts %s, held up by CPU %u", name, what, on_off(edge->wait.irqs_off),
	       edge->to.cpu);
	printk("  at %pB", (void *)edge->wait.pc);
	print_other_waits(cpus[edge->from.cpu], edge->level);
	print_spinlocks(look, cpus[edge->from.cpu]);
	print_cpu_stack(look, edge->from.cpu);
}

static void describe_held(const struct look *look, char *buf, size_t size, const struct cpu *cpu,
			  unsigned int i)
{
	buf[0] = '\0';
	if (i < nr_spinlocks(look, cpu))
		snprintf(buf, size, "holds %s %p", cpu->held[i]->name, (const void *)cpu->held[i]);
}

/* Two CPUs side by side, each with what it holds and what it waits for. */
static void print_diagram(const struct look *look, const struct waitfor_cycle *cycle)
{
	const struct waitfor_edge *first = &cycle->edge[0], *second = &cycle->edge[1];
	const struct cpu *a = cpus[first->from.cpu], *b = cpus[second->from.cpu];
	char left[80], right[80];

	snprintf(left, sizeof(left), "CPU %u", a->id);
	snprintf(right, sizeof(right), "CPU %u", b->id);
	printk("%-36s | %s", left, right);
	printk("-------------------------------------+-------------------------------------");
	for (unsigned int i = 0; i < max(nr_spinlocks(look, a), nr_spinlocks(look, b)); i++) {
		describe_held(look, left, sizeof(left), a, i);
		describe_held(look, right, sizeof(right), b, i);
		printk("%-36s | %s", left, right);
	}
	printk("%-36s | %s", first->wait.irqs_off ? "interrupts off" : "interrupts on",
	       second->wait.irqs_off ? "interrupts off" : "interrupts on");
	waitfor_describe(left, sizeof(left), &first->wait);
	waitfor_describe(right, sizeof(right), &second->wait);
	printk("%-36s | %s", left, right);
}

static void count_missing(const struct wait *wait)
{
	unsigned int missing = 0, stuck = 0, cpu, level;

	for_each_online_cpu(cpu)
		if (tlb_request_missing(wait->object, cpu)) {
			missing++;
			stuck += waitfor_cannot_acknowledge(cpu, &level);
		}
	printk("acknowledgements missing: %u, of CPUs that cannot give them: %u", missing, stuck);
}

static bool break_wait(struct wait_stack *stack, const void *object)
{
	for (unsigned int level = 0; level < MAX_WAITS; level++) {
		struct wait wait = wait_sample(stack, level);

		if (wait.kind == WAIT_NONE || wait.object != object || !wait.breakable)
			continue;
		WRITE_ONCE(stack->wait[level].broken, true);
		return true;
	}
	return false;
}

/* Breaks every breakable wait for @object: one report serves all who wait alike. */
static unsigned int break_waits(const struct look *look, const void *object)
{
	struct thread *thread;
	unsigned int broken = 0, cpu;

	for_each_online_cpu(cpu)
		if (break_wait(&cpus[cpu]->waits, object)) {
			arch_ipi_send(cpu, IPI_WAKE); /* it may sleep while it waits */
			broken++;
		}
	if (!look->threads || look->nmi)
		return broken;
	for_each_thread(thread)
		if (break_wait(&thread->lab.waits, object)) {
			thread_wake(thread);
			broken++;
		}
	return broken;
}

static unsigned int node_cpu(const struct waitfor_node *node)
{
	return node->thread ? READ_ONCE(node->thread->cpu) : node->cpu;
}

void watchdog_report_cycle(const struct look *look, const struct waitfor_cycle *cycle)
{
	enum watchdog_kind kind = cycle_kind(cycle);
	bool cpus_only = kind != WATCHDOG_SLEEPING;
	bool announced = report_begin();
	unsigned int broken = 0;

	printk("watchdog: DEADLOCK of %u %s%s: %s", cycle->nr, cpus_only ? "CPU" : "thread",
	       cycle->nr == 1 ? "" : "s", kind_text[kind]);
	for (unsigned int i = 0; i < cycle->nr; i++)
		print_waiter(look, &cycle->edge[i]);
	for (unsigned int i = 0; i < cycle->nr; i++)
		if (cycle->edge[i].wait.kind == WAIT_TLB_ACK)
			count_missing(&cycle->edge[i].wait);
	if (cpus_only && cycle->nr > 1)
		print_diagram(look, cycle);
	print_graph(look, "deadlock", cycle);
	for (unsigned int i = 0; i < cycle->nr; i++)
		report_trace(kind, cycle->nr, node_cpu(&cycle->edge[i].from));
	report_end(kind);
	for (unsigned int i = 0; i < cycle->nr; i++)
		if (cycle->edge[i].wait.kind != WAIT_TLB_ACK)
			broken += break_waits(look, cycle->edge[i].wait.object);
	if (!broken)
		panic_with(EXIT_WATCHDOG, "watchdog: no wait of this deadlock can be broken");
	trace(ANY, BROKEN, broken, 0, 0);
	printk_set_expected(announced);
	printk("watchdog: broke %u wait%s, the run goes on", broken, broken == 1 ? "" : "s");
	printk_set_expected(false);
}

/* --- what does not move --- */

void watchdog_report_hung_cpu(const struct look *look, unsigned int cpu, u64 since_ns)
{
	const struct thread *thread = READ_ONCE(cpus[cpu]->arch.thread);

	report_begin();
	printk("watchdog: HUNG CPU %u (%s[%d]): %s for %lu ms", cpu, thread->name, thread->tid,
	       cpu == cpu_id() ? "nothing but ticks" : "interrupts off and no tick",
	       ms_since(look, since_ns));
	print_spinlocks(look, cpus[cpu]);
	print_sleeping_locks(look, thread);
	print_cpu_stack(look, cpu);
	print_graph(look, "hung CPU", NULL);
	__atomic_fetch_add(&cpu_counts[cpu], 1, __ATOMIC_RELEASE);
	report_trace(WATCHDOG_HUNG_CPU, 1, cpu);
	report_end(WATCHDOG_HUNG_CPU);
}

void watchdog_report_missing_ack(const struct look *look, unsigned int cpu, const struct wait *wait)
{
	unsigned int other;

	report_begin();
	printk("watchdog: MISSING ACKNOWLEDGEMENTS of a shootdown of CPU %u, for %lu ms, at %pB",
	       cpu, ms_since(look, wait->since_ns), (void *)wait->pc);
	print_spinlocks(look, cpus[cpu]);
	for_each_online_cpu(other)
	{
		if (!tlb_request_missing(wait->object, other))
			continue;
		printk("CPU %u has not acknowledged", other);
		print_other_waits(cpus[other], MAX_WAITS);
		print_cpu_stack(look, other);
	}
	print_graph(look, "missing acknowledgements", NULL);
	report_trace(WATCHDOG_MISSING_ACK, 1, cpu);
	report_end(WATCHDOG_MISSING_ACK);
}

struct blockers {
	const struct look *look;
	const struct thread *seen;
};

static bool print_blocker(const struct waitfor_edge *edge, void *arg)
{
	struct blockers *blockers = arg;

	if (edge->to.thread && edge->to.thread != blockers->seen)
		print_thread(blockers->look, edge->to.thread);
	blockers->seen = edge->to.thread;
	return false;
}

static const char *const thread_text[NR_WATCHDOG_KINDS] = {
	[WATCHDOG_SRCU_STALL] = "SRCU STALL: readers do not leave",
	[WATCHDOG_LOCK_HELD] = "LOCK HELD for longer than the limit",
	[WATCHDOG_STARVED] = "STARVED: who came later gets the lock first",
	[WATCHDOG_HUNG_THREAD] = "HUNG THREAD: sleeps, and nobody is known to wake it",
};

void watchdog_report_thread(const struct look *look, enum watchdog_kind kind,
			    const struct thread *thread, const struct wait *wait)
{
	struct blockers blockers = { .look = look };
	char what[80];

	report_begin();
	waitfor_describe(what, sizeof(what), wait);
	printk("watchdog: %s", thread_text[kind]);
	printk("thread %s[%d] %s, for %lu ms", thread->name, thread->tid, what,
	       ms_since(look, wait->since_ns));
	print_sleeping_locks(look, thread);
	print_thread_stack(look, thread);
	waitfor_edges(&(struct waitfor_node){ .thread = thread }, print_blocker, &blockers);
	print_graph(look, thread_text[kind], NULL);
	report_trace(kind, 1, READ_ONCE(thread->cpu));
	report_end(kind);
}

void watchdog_report_all_stuck(const struct look *look, u64 since_ns)
{
	unsigned int cpu;
	bool announced = report_begin();

	if (!announced)
		console_break_locks();
	printk("watchdog: ALL CPUS STUCK with interrupts off, for %lu ms; no cycle of waits",
	       ms_since(look, since_ns));
	for_each_online_cpu(cpu)
	{
		printk("CPU %u (%s[%d])", cpu, cpus[cpu]->arch.thread->name,
		       cpus[cpu]->arch.thread->tid);
		print_spinlocks(look, cpus[cpu]);
		print_other_waits(cpus[cpu], MAX_WAITS);
		nmi_print_answer(cpu);
	}
	print_graph(look, "all CPUs stuck", NULL);
	report_trace(WATCHDOG_ALL_STUCK, nr_cpus, cpu_id());
	report_end(WATCHDOG_ALL_STUCK);
	if (!announced)
		panic_with(EXIT_WATCHDOG, "watchdog: nobody is left to go on");
}

/* No bad sign: the words of those are not in it. */
void watchdog_report_inconclusive(const struct look *look, unsigned int cpu, u64 since_ns)
{
	printk("inconclusive: CPU %u has not moved for %lu ms, but answers no NMI either: the host "
	       "gives it no time", cpu, ms_since(look, since_ns));
	WRITE_ONCE(inconclusive, inconclusive + 1);
}

/* --- on request --- */

void watchdog_print_holders(const struct rwsem *sem)
{
	struct look look = { .now = time_ns() };
	const struct thread *thread;
	struct held_lock held;

	if (!threads_try_lock())
		return;
	printk("holders of %s %p, and who queues:", sem->name, (const void *)sem);
	for_each_thread(thread) {
		struct wait wait = wait_sample(&thread->lab.waits, 0);

		if (holders_has(thread, HOOK_READ, sem, &held) ||
		    holders_has(thread, HOOK_WRITE, sem, &held))
			print_thread(&look, thread);
		if (wait.object == sem)
			printk("thread %s[%d] waits to %s, for %lu ms", thread->name, thread->tid,
			       wait.kind == WAIT_READ ? "read" : "write",
			       ms_since(&look, wait.since_ns));
	}
	threads_unlock();
}

void watchdog_hang_report(void)
{
	unsigned long flags;

	threads_print();
	flags = irq_save();
	if (threads_try_lock()) {
		waitfor_print("on request", NULL);
		threads_unlock();
	}
	irq_restore(flags);
}
#endif
