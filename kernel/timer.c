/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Timers and the tick.
 *
 * Owns cpu->timers, timer_running, next_tick_ns and timer_armed_ns. A CPU's timer_lock guards its
 * list and 'pending' of the timers on it; it is taken with interrupts off, and nothing is taken
 * under it. Timer functions run without it.
 *
 * The tick exists to share a CPU between threads and to let the watchdog look, so a CPU that is
 * idle has none. One that stops being idle arms it only if no earlier interrupt is on its way, and
 * one that becomes idle leaves it armed, to come once more: switching to and from idle is cheap.
 */
#include "kernel/time.h"
#include "kernel/printk.h"
#include "kernel/thread.h"
#include "lab/watchdog.h"
#include "arch/time.h"

#define TIMER_MIN_NS NSEC_PER_USEC
#define TIMER_MAX_NS (4 * NSEC_PER_SEC)

u64 wait_limit_ns = 60 * NSEC_PER_SEC;

u64 time_ns(void)
{
	return arch_clock_ns();
}

void timer_init(struct timer *timer, void (*func)(struct timer *timer))
{
	list_init(&timer->node);
	timer->func = func;
	timer->deadline_ns = 0;
	timer->cpu = 0;
	timer->pending = false;
}

/* Sets the arch's timer for @when, or off for U64_MAX. Interrupts off. */
static void timer_arm(struct cpu *cpu, u64 when)
{
	u64 now;

	if (cpu->timer_armed_ns == when)
		return;
	cpu->timer_armed_ns = when;
	if (when == U64_MAX) {
		arch_timer_off();
		return;
	}
	now = time_ns();
	arch_timer_arm(when > now ? min(max(when - now, TIMER_MIN_NS), TIMER_MAX_NS)
				  : TIMER_MIN_NS);
}

static u64 timer_first_ns(struct cpu *cpu)
{
	u64 first = U64_MAX;

	spin_lock(&cpu->timer_lock);
	if (!list_empty(&cpu->timers))
		first = list_first_entry(&cpu->timers, struct timer, node)->deadline_ns;
	spin_unlock(&cpu->timer_lock);
	return first;
}

void timer_program_next(void)
{
	struct cpu *cpu = this_cpu();
	u64 next = timer_first_ns(cpu);

	if (current != cpu->idle)
		next = min(next, cpu->next_tick_ns);
	timer_arm(cpu, next);
}

void timer_tick_begin(void)
{
	struct cpu *cpu = this_cpu();

	cpu->next_tick_ns = time_ns() + TICK_NS;
	if (cpu->timer_armed_ns > cpu->next_tick_ns)
		timer_arm(cpu, cpu->next_tick_ns);
}

/* Whether @timer was pending. Locks the CPU it is on, which is another one after a re-arming. */
static bool timer_remove(struct timer *timer)
{
	for (;;) {
		struct cpu *cpu = cpus[READ_ONCE(timer->cpu)];
		unsigned long flags = spin_lock_irqsave(&cpu->timer_lock);
		bool same = timer->cpu == cpu->id;
		bool pending = timer->pending;

		if (same && pending) {
			list_del(&timer->node);
			timer->pending = false;
		}
		spin_unlock_irqrestore(&cpu->timer_lock, flags);
		if (same)
			return pending;
	}
}

/* In front of the first timer that is due later. timer_lock held. */
static void timer_insert(struct cpu *cpu, struct timer *timer)
{
	struct timer *other;

	list_for_each_entry(other, &cpu->timers, node)
		if (other->deadline_ns > timer->deadline_ns)
			break;
	list_add_tail(&timer->node, &other->node);
}

void timer_set(struct timer *timer, u64 deadline_ns)
{
	unsigned long flags = irq_save();
	struct cpu *cpu = this_cpu();

	timer_remove(timer);
	spin_lock(&cpu->timer_lock);
	timer->cpu = cpu->id;
	timer->deadline_ns = deadline_ns;
	timer->pending = true;
	timer_insert(cpu, timer);
	spin_unlock(&cpu->timer_lock);
	if (deadline_ns < cpu->timer_armed_ns)
		timer_arm(cpu, deadline_ns);
	irq_restore(flags);
}

void timer_cancel(struct timer *timer)
{
	struct cpu *cpu = cpus[READ_ONCE(timer->cpu)];
	u64 deadline;

	timer_remove(timer);
	if (smp_load_acquire(&cpu->timer_running) != timer)
		return;
	deadline = time_ns() + wait_limit_ns;
	while (smp_load_acquire(&cpu->timer_running) == timer) {
		BUG_ON_MSG(time_ns() >= deadline, "CPU %u is still in %pS", cpu->id,
			   (void *)timer->func);
		cpu_relax();
	}
}

/* Runs what is due. A function may set its own timer again, or free it. */
static void timers_run(struct cpu *cpu)
{
	u64 now = time_ns();

	spin_lock(&cpu->timer_lock);
	while (!list_empty(&cpu->timers)) {
		struct timer *timer = list_first_entry(&cpu->timers, struct timer, node);

		if (timer->deadline_ns > now)
			break;
		list_del(&timer->node);
		timer->pending = false;
		cpu->timer_running = timer;
		spin_unlock(&cpu->timer_lock);
		timer->func(timer);
		smp_store_release(&cpu->timer_running, NULL);
		spin_lock(&cpu->timer_lock);
	}
	spin_unlock(&cpu->timer_lock);
}

void timer_interrupt(bool from_user)
{
	struct cpu *cpu = this_cpu();

	cpu->irq_depth++;
	stat_inc(TIMER_IRQS);
	cpu->timer_armed_ns = U64_MAX;
	timers_run(cpu);
	if (current != cpu->idle && time_ns() >= cpu->next_tick_ns) {
		cpu->next_tick_ns = time_ns() + TICK_NS;
		sched_tick();
		watchdog_tick(from_user);
	}
	timer_program_next();
	cpu->irq_depth--;
}
