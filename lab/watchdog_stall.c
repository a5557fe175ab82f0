/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What does not move: CPUs, shootdowns, threads, grace periods, locks.
 *
 * Owns the per-CPU record of the looks; the threads' is in struct thread_lab. Part of a look, so
 * one at a time; only the soft part of a CPU's record is its own, written by its tick. No locks.
 *
 * Old is what has both the age and STALL_LOOKS looks behind it. Of a chain of waits only the end is
 * reported: who waits for somebody who waits is not at fault.
 */
#include "lab/watchdog_internal.h"

#if LAB
#include "kernel/cmdline.h"
#include "kernel/stat.h"
#include "kernel/thread.h"
#include "kernel/time.h"
#include "lab/bug.h"
#include "mm/tlb.h"

static struct cpu_record {
	/* Hard: it takes no interrupts. */
	u64 interrupts, since_ns;
	unsigned int seen, proofs;
	bool told;
	/* A wait for acknowledgements. */
	u64 ack_serial;
	unsigned int ack_seen, ack_proofs, ack_cpu;
	bool ack_told;
	/* Soft, the CPU's own: it only ticks. */
	u64 progress, progress_ns;
	unsigned int ticks;
	bool soft_told;
} records[NR_CPUS];

/* What threads waited for in the latest report of one. */
static const void *told_object;
static u64 told_ns;

static bool old_enough(const struct look *look, u64 since_ns, u64 limit_ns, unsigned int seen)
{
	return look->now > since_ns && look->now - since_ns >= limit_ns &&
	       (seen >= STALL_LOOKS || bug(hung_by_age));
}

/* --- CPUs --- */

static bool cpu_idles(const struct cpu *cpu)
{
	return READ_ONCE(cpu->arch.thread) == cpu->idle;
}

/*
 * A CPU that took no interrupt for the limit. An answer with interrupts on, or from user mode, is
 * one of a CPU that goes on now; no answer, one of a CPU that the host does not let run.
 */
static void judge_silent_cpu(const struct look *look, unsigned int cpu, struct cpu_record *record)
{
	enum nmi_answer answer = nmi_ask(cpu);

	if (answer == NMI_NO_ANSWER && bug(hung_by_age))
		answer = NMI_IRQS_OFF;
	switch (answer) {
	case NMI_IRQS_OFF:
		if (++record->proofs < STALL_PROOFS)
			return;
		record->told = true;
		watchdog_report_hung_cpu(look, cpu, record->since_ns);
		return;
	case NMI_NO_ANSWER:
		record->told = true;
		watchdog_report_inconclusive(look, cpu, record->since_ns);
		return;
	case NMI_IRQS_ON:
	case NMI_USER:
		record->since_ns = look->now;
		record->seen = record->proofs = 0;
		return;
	}
}

static void look_cpu(const struct look *look, unsigned int cpu)
{
	struct cpu_record *record = &records[cpu];
	u64 interrupts = stat_cpu(cpu, STAT_TIMER_IRQS) + READ_ONCE(cpus[cpu]->ipis);

	if (interrupts != record->interrupts || cpu_idles(cpus[cpu]) || waitfor_cpu_waits(cpu) ||
	    cpu == cpu_id()) {
		record->interrupts = interrupts;
		record->since_ns = look->now;
		record->seen = record->proofs = 0;
		record->told = false;
		return;
	}
	record->seen++;
	if (!record->told && old_enough(look, record->since_ns, watchdog_limit_ns, record->seen))
		judge_silent_cpu(look, cpu, record);
}

/* A KVM that emulates the kernel runs it a hundred times slower. */
static u64 soft_limit_ns(void)
{
	return cmdline.grade[0] == 'C' ? 8 * watchdog_limit_ns : watchdog_limit_ns;
}

