/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduler: who runs where, and the switch from one thread to another.
 *
 * Owns cpu->rq, rq_len and cpus_idle. Lock order: thread->lock, then rq_lock, both with interrupts
 * off; never two of a kind.
 *
 * A thread that gives its CPU up is on no queue until the switch away from it is complete:
 * thread_switch_finish, on the next thread's stack, queues it again if it is runnable by then. So
 * nobody can pick a thread whose stack is still in use, and a wake-up that comes between marking
 * itself sleeping and the end of the switch just makes it runnable.
 *
 * Why no CPU sleeps while a thread waits for it. A thread is queued under rq_lock; then the waker
 * looks whether that CPU idles. The idle loop is 'current' before it looks at its queue under
 * the same lock, so either it finds the thread or the waker finds it idle and sends IPI_RESCHED
 * (which its idle instruction cannot miss, interrupts being off until then). A waker that finds
 * the CPU busy looks for another one in cpus_idle, and claims it by clearing its bit; a CPU sets
 * its bit before it looks at the queues of others. Both have a full barrier in between, so one of
 * them sees the other.
 */
#include "kernel/errno.h"
#include "kernel/printk.h"
#include "kernel/thread.h"
#include "lab/perturb.h"
#include "lab/quarantine.h"
#include "lab/trace.h"
#include "mm/mm.h"
#include "arch/fpu.h"
#include "arch/ipi.h"

struct cpumask cpus_idle;

static bool cpu_idles(const struct cpu *cpu)
{
	return READ_ONCE(cpu->arch.thread) == cpu->idle;
}

static void sched_send(unsigned int cpu)
{
	if (cpu == cpu_id())
		return;
	stat_inc(WAKE_IPIS);
	arch_ipi_send(cpu, IPI_RESCHED);
}

/* --- queues --- */

/* rq_lock of @cpu held. */
static void rq_remove(struct cpu *cpu, struct thread *thread)
{
	list_del(&thread->rq_node);
	WRITE_ONCE(cpu->rq_len, cpu->rq_len - 1);
}

static struct thread *rq_take_first(struct cpu *cpu)
{
	struct thread *thread = NULL;

	spin_lock(&cpu->rq_lock);
	if (!list_empty(&cpu->rq)) {
		thread = list_first_entry(&cpu->rq, struct thread, rq_node);
		rq_remove(cpu, thread);
	}
	spin_unlock(&cpu->rq_lock);
	return thread;
}

/* The first thread queued on @victim that may run on @cpu; it is @cpu's then. */
static struct thread *rq_steal(struct cpu *cpu, struct cpu *victim)
{
	struct thread *thread, *found = NULL;

	spin_lock(&victim->rq_lock);
	list_for_each_entry(thread, &victim->rq, rq_node) {
		if (!cpumask_test(&thread->affinity, cpu->id))
			continue;
		rq_remove(victim, thread);
		WRITE_ONCE(thread->cpu, cpu->id);
		stat_inc(MIGRATIONS);
		found = thread;
		break;
	}
	spin_unlock(&victim->rq_lock);
	return found;
}

/* Threads that wait on @cpu; none if it idles, since it has been woken for them. */
static unsigned int rq_waiting(const struct cpu *cpu)
{
	return cpu_idles(cpu) ? 0 : READ_ONCE(cpu->rq_len);
}

/* From the longest queue, or if nothing there may run here, from any. */
static struct thread *sched_steal(struct cpu *cpu)
{
	struct thread *thread = NULL;
	struct cpu *longest = NULL;
	unsigned int id;

	for_each_online_cpu(id)
		if (rq_waiting(cpus[id]) > (longest ? rq_waiting(longest) : 0))
			longest = cpus[id];
	if (!longest)
		return NULL;
	thread = rq_steal(cpu, longest);
	for_each_online_cpu(id) {
		if (thread)
			break;
		if (rq_waiting(cpus[id]))
			thread = rq_steal(cpu, cpus[id]);
	}
	return thread;
}

/* --- placement --- */

static bool sched_allowed(const struct thread *thread, unsigned int cpu)
{
	return cpumask_test(&thread->affinity, cpu) && cpumask_test(&cpus_online, cpu);
}

