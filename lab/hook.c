/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hands the locks' events to the instruments that listen. Owns hook_listeners; no locks.
 */
#include "lab/hook.h"

#if LAB
#include "kernel/atomic.h"
#include "lab/explore.h"
#include "lab/holders.h"
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
	u32 listeners = READ_ONCE(hook_listeners);
	enum hook_event told = event;
	bool happens;

	/* Only lockdep makes a difference between the two. */
	if (event == HOOK_WANT_SAVE)
		event = HOOK_WANT;
	/* Those that only lockdep wants to know of take no time. */
	happens = event <= HOOK_LEFT && kind <= HOOK_IPI_ACK;
	if (listeners & HOOK_TRACE && happens)
		trace_lock(event, kind, lock);
	if (listeners & HOOK_PERTURB &&
	    (event == HOOK_WANT || event == HOOK_TRY || event == HOOK_LEFT))
		perturb_slow(event == HOOK_LEFT ? PERTURB_UNLOCK : PERTURB_LOCK);
	if (listeners & HOOK_HOLDERS && happens &&
	    (kind == HOOK_READ || kind == HOOK_WRITE || kind == HOOK_SRCU))
		holders_note(event, kind, lock, (unsigned long)__builtin_return_address(0));
	if (listeners & HOOK_EXPLORE && happens)
		explore_lock(event, kind, lock);
	if (listeners & HOOK_LOCKDEP)
		lockdep_event(told, kind, lock, (unsigned long)__builtin_return_address(0));
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
