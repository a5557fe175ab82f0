/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spinlocks that behave when 64 virtual CPUs share two cores.
 *
 * The word is 0 free, 1 held, 2 held and somebody may sleep for it. A waiter spins shortly with
 * cpu_relax, then publishes the lock in its cpu->lock_halt and sleeps in the CPU's idle
 * instruction until the holder's unlock wakes it by IPI_WAKE. Interrupts stay on while waiting
 * whenever they were on before, so that TLB shootdowns are acknowledged (INV-4); a waiter that
 * came with interrupts off can only spin. Not recursive. Holders must not sleep.
 *
 * With instruments a lock knows its owner, and each CPU the locks it holds (cpu->held); without
 * them a lock is its word and taking it is one compare-and-exchange.
 *
 * Source: the three-state futex mutex of U. Drepper, "Futexes Are Tricky", with a CPU for a thread.
 */
#pragma once

#include "kernel/atomic.h"
#include "kernel/cpu.h"
#include "kernel/spinlock_types.h"
#include "lab/hook.h"
#include "lab/storebuf.h"

static inline void spin_init(struct spinlock *lock, const char *name)
{
	hook_lock(HOOK_INIT, HOOK_SPINLOCK, lock);
	lock->val = 0;
	lock->owner = 0;
	lock->name = name;
}

/* Out of line, for the functions below only. */
void spin_lock_wait(struct spinlock *lock);
void spin_lock_wait_irqsave(struct spinlock *lock, unsigned long flags);
bool spin_lock_wait_breakable(struct spinlock *lock);
void spin_wake_one(struct spinlock *lock);
void spin_forget_held(struct spinlock *lock);

/*
 * The locks this CPU holds. An interrupt may come between any two stores: its handler leaves the
 * count as it was, so the count goes up before the entry is stored and no entry can be lost.
 */
static __always_inline void spin_note_taken(struct spinlock *lock)
{
#if LAB
	struct cpu *cpu = this_cpu();
	unsigned int n = cpu->nr_held;

	WRITE_ONCE(cpu->nr_held, n + 1);
	if (likely(n < MAX_HELD_LOCKS))
		WRITE_ONCE(cpu->held[n], lock);
	WRITE_ONCE(lock->owner, cpu->id + 1);
#else
	(void)lock;
#endif
}

static __always_inline void spin_note_released(struct spinlock *lock)
{
#if LAB
	struct cpu *cpu = this_cpu();
	unsigned int n = cpu->nr_held - 1;

	if (likely(n < MAX_HELD_LOCKS && cpu->held[n] == lock && lock->owner == cpu->id + 1)) {
		WRITE_ONCE(lock->owner, 0);
		WRITE_ONCE(cpu->nr_held, n);
	} else {
		spin_forget_held(lock);
	}
#else
	(void)lock;
#endif
}

static __always_inline bool spin_try_word(struct spinlock *lock)
{
	u32 free = 0;

	return __atomic_compare_exchange_n(&lock->val, &free, 1, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

/* Takes the lock; interrupts stay as they are. Waits without end only if nobody can break it:
 * after wait_limit the kernel panics and names the owner. Not from an NMI. */
static __always_inline void spin_lock(struct spinlock *lock)
{
	hook_lock(HOOK_WANT, HOOK_SPINLOCK, lock);
	if (unlikely(!spin_try_word(lock)))
		spin_lock_wait(lock);
	spin_note_taken(lock);
}

/* One attempt, never waits. */
static __always_inline bool spin_trylock(struct spinlock *lock)
{
	hook_lock(HOOK_TRY, HOOK_SPINLOCK, lock);
	if (!spin_try_word(lock))
		return false;
	spin_note_taken(lock);
	hook_lock(HOOK_GOT, HOOK_SPINLOCK, lock);
	return true;
}

/* Any of the ways to take it. What follows comes after it: who finds the word 2 sees the lock_halt
 * that its waiter stored before. */
static __always_inline void spin_unlock(struct spinlock *lock)
{
	spin_note_released(lock);
	sb_unlock();
	if (unlikely(xchg(&lock->val, 0) == 2))
		spin_wake_one(lock);
	hook_lock(HOOK_LEFT, HOOK_SPINLOCK, lock);
}

/* For locks that interrupt handlers take too. While it waits, interrupts are as @flags say. */
static __always_inline unsigned long spin_lock_irqsave(struct spinlock *lock)
{
	unsigned long flags;

	hook_lock(HOOK_WANT_SAVE, HOOK_SPINLOCK, lock);
	flags = irq_save();
	if (unlikely(!spin_try_word(lock)))
		spin_lock_wait_irqsave(lock, flags);
	spin_note_taken(lock);
	return flags;
}

static __always_inline void spin_unlock_irqrestore(struct spinlock *lock, unsigned long flags)
{
	spin_unlock(lock);
	irq_restore(flags);
}

/*
 * As spin_lock, but the watchdog can break the wait when it has proved a deadlock; false then, and
 * the lock is not held. For code under test.
 */
static __always_inline bool __must_check spin_lock_breakable(struct spinlock *lock)
{
	hook_lock(HOOK_WANT, HOOK_SPINLOCK, lock);
	if (unlikely(!spin_try_word(lock)) && !spin_lock_wait_breakable(lock)) {
		hook_lock(HOOK_LEFT, HOOK_SPINLOCK, lock);
		return false;
	}
	spin_note_taken(lock);
	return true;
}

static inline bool spin_is_locked(const struct spinlock *lock)
{
	return READ_ONCE(lock->val) != 0;
}

/* Whether this CPU holds @lock; without instruments, whether anyone does. */
static inline bool spin_held(const struct spinlock *lock)
{
#if LAB
	return READ_ONCE(lock->owner) == cpu_id() + 1;
#else
	return spin_is_locked(lock);
#endif
}