/* The CPU with the fewest threads among those allowed, from the one after @thread's own on. */
static unsigned int sched_least_loaded(const struct thread *thread)
{
	unsigned int best = nr_cpus, best_load = ~0U;

	for (unsigned int i = 1; i <= nr_cpus; i++) {
		unsigned int id = (thread->cpu + i) % nr_cpus;
		unsigned int load;

		if (!sched_allowed(thread, id))
			continue;
		load = READ_ONCE(cpus[id]->rq_len) + !cpu_idles(cpus[id]);
		if (load < best_load) {
			best = id;
			best_load = load;
		}
	}
	BUG_ON_MSG(best == nr_cpus, "thread %d (%s) may run nowhere", thread->tid, thread->name);
	return best;
}

/* Has an idle CPU that @thread may run on look at the queues. */
static void sched_kick_idle(const struct thread *thread)
{
	unsigned int id;

	for_each_cpu(id, &cpus_idle) {
		if (cpumask_test(&thread->affinity, id) && cpumask_test_and_clear(&cpus_idle, id)) {
			sched_send(id);
			return;
		}
	}
}

/* Queues @thread on @id and sees to it that somebody notices. Its lock held, interrupts off. */
static void sched_enqueue(struct thread *thread, unsigned int id)
{
	struct cpu *cpu = cpus[id];

	if (thread->cpu != id)
		stat_inc(MIGRATIONS);
	spin_lock(&cpu->rq_lock);
	WRITE_ONCE(thread->cpu, id);
	list_add_tail(&thread->rq_node, &cpu->rq);
	WRITE_ONCE(cpu->rq_len, cpu->rq_len + 1);
	spin_unlock(&cpu->rq_lock);
	smp_mb(); /* queue before looking at who idles */
	if (cpu_idles(cpu))
		sched_send(id);
	else
		sched_kick_idle(thread);
}

static unsigned int sched_home(const struct thread *thread)
{
	return sched_allowed(thread, thread->cpu) ? thread->cpu : sched_least_loaded(thread);
}

/* --- the switch --- */

void thread_switch_finish(struct thread *prev)
{
	bool dead = false;

	if (prev != this_cpu()->idle) {
		spin_lock(&prev->lock);
		WRITE_ONCE(prev->on_cpu, false);
		dead = prev->state == THREAD_DEAD;
		if (prev->state == THREAD_RUNNABLE)
			sched_enqueue(prev, sched_home(prev));
		else
			prev->on_rq = false;
		spin_unlock(&prev->lock);
	}
	irq_enable();
	if (dead)
		thread_put(prev);
}

/* From @prev, which is current, to @next. Interrupts off on entry, on when @prev runs again. */
static void sched_switch(struct cpu *cpu, struct thread *prev, struct thread *next)
{
	perturb(PERTURB_SWITCH);
	stat_inc(CONTEXT_SWITCHES);
	WRITE_ONCE(next->on_cpu, true);
	if (cpu->loaded_mm != next->mm)
		mm_switch(next->mm);
	WRITE_ONCE(cpu->arch.thread, next);
	trace_switch();
	arch_fpu_save(prev);
	arch_fpu_restore(next);
	arch_switch_prepare(prev, next);
	if (prev == cpu->idle)
		timer_tick_begin();
	thread_switch_finish(arch_switch(prev, next));
}

/* Whom @cpu runs next: @prev if it can go on and nobody else waits here. Interrupts off. */
static struct thread *sched_pick(struct cpu *cpu, struct thread *prev)
{
	bool goes_on = prev == cpu->idle || (READ_ONCE(prev->state) == THREAD_RUNNABLE &&
					     sched_allowed(prev, cpu->id));
	struct thread *next = rq_take_first(cpu);

	if (!next && !goes_on)
		next = sched_steal(cpu);
	if (next)
		return next;
	return goes_on ? prev : cpu->idle;
}

static void sched_assert_may_sleep(const struct cpu *cpu)
{
	BUG_ON_MSG(cpu->irq_depth, "sleeping in an interrupt, depth %u", cpu->irq_depth);
#if LAB
	BUG_ON_MSG(cpu->nr_held, "sleeping with %u spinlocks held, the first %s", cpu->nr_held,
		   cpu->held[0]->name);
#endif
}

