/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sleeping locks: a mutex, and mmap_sem's kind, a fair reader-writer semaphore.
 *
 * Both are fair: who waits is served in order of arrival, and a reader that comes after a waiting
 * writer waits behind it (readers next to each other are let in together). May sleep; not from
 * interrupts; interrupts on, no spinlock held. Trying and leaving never sleep. Every wait ends
 * after wait_limit with a panic that names the owner.
 */
#pragma once

#include "kernel/list.h"
#include "kernel/spinlock.h"
#include "lab/hook.h"

struct thread;

#define RWSEM_WRITER 1UL
#define RWSEM_WAITERS 2UL
#define RWSEM_READER 0x100UL

struct rwsem {
	/* Bit 0 held by a writer, bit 1 somebody waits, readers counted from bit 8 on. */
	u64 state;
	struct thread *writer; /* for reports and assertions; set by the writer itself */
	const char *name;
	/* Guarded by wait_lock: */
	struct spinlock wait_lock;
	struct list_head waiters;
};

struct mutex {
	struct rwsem sem; /* only its write side */
};

void rwsem_init(struct rwsem *sem, const char *name);

/* Out of line, for the functions below only. */
bool rwsem_wait(struct rwsem *sem, bool write, bool breakable);
void rwsem_left(struct rwsem *sem);

/* One attempt each, never waiting; they fail too while somebody else waits. */
static inline bool rwsem_try_read(struct rwsem *sem)
{
	u64 state = READ_ONCE(sem->state);

	while (likely(!(state & (RWSEM_WRITER | RWSEM_WAITERS))))
		if (likely(try_cmpxchg(&sem->state, &state, state + RWSEM_READER)))
			return true;
	return false;
}

static inline bool rwsem_try_write(struct rwsem *sem)
{
	u64 free = 0;

	if (unlikely(!try_cmpxchg(&sem->state, &free, RWSEM_WRITER)))
		return false;
	WRITE_ONCE(sem->writer, current);
	return true;
}

static inline void down_read(struct rwsem *sem)
{
	hook_lock(HOOK_WANT, HOOK_READ, sem);
	if (unlikely(!rwsem_try_read(sem)))
		rwsem_wait(sem, false, false);
}

static inline void down_write(struct rwsem *sem)
{
	hook_lock(HOOK_WANT, HOOK_WRITE, sem);
	if (likely(rwsem_try_write(sem)))
		return;
	rwsem_wait(sem, true, false);
	WRITE_ONCE(sem->writer, current);
}

/* As down_write, but the watchdog can break the wait when it has proved a deadlock; false then, and
 * it is not held. For code under test. */
static inline bool __must_check down_write_breakable(struct rwsem *sem)
{
	hook_lock(HOOK_WANT, HOOK_WRITE, sem);
	if (unlikely(!rwsem_try_write(sem)) && !rwsem_wait(sem, true, true)) {
		hook_lock(HOOK_LEFT, HOOK_WRITE, sem);
		return false;
	}
	WRITE_ONCE(sem->writer, current);
	return true;
}

/* Leaving: whoever leaves last hands over to those who wait. */
static inline void up_read(struct rwsem *sem)
{
	u64 state;

	sb_unlock();
	state = __atomic_sub_fetch(&sem->state, RWSEM_READER, __ATOMIC_SEQ_CST);
	if (unlikely(state == RWSEM_WAITERS))
		rwsem_left(sem);
	hook_lock(HOOK_LEFT, HOOK_READ, sem);
}

static inline void up_write(struct rwsem *sem)
{
	WRITE_ONCE(sem->writer, NULL);
	sb_unlock();
	if (unlikely(__atomic_sub_fetch(&sem->state, RWSEM_WRITER, __ATOMIC_SEQ_CST)))
		rwsem_left(sem);
	hook_lock(HOOK_LEFT, HOOK_WRITE, sem);
}

/* Whether anyone holds it, or the current thread for writing: for assertions. */
static inline bool rwsem_is_locked(const struct rwsem *sem)
{
	return READ_ONCE(sem->state) & ~RWSEM_WAITERS;
}

static inline bool rwsem_is_write_locked(const struct rwsem *sem)
{
	return READ_ONCE(sem->writer) == current;
}

static inline void mutex_init(struct mutex *m, const char *name)
{
	rwsem_init(&m->sem, name);
}

static inline void mutex_lock(struct mutex *m)
{
	down_write(&m->sem);
}

static inline void mutex_unlock(struct mutex *m)
{
	up_write(&m->sem);
}
