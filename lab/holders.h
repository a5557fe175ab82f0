/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who holds which sleeping lock, and who is inside which SRCU read section: a listener of the
 * locks' hook. The locks themselves know only their number of readers.
 */
#pragma once

#include "lab/hook.h"
#include "lab/waits.h"

struct thread;

#if LAB
/* From lab/hook.c, for events of HOOK_READ, HOOK_WRITE and HOOK_SRCU; @pc is the place. */
void holders_note(enum hook_event event, enum hook_kind kind, const void *object,
		  unsigned long pc);
/* @thread, which waits for @object, is handed it just now; the lock's own lock held. */
void holders_granted(struct thread *thread, const void *object);
/*
 * The @nr-th lock of @thread, copied; false if it holds fewer, or the entry is changing. Any
 * context. A thread that waits for a lock has an entry for it too: holders_has tells.
 */
bool holders_sample(const struct thread *thread, unsigned int nr, struct held_lock *held);
/* Whether @thread holds @object, of @kind, and does not wait for it; *@held has the entry then,
 * and is left alone otherwise. */
bool holders_has(const struct thread *thread, enum hook_kind kind, const void *object,
		 struct held_lock *held);
#endif