void schedule(void)
{
	struct thread *prev = current, *next;
	struct cpu *cpu;

	BUG_ON(!irq_enabled());
	irq_disable();
	cpu = this_cpu();
#if LAB
	cpu->schedules++;
#endif
	sched_assert_may_sleep(cpu);
	if (READ_ONCE(prev->work) & TW_RESCHED)
		__atomic_fetch_and(&prev->work, ~(u32)TW_RESCHED, __ATOMIC_RELAXED);
	next = sched_pick(cpu, prev);
	if (next == prev)
		irq_enable();
	else
		sched_switch(cpu, prev, next);
}

void thread_yield(void)
{
	schedule();
}

void idle_loop(void)
{
	struct cpu *cpu = this_cpu();

	for (;;) {
		struct thread *next;

		irq_disable();
		cpumask_set(&cpus_idle, cpu->id);
		next = rq_take_first(cpu);
		if (!next)
			next = sched_steal(cpu);
		if (!next) {
			cpu_idle_wait();
			continue;
		}
		cpumask_clear(&cpus_idle, cpu->id);
		quarantine_catch_up();
		sched_switch(cpu, cpu->idle, next);
	}
}

void sched_tick(void)
{
	struct thread *thread = current;

	thread->utime_ns += TICK_NS;
	if (READ_ONCE(this_cpu()->rq_len))
		thread_set_work(thread, TW_RESCHED);
}

void thread_set_work(struct thread *thread, u32 work)
{
	(void)fetch_or(&thread->work, work);
	if (thread != current && READ_ONCE(thread->on_cpu))
		arch_ipi_send(READ_ONCE(thread->cpu), IPI_RESCHED);
}

/* --- starting, waking, moving --- */

void thread_start(struct thread *thread)
{
	unsigned long flags = spin_lock_irqsave(&thread->lock);

	BUG_ON_MSG(thread->on_rq, "thread %d (%s) was started before", thread->tid, thread->name);
	thread->on_rq = true;
	sched_enqueue(thread, sched_least_loaded(thread));
	spin_unlock_irqrestore(&thread->lock, flags);
}

bool thread_wake(struct thread *thread)
{
	unsigned long flags = spin_lock_irqsave(&thread->lock);
	bool woken = thread->state == THREAD_SLEEPING;

	if (woken) {
		WRITE_ONCE(thread->state, THREAD_RUNNABLE);
		if (!thread->on_rq) {
			thread->on_rq = true;
			sched_enqueue(thread, sched_home(thread));
		}
	}
	spin_unlock_irqrestore(&thread->lock, flags);
	return woken;
}

/*
 * Stores the mask under the lock of the queue the thread is on or ran on, so that who takes from
 * that queue sees the old mask or does not find the thread. True if it was taken off the queue.
 */
static bool sched_store_affinity(struct thread *thread, const struct cpumask *mask)
{
	for (;;) {
		struct cpu *cpu = cpus[READ_ONCE(thread->cpu)];
		bool same, dequeue = false;

		spin_lock(&cpu->rq_lock);
		same = thread->cpu == cpu->id;
		if (same) {
			thread->affinity = *mask;
			dequeue = !list_empty(&thread->rq_node) && !sched_allowed(thread, cpu->id);
			if (dequeue)
				rq_remove(cpu, thread);
		}
		spin_unlock(&cpu->rq_lock);
		if (same)
			return dequeue;
	}
}

static bool mask_has_online(const struct cpumask *mask)
{
	unsigned int id;

	for_each_online_cpu(id)
		if (cpumask_test(mask, id))
			return true;
	return false;
}

int thread_set_affinity(struct thread *thread, const struct cpumask *mask)
{
	unsigned long flags;

	if (!mask_has_online(mask))
		return -EINVAL;
	flags = spin_lock_irqsave(&thread->lock);
	if (sched_store_affinity(thread, mask))
		sched_enqueue(thread, sched_least_loaded(thread));
	else if (thread != current && !sched_allowed(thread, thread->cpu))
		thread_set_work(thread, TW_RESCHED);
	spin_unlock_irqrestore(&thread->lock, flags);
	if (thread == current && !sched_allowed(thread, cpu_id()))
		schedule();
	return 0;
}

/* --- beginning --- */

void sched_init_cpu(struct cpu *cpu)
{
	spin_init(&cpu->rq_lock, "rq_lock");
	list_init(&cpu->rq);
	spin_init(&cpu->timer_lock, "timer_lock");
	list_init(&cpu->timers);
	cpu->timer_armed_ns = U64_MAX;
}
