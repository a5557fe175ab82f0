/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spinlocks that behave when 64 virtual CPUs share two cores.
 *
 * The word is 0 free, 1 held, 2 held and somebody sleeps for it. A waiter spins shortly with
 * cpu_relax, then publishes the lock in its cpu->lock_halt and sleeps in the CPU's idle
 * instruction until the holder's unlock wakes it by IPI_WAKE. Interrupts stay on while waiting
 * whenever they were on before, so that TLB shootdowns are acknowledged (INV-4); a waiter that
 * came with interrupts off can only spin. Not recursive. Holders must not sleep.
 *
 * Source: the three-state futex mutex of U. Drepper, "Futexes Are Tricky", with a CPU for a thread.
 */
#pragma once

#include "kernel/atomic.h"

struct spinlock {
	u32 val;
	u32 owner; /* CPU number + 1 while held; for reports and the watchdog */
	const char *name;
};

#define SPINLOCK_INIT(n) { .val = 0, .owner = 0, .name = (n) }
#define DEFINE_SPINLOCK(l) struct spinlock l = SPINLOCK_INIT(#l)

static inline void spin_init(struct spinlock *lock, const char *name)
{
	lock->val = 0;
	lock->owner = 0;
	lock->name = name;
}

/* Takes the lock; interrupts stay as they are. Waits without end only if nobody can break it:
 * after wait_limit the kernel panics and names the owner. Not from an NMI. */
void spin_lock(struct spinlock *lock);
/* One attempt, never waits. */
bool spin_trylock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock);
/* For locks that interrupt handlers take too. While it waits, interrupts are as @flags say. */
unsigned long spin_lock_irqsave(struct spinlock *lock);
void spin_unlock_irqrestore(struct spinlock *lock, unsigned long flags);
/*
 * As spin_lock, but the watchdog can break the wait when it has proved a deadlock; false then, and
 * the lock is not held. For code under test.
 */
bool __must_check spin_lock_breakable(struct spinlock *lock);

static inline bool spin_is_locked(const struct spinlock *lock)
{
	return READ_ONCE(lock->val) != 0;
}

/* Whether this CPU holds @lock. */
bool spin_held(const struct spinlock *lock);
