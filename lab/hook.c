/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hands the locks' events to the instruments that listen. Owns hook_listeners; no locks.
 */
#include "lab/hook.h"

#if LAB
#include "kernel/atomic.h"
#include "lab/lockdep.h"
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
	enum hook_event plain = event == HOOK_WANT_SAVE ? HOOK_WANT : event;
	u32 listeners = READ_ONCE(hook_listeners);

	if (listeners & HOOK_TRACE && plain <= HOOK_LEFT && kind <= HOOK_IPI_ACK)
		trace_lock(plain, kind, lock);
	if (listeners & HOOK_PERTURB &&
	    (plain == HOOK_WANT || plain == HOOK_TRY || plain == HOOK_LEFT))
		perturb_slow(plain == HOOK_LEFT ? PERTURB_UNLOCK : PERTURB_LOCK);
	if (listeners & HOOK_LOCKDEP)
		lockdep_event(event, kind, lock, (unsigned long)__builtin_return_address(0));
}

void hook_nest_slow(unsigned int subclass)
{
	lockdep_nest(subclass);
}

void hook_silence(void)
{
	WRITE_ONCE(hook_listeners, 0);
}
#endif
