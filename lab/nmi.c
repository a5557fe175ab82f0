/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where other CPUs are, by NMI.
 *
 * One asker at a time (nmi_lock). The asked CPU writes its trace and sets done with release; it
 * touches nothing else, since it may have been interrupted anywhere.
 *
 * An NMI that nobody asked for comes from the watchdog's timer, or from outside, from the runner,
 * to all CPUs at once. Then each records where it is, and the first to come waits for the others
 * and prints them all; one that comes later prints itself.
 */
#include "arch/nmi.h"
#include "arch/stack.h"
#include "arch/trap.h"
#include "kernel/cpu.h"
#include "kernel/cmdline.h"
#include "kernel/printk.h"
#include "kernel/symbols.h"
#include "kernel/thread.h"
#include "lab/bug.h"
#include "lab/trace.h"
#include "lab/waitfor.h"
#include "lab/watchdog.h"

#define NMI_TRACE_MAX 24
#define LATE_LIMIT_NS (5 * NSEC_PER_SEC)
/* For how long an interrupt is tried first, where an NMI is dangerous, and as long again in turns
 * after each of which the host has let it run. In replay mode nobody is starved, and time is dear.
 */
#define GENTLE_NS ((cmdline.mode == MODE_REPLAY ? 2 : 200) * NSEC_PER_MSEC)
#define GENTLE_TURNS 4

static struct nmi_trace {
	bool asked, done;
	bool late; /* an NMI was sent and is still to come, though it may not be needed any more */
	u64 asked_ns;
	bool irqs_on, user;
	unsigned int nr;
	unsigned long pc[NMI_TRACE_MAX];
	bool returns[NMI_TRACE_MAX]; /* the pc is a return address */
} nmi_traces[NR_CPUS];

static DEFINE_SPINLOCK(nmi_lock);

static void nmi_record(struct nmi_trace *trace, struct trap_frame *regs)
{
	unsigned long pc = trap_frame_pc(regs), fp = trap_frame_fp(regs);
	enum stack_step step = STACK_TRAP;

	trace->irqs_on = trap_frame_irqs_on(regs);
	trace->user = trap_frame_is_user(regs);
	trace->nr = 0;
	do {
		trace->returns[trace->nr] = step == STACK_CALL;
		trace->pc[trace->nr++] = pc;
	} while (!trace->user && trace->nr < NMI_TRACE_MAX && (step = arch_stack_next(&pc, &fp)));
}

void nmi_record_own(struct trap_frame *regs)
{
	nmi_record(&nmi_traces[cpu_id()], regs);
}

void nmi_print_answer(unsigned int cpu)
{
	const struct nmi_trace *trace = &nmi_traces[cpu];

	printk("CPU %u stack, interrupts %s:", cpu, trace->irqs_on ? "on" : "off");
	if (trace->user)
		printk("  %016lx in user mode", trace->pc[0]);
	for (unsigned int i = 0; i < trace->nr && !trace->user; i++)
		backtrace_print_line(trace->pc[i], trace->returns[i]);
}

/* --- from outside --- */

/* For who has not come: the runner ends a guest soon, unless nobody takes interrupts any more. */
#define OUTSIDE_LIMIT_NS (NSEC_PER_SEC / 4)
#define OUTSIDE_SILENT_LIMIT_NS (8 * NSEC_PER_SEC)

static u32 outside; /* 0: nothing, 1: CPUs come, 2: being printed */
static struct cpumask outside_here; /* who has come and is not printed yet */

static void outside_print(unsigned int cpu)
{
	const struct thread *thread = READ_ONCE(cpus[cpu]->arch.thread);

	printk("CPU %u: NMI from outside, thread %s[%d]", cpu, thread->name, thread->tid);
	nmi_print_answer(cpu);
}

/* Whether all CPUs came, with interrupts off. */
static bool outside_gather(void)
{
	u64 deadline = time_ns() + (watchdog_is_silent() ? OUTSIDE_SILENT_LIMIT_NS
							 : OUTSIDE_LIMIT_NS);
	unsigned int cpu, off = 0;

	while (cpumask_weight(&outside_here) < cpumask_weight(&cpus_online) &&
	       time_ns() < deadline)
		cpu_relax();
	for_each_cpu(cpu, &outside_here)
		off += !nmi_traces[cpu].irqs_on;
	return off == cpumask_weight(&cpus_online);
}

