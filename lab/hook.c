/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hands the locks' events to the instruments that listen. Owns hook_listeners; no locks.
 */
#include "lab/hook.h"

#if LAB
#include "kernel/atomic.h"
#include "lab/holders.h"
#include "lab/perturb.h"
#include "lab/trace.h"

u32 hook_listeners;

void hook_listen(enum hook_listener listener, bool on)
{
	u32 listeners = READ_ONCE(hook_listeners);

	WRITE_ONCE(hook_listeners, on ? listeners | listener : listeners & ~(u32)listener);
}

void hook_lock_slow(enum hook_event event, enum hook_kind kind, const void *lock)
{
	u32 listeners = READ_ONCE(hook_listeners);

	if (listeners & HOOK_TRACE)
		trace_lock(event, kind, lock);
	if (listeners & HOOK_PERTURB && event != HOOK_WAITED && event != HOOK_GOT)
		perturb_slow(event == HOOK_LEFT ? PERTURB_UNLOCK : PERTURB_LOCK);
	if (listeners & HOOK_HOLDERS &&
	    (kind == HOOK_READ || kind == HOOK_WRITE || kind == HOOK_SRCU))
		holders_note(event, kind, lock, (unsigned long)__builtin_return_address(0));
}
#endif
