/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Futexes: sleeping until a word of user memory changes.
 *
 * A futex is a 4-byte word at an address of one address space; all memory is private to it, so
 * FUTEX_PRIVATE_FLAG makes no difference.
 */
#pragma once

#include "kernel/types.h"

struct thread;

#define FUTEX_BITSET_ANY 0xffffffffU

/* Once at boot. */
void futex_subsystem_init(void);
/*
 * For the current thread; all may sleep. @uaddr is a user address. Errors as futex(2) has them.
 *
 * Sleeps while *@uaddr is @val, until woken through one of @bitset's bits (0), until @deadline_ns
 * (-ETIMEDOUT; U64_MAX: no limit) or a signal (-ERESTARTSYS). -EAGAIN if *@uaddr is another value.
 */
long futex_wait(unsigned long uaddr, u32 val, u32 bitset, u64 deadline_ns);
/* Wakes @count waiters, but at least one; their number. */
long futex_wake(unsigned long uaddr, int count, u32 bitset);
/* Wakes @nr_wake waiters of @from and moves @nr_requeue others to @to; the number of both. */
long futex_requeue(unsigned long from, unsigned long to, int nr_wake, int nr_requeue);
/*
 * What a thread that ends owes to others: robust futexes that it holds are marked and their waiters
 * woken, and so is clear_child_tid. Of the current thread, while it has its mm.
 */
void futex_thread_exit(struct thread *thread);