static void nmi_outside(struct trap_frame *regs)
{
	unsigned int cpu = cpu_id();
	u32 state;

	nmi_record_own(regs);
	state = cmpxchg(&outside, 0, 1);
	if (state == 2) {
		outside_print(cpu);
		return;
	}
	smp_mb(); /* the record before the bit */
	cpumask_set(&outside_here, cpu);
	if (state == 1)
		return;
	if (!outside_gather() || !watchdog_nmi_outside()) {
		WRITE_ONCE(outside, 2);
		for_each_cpu(cpu, &outside_here)
			outside_print(cpu);
		watchdog_hang_report();
		trace_dump("an NMI from outside");
	}
	cpumask_zero(&outside_here);
	smp_store_release(&outside, 0);
}

/* Whether this is the answer to a question of some time ago. */
static bool nmi_is_late(struct nmi_trace *trace)
{
	bool late = READ_ONCE(trace->late) && time_ns() - trace->asked_ns < LATE_LIMIT_NS;

	WRITE_ONCE(trace->late, false);
	return late;
}

void nmi_handle_interrupt(struct trap_frame *regs)
{
	struct nmi_trace *trace = &nmi_traces[cpu_id()];

	if (!xchg(&trace->asked, false) || bug(nmi_unanswered))
		return;
	nmi_record(trace, regs);
	smp_store_release(&trace->done, true);
}

void nmi_handle(struct trap_frame *regs)
{
	struct nmi_trace *trace = &nmi_traces[cpu_id()];

	if (READ_ONCE(trace->asked)) {
		WRITE_ONCE(trace->late, false);
		nmi_handle_interrupt(regs);
	} else if (!watchdog_nmi(regs) && !nmi_is_late(trace)) {
		nmi_outside(regs);
	}
}

/* --- asking --- */

/* A CPU that waits with interrupts off is not about to take one. */
static bool has_interrupts_off(unsigned int cpu)
{
#if LAB
	unsigned int level;

	return waitfor_cannot_acknowledge(cpu, &level);
#else
	(void)cpu;
	return false;
#endif
}

static bool nmi_await(const struct nmi_trace *trace, u64 ns)
{
	for (u64 deadline = time_ns() + ns; !smp_load_acquire(&trace->done);) {
		if (time_ns() >= deadline)
			return false;
		cpu_relax();
	}
	return true;
}

static enum nmi_answer nmi_answer(const struct nmi_trace *trace)
{
	if (!trace->done)
		return NMI_NO_ANSWER;
	if (trace->user)
		return NMI_USER;
	return trace->irqs_on ? NMI_IRQS_ON : NMI_IRQS_OFF;
}

/* Whether @cpu has answered an interrupt. */
static bool nmi_ask_gently(unsigned int cpu, const struct nmi_trace *trace)
{
	if (has_interrupts_off(cpu) || !arch_nmi_interrupt(cpu))
		return false;
	if (nmi_await(trace, GENTLE_NS))
		return true;
	/* It has interrupts off, or the host did not let it run: not so any more. */
	for (unsigned int turn = 0; turn < GENTLE_TURNS; turn++) {
		arch_nmi_await_turns();
		if (nmi_await(trace, GENTLE_NS / GENTLE_TURNS))
			return true;
	}
	return false;
}

enum nmi_answer nmi_ask(unsigned int cpu)
{
	struct nmi_trace *trace = &nmi_traces[cpu];
	enum nmi_answer answer;

	if (!spin_trylock(&nmi_lock))
		return NMI_NO_ANSWER;
	trace->done = false;
	trace->asked_ns = time_ns();
	smp_store_release(&trace->asked, true);
	if (!nmi_ask_gently(cpu, trace)) {
		WRITE_ONCE(trace->late, true);
		arch_nmi_send(cpu);
		nmi_await(trace, NSEC_PER_SEC);
	}
	WRITE_ONCE(trace->asked, false);
	answer = nmi_answer(trace);
	spin_unlock(&nmi_lock);
	return answer;
}

void nmi_print_stack(unsigned int cpu)
{
	if (nmi_ask(cpu) == NMI_NO_ANSWER)
		printk("CPU %u did not answer an NMI within a second", cpu);
	else
		nmi_print_answer(cpu);
}
