/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Waiting for a spinlock, and waking who sleeps for one.
 *
 * Owns cpu->lock_halt. No locks of its own.
 *
 * Why no wake-up is lost. A CPU parks in this order: interrupts off; lock_halt = lock; full
 * barrier; val = xchg(2). If that found 0 it has the lock, else it sleeps. An unlock is xchg(0),
 * then a look at every lock_halt if 2 was there.
 *
 *  - The unlock's xchg comes after the waiter's: it reads 2 (nobody but an unlock lowers it), and
 *    since both are full barriers it sees lock_halt. It comes before: the waiter finds 0.
 *  - The IPI comes before the waiter's idle instruction: interrupts are off until that very
 *    instruction, so it is pending there and ends it at once.
 *  - Several sleep: one is woken, with val 0. Whoever has ever parked takes the lock as 2, so its
 *    own unlock wakes the next. If a newcomer took the lock (as 1) before the one that was woken,
 *    that one's xchg makes it 2 again before it sleeps, and the newcomer's unlock wakes one.
 *  - The unlock picks a CPU that is no longer asleep: lock_halt is set only between parking and
 *    having the lock, so that CPU either takes the lock as 2 or makes it 2, as above.
 *  - A waiter gives up (a broken wait): the wake-up may have been meant for it, so it wakes one
 *    other in any case.
 *  - An interrupt handler that runs while its CPU sleeps runs with interrupts off, so it spins for
 *    its locks and never touches lock_halt.
 *
 * Source: U. Drepper, "Futexes Are Tricky"; invariant INV-4.
 */
#include "kernel/spinlock.h"
#include "kernel/printk.h"
#include "kernel/time.h"
#include "lab/trace.h"
#include "lab/watchdog.h"
#include "arch/ipi.h"

#define SPINS_BEFORE_SLEEP 100
#define SPINS_PER_CLOCK 256

struct spin_wait {
	struct spinlock *lock;
	unsigned long pc;
	u64 deadline_ns;
	bool breakable;
};

static void spin_wait_expired(const struct spin_wait *wait)
{
	panic("BUG: CPU %u waited %lu s for spinlock %s at %pB, owner CPU %d, word %u", cpu_id(),
	      (unsigned long)(wait_limit_ns / NSEC_PER_SEC), wait->lock->name, (void *)wait->pc,
	      (int)READ_ONCE(wait->lock->owner) - 1, READ_ONCE(wait->lock->val));
}

/* Whether to give the wait up; ends the kernel if it has lasted too long. */
static bool spin_wait_over(const struct spin_wait *wait)
{
	if (wait->breakable && wait_is_broken())
		return true;
	if (time_ns() >= wait->deadline_ns)
		spin_wait_expired(wait);
	return false;
}

/* Came with interrupts off: can only spin. */
static bool spin_wait_closed(const struct spin_wait *wait)
{
	for (unsigned int n = 1;; n++) { /* bounded: by spin_wait_over */
		cpu_relax();
		if (!spin_is_locked(wait->lock) && spin_try_word(wait->lock))
			return true;
		if (wait->breakable && wait_is_broken())
			return false;
		if (n % SPINS_PER_CLOCK == 0 && spin_wait_over(wait))
			return false;
	}
}

/* Sleeps until it has the lock. Interrupts off on entry and on return. */
static bool spin_wait_parked(const struct spin_wait *wait)
{
	struct cpu *cpu = this_cpu();
	bool got = true;

	WRITE_ONCE(cpu->lock_halt, wait->lock);
	smp_mb();
	while (xchg(&wait->lock->val, 2) != 0) {
		stat_inc(LOCK_HALTS);
		cpu_idle_wait();
		irq_disable();
		if (spin_wait_over(wait)) {
			got = false;
			break;
		}
	}
	WRITE_ONCE(cpu->lock_halt, NULL);
	if (!got)
		spin_wake_one(wait->lock);
	return got;
}

/* Interrupts on while it waits and off on return. */
static bool spin_wait_open(const struct spin_wait *wait)
{
	for (unsigned int n = 0; n < SPINS_BEFORE_SLEEP; n++) {
		cpu_relax();
		if (spin_is_locked(wait->lock))
			continue;
		irq_disable();
		if (spin_try_word(wait->lock))
			return true;
		irq_enable();
	}
	irq_disable();
	return spin_wait_parked(wait);
}

/*
 * Waits for the lock's word; with @irqs_on interrupts are on meanwhile, and off on return. False
 * if the wait was broken.
 */
static bool spin_wait_for(struct spinlock *lock, bool irqs_on, bool breakable, unsigned long pc)
{
	struct spin_wait wait = { lock, pc, time_ns() + wait_limit_ns, breakable };
	bool got;

	irq_disable();
	stat_inc(LOCK_WAITS);
	if (irqs_on)
		irq_enable();
	trace(LOCK, LOCK_WAIT, HOOK_SPINLOCK, lock, pc);
	wait_publish(WAIT_SPINLOCK, lock, pc);
	if (breakable)
		wait_publish_breakable();
	got = irqs_on ? spin_wait_open(&wait) : spin_wait_closed(&wait);
	wait_publish_end();
	if (got)
		hook_lock(HOOK_WAITED, HOOK_SPINLOCK, lock);
	else
		trace(LOCK, LOCK_BROKEN, HOOK_SPINLOCK, lock, 0);
	return got;
}

__noinline void spin_lock_wait(struct spinlock *lock)
{
	bool irqs_on = irq_enabled();

	spin_wait_for(lock, irqs_on, false, (unsigned long)__builtin_return_address(0));
	if (irqs_on)
		irq_enable();
}

__noinline void spin_lock_wait_irqsave(struct spinlock *lock, unsigned long flags)
{
	bool irqs_on = irq_flags_enabled(flags);

	if (irqs_on)
		irq_enable();
	spin_wait_for(lock, irqs_on, false, (unsigned long)__builtin_return_address(0));
}

__noinline bool spin_lock_wait_breakable(struct spinlock *lock)
{
	bool irqs_on = irq_enabled();
	bool got = spin_wait_for(lock, irqs_on, true, (unsigned long)__builtin_return_address(0));

	if (irqs_on)
		irq_enable();
	return got;
}

/* Wakes one CPU that sleeps for @lock, the next one round so that none is passed over for ever. */
void spin_wake_one(struct spinlock *lock)
{
	unsigned int self = cpu_id();

	for (unsigned int i = 1; i < nr_cpus; i++) {
		unsigned int id = (self + i) % nr_cpus;
		struct cpu *cpu = READ_ONCE(cpus[id]);

		if (cpu && READ_ONCE(cpu->lock_halt) == lock) {
			arch_ipi_send(id, IPI_WAKE);
			return;
		}
	}
}

/* Locks that are released in another order than taken. */
void spin_forget_held(struct spinlock *lock)
{
	struct cpu *cpu = this_cpu();
	unsigned int n = min(cpu->nr_held, (unsigned int)MAX_HELD_LOCKS);

	BUG_ON_MSG(lock->owner != cpu->id + 1, "%s is not held by CPU %u but by %d", lock->name,
		   cpu->id, (int)lock->owner - 1);
	WRITE_ONCE(lock->owner, 0);
	for (unsigned int i = n; i-- > 0;) {
		if (cpu->held[i] != lock)
			continue;
		for (; i + 1 < n; i++)
			WRITE_ONCE(cpu->held[i], cpu->held[i + 1]);
		break;
	}
	WRITE_ONCE(cpu->nr_held, cpu->nr_held - 1);
}
