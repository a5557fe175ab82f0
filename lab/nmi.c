/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stacks of other CPUs, by NMI.
 *
 * One asker at a time (nmi_lock). The asked CPU writes its trace and sets done with release; it
 * touches nothing else, since it may have been interrupted anywhere. An NMI that nobody asked for
 * comes from the runner as a last resort: then every CPU prints itself.
 */
#include "arch/nmi.h"
#include "arch/stack.h"
#include "arch/trap.h"
#include "kernel/cpu.h"
#include "kernel/printk.h"
#include "kernel/symbols.h"
#include "kernel/thread.h"
#include "lab/trace.h"
#include "lab/watchdog.h"

#define NMI_TRACE_MAX 24

static struct nmi_trace {
	bool asked, done;
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

void nmi_handle(struct trap_frame *regs)
{
	struct nmi_trace *trace = &nmi_traces[cpu_id()];

	if (READ_ONCE(trace->asked)) {
		nmi_record(trace, regs);
		WRITE_ONCE(trace->asked, false);
		smp_store_release(&trace->done, true);
		return;
	}
	printk("CPU %u: NMI from outside, thread %s, interrupts %s", cpu_id(), current->name,
	       trap_frame_irqs_on(regs) ? "on" : "off");
	backtrace_print(trap_frame_pc(regs), trap_frame_fp(regs));
	trace_dump("an NMI from outside");
}

static void nmi_print_trace(unsigned int cpu, const struct nmi_trace *trace)
{
	printk("CPU %u stack, interrupts %s:", cpu, trace->irqs_on ? "on" : "off");
	if (trace->user)
		printk("  %016lx in user mode", trace->pc[0]);
	for (unsigned int i = 0; i < trace->nr && !trace->user; i++)
		backtrace_print_line(trace->pc[i], trace->returns[i]);
}

void nmi_print_stack(unsigned int cpu)
{
	struct nmi_trace *trace = &nmi_traces[cpu];
	u64 deadline = time_ns() + NSEC_PER_SEC;

	if (!spin_trylock(&nmi_lock))
		return;
	trace->done = false;
	smp_store_release(&trace->asked, true);
	arch_nmi_send(cpu);
	while (!smp_load_acquire(&trace->done) && time_ns() < deadline)
		cpu_relax();
	if (trace->done)
		nmi_print_trace(cpu, trace);
	else
		printk("CPU %u did not answer an NMI within a second", cpu);
	spin_unlock(&nmi_lock);
}
