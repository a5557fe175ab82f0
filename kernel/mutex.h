/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sleeping locks: a mutex, and mmap_sem's kind, a fair reader-writer semaphore.
 *
 * Both are fair: who waits is served in order of arrival, and a reader that comes after a waiting
 * writer waits behind it (readers next to each other are let in together). May sleep; not from
 * interrupts; interrupts on, no spinlock held. Every wait ends after wait_limit with a panic
 * that names the owner.
 */
#pragma once

#include "kernel/list.h"
#include "kernel/spinlock.h"

struct thread;

struct rwsem {
	/* Bit 0 held by a writer, bit 1 somebody waits, readers counted from bit 8 on. */
	u64 state;
	struct thread *writer; /* for reports; set by the writer itself */
	const char *name;
	/* Guarded by wait_lock: */
	struct spinlock wait_lock;
	struct list_head waiters;
};

struct mutex {
	struct rwsem sem; /* only its write side */
};

void rwsem_init(struct rwsem *sem, const char *name);
void down_read(struct rwsem *sem);
bool down_read_trylock(struct rwsem *sem);
void up_read(struct rwsem *sem);
void down_write(struct rwsem *sem);
bool down_write_trylock(struct rwsem *sem);
void up_write(struct rwsem *sem);
/* Whether anyone holds it, or the current thread for writing: for assertions. */
bool rwsem_is_locked(const struct rwsem *sem);
bool rwsem_is_write_locked(const struct rwsem *sem);

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