bool watchdog_tick_stuck(bool from_user, u64 now, u64 *since_ns)
{
	struct cpu_record *record = &records[cpu_id()];
	u64 progress = stat_cpu(cpu_id(), STAT_CONTEXT_SWITCHES) +
		       stat_cpu(cpu_id(), STAT_SYSCALLS) + stat_cpu(cpu_id(), STAT_USER_FAULTS) +
		       this_cpu()->schedules;

	if (progress != record->progress || from_user || waitfor_cpu_waits(cpu_id())) {
		record->progress = progress;
		record->progress_ns = now;
		record->ticks = 0;
		record->soft_told = false;
		return false;
	}
	/* Every tick is a proof that it had time to go on. */
	record->ticks++;
	if (record->soft_told || now - record->progress_ns < soft_limit_ns() ||
	    record->ticks < watchdog_limit_ns / TICK_NS / 4)
		return false;
	*since_ns = record->progress_ns;
	return true;
}

void watchdog_tick_told(void)
{
	records[cpu_id()].soft_told = true;
}

/* --- shootdowns --- */

static unsigned int first_missing(const struct wait *wait)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		if (cpu != cpu_id() && tlb_request_missing(wait->object, cpu))
			return cpu;
	return nr_cpus;
}

/*
 * The same CPU answers several times and its acknowledgement is still missing: it had time, and
 * either has interrupts off, or has them on and has lost the interrupt.
 */
static void judge_ack(const struct look *look, unsigned int cpu, const struct wait *wait)
{
	struct cpu_record *record = &records[cpu];
	unsigned int missing = first_missing(wait);

	if (missing == nr_cpus)
		return;
	if (missing != record->ack_cpu)
		record->ack_proofs = 0;
	record->ack_cpu = missing;
	if (nmi_ask(missing) == NMI_NO_ANSWER) {
		record->ack_told = true;
		watchdog_report_inconclusive(look, missing, wait->since_ns);
	} else if (++record->ack_proofs > STALL_PROOFS &&
		   tlb_request_missing(wait->object, missing)) {
		record->ack_told = true;
		watchdog_report_missing_ack(look, cpu, wait);
	}
}

static void look_ack(const struct look *look, unsigned int cpu)
{
	struct cpu_record *record = &records[cpu];
	struct wait wait = { .kind = WAIT_NONE };

	for (unsigned int level = 0; level < MAX_WAITS && wait.kind != WAIT_TLB_ACK; level++)
		wait = wait_sample(&cpus[cpu]->waits, level);
	if (wait.kind != WAIT_TLB_ACK)
		return;
	if (wait.serial != record->ack_serial) {
		record->ack_serial = wait.serial;
		record->ack_seen = record->ack_proofs = 0;
		record->ack_told = false;
	}
	record->ack_seen++;
	if (!record->ack_told &&
	    old_enough(look, wait.since_ns, watchdog_limit_ns / 2, record->ack_seen))
		judge_ack(look, cpu, &wait);
}

/* --- threads --- */

/* Whether what keeps @node is looked at in its own right. */
static bool waits_itself(const struct waitfor_node *node)
{
	const struct thread *thread = node->thread;

	if (!thread)
		return waitfor_cpu_waits(node->cpu);
	if (READ_ONCE(thread->on_cpu))
		return waitfor_cpu_waits(READ_ONCE(thread->cpu));
	return waitfor_thread_waits(thread);
}

struct verdict {
	const struct look *look;
	bool any;     /* somebody is known to keep it waiting */
	bool at_end;  /* and one of them, for as long as the limit, waits for nobody itself */
	bool overtaken; /* by one of them, who came later */
	bool no_time; /* somebody to blame may have had no time */
	unsigned int cpu; /* where */
};

/* A thread that could run, on a CPU that does not answer, is not to blame. */
static void judge_holder(struct verdict *verdict, const struct thread *holder)
{
	unsigned int cpu = READ_ONCE(holder->cpu);

	verdict->at_end = true;
	if (READ_ONCE(holder->state) != THREAD_RUNNABLE || cpu == cpu_id() ||
	    nmi_ask(cpu) != NMI_NO_ANSWER)
		return;
	verdict->no_time = true;
	verdict->cpu = cpu;
}

static bool judge_edge(const struct waitfor_edge *edge, void *arg)
{
	struct verdict *verdict = arg;
	u64 since = edge->held_since_ns;

	verdict->any = true;
	verdict->overtaken |= (edge->wait.kind == WAIT_READ || edge->wait.kind == WAIT_WRITE) &&
			      since && edge->wanted_ns > edge->wait.since_ns;
	if ((edge->wait.kind == WAIT_SRCU_GP || !waits_itself(&edge->to)) && since &&
	    verdict->look->now > since && verdict->look->now - since >= watchdog_limit_ns)
		judge_holder(verdict, edge->to.thread);
	return false;
}

/* Sleeps without a limit and for nobody that is known: it will never do what it is waited for. */
static bool thread_is_passive(const struct thread *thread)
{
	return READ_ONCE(thread->state) != THREAD_RUNNABLE && !waitfor_thread_waits(thread) &&
	       !READ_ONCE(thread->user_sleep);
}

/*
 * Locks are fair, so whoever asks for one when a thread waits gets it later than this thread. Once
 * could be a look between the grants to both; a thread that still waits afterwards was overtaken.
 */
static bool is_starved(struct thread *thread, const struct wait *wait,
		       const struct verdict *verdict)
{
	struct wait now = wait_sample(&thread->lab.waits, 0);

	if (verdict->overtaken && bug(overtaking_unseen))
		return false;
	if (verdict->overtaken && now.kind == wait->kind && now.serial == wait->serial &&
	    READ_ONCE(thread->state) == THREAD_SLEEPING)
		thread->lab.overtaken++;
	return thread->lab.overtaken >= STALL_PROOFS;
}

static enum watchdog_kind judge_wait(const struct look *look, struct thread *thread,
				     const struct wait *wait)
{
	struct waitfor_node node = { .thread = thread };
	struct verdict verdict = { .look = look };

	if (wait->kind == WAIT_THREAD)
		return thread_is_passive(wait->object) ? WATCHDOG_HUNG_THREAD : WATCHDOG_NONE;
	waitfor_edges(&node, judge_edge, &verdict);
	if (!verdict.any)
		return WATCHDOG_HUNG_THREAD;
	if (verdict.no_time) {
		watchdog_report_inconclusive(look, verdict.cpu, wait->since_ns);
		return WATCHDOG_NONE;
	}
	if (is_starved(thread, wait, &verdict))
		return WATCHDOG_STARVED;
	if (!verdict.at_end)
		return WATCHDOG_NONE;
	return wait->kind == WAIT_SRCU_GP ? WATCHDOG_SRCU_STALL : WATCHDOG_LOCK_HELD;
}

static void look_thread(const struct look *look, struct thread *thread)
{
	struct wait wait = wait_sample(&thread->lab.waits, 0);
	struct thread_lab *lab = &thread->lab;
	enum watchdog_kind kind;

	if (wait.kind == WAIT_NONE || wait.kind == WAIT_FUTEX ||
	    READ_ONCE(thread->state) != THREAD_SLEEPING)
		return;
	if (wait.serial != lab->seen_serial) {
		lab->seen_serial = wait.serial;
		lab->seen = lab->proofs = lab->overtaken = 0;
		lab->reported = false;
	}
	lab->seen++;
	if (lab->reported || !old_enough(look, wait.since_ns, watchdog_limit_ns, lab->seen))
		return;
	if (wait.object == told_object && wait.since_ns < told_ns)
		return; /* one report for all who wait alike */
	kind = judge_wait(look, thread, &wait);
	lab->proofs = kind == WATCHDOG_NONE ? 0 : lab->proofs + 1;
	if (lab->proofs < STALL_PROOFS && kind != WATCHDOG_STARVED)
		return;
	lab->reported = true;
	told_object = wait.object;
	told_ns = look->now;
	watchdog_report_thread(look, kind, thread, &wait);
}

void watchdog_look_stalls(const struct look *look)
{
	struct thread *thread;
	unsigned int cpu;

	for_each_online_cpu(cpu)
	{
		look_cpu(look, cpu);
		look_ack(look, cpu);
	}
	if (!look->threads)
		return;
	for_each_thread(thread)
		look_thread(look, thread);
}
#endif
