/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a speculative fault does when the PTL is held: a policy, one file each (mm/ptl_*.c), chosen
 * by the boot word ptl=NAME or for one mm by prctl. A policy that says PTL_RETRY must not do so for
 * ever: it counts the attempts.
 */
#pragma once

#include "kernel/spinlock.h"

enum ptl_result {
	PTL_LOCKED, /* the lock is held, interrupts still off */
	PTL_ABORT,  /* give the speculation up (reason trylock) */
	PTL_RETRY,  /* open interrupts, validate again, come back */
};

struct ptl_policy {
	const char *name, *what;
	/* Whether contended waits for the lock, interrupts off. With instruments lockdep is told at
	 * every try, so that it sees the danger when nobody holds the lock, too. */
	bool waits;
	/*
	 * What to do about @ptl, which was held when it was tried for the first time, with
	 * interrupts off, after the walk was validated. @attempt counts from 0 within one fault.
	 * The lock's holder may wait for this CPU to acknowledge a shootdown.
	 */
	enum ptl_result (*contended)(struct spinlock *ptl, unsigned int attempt);
};

#define PTL_POLICY(n)                                                                              \
	static const struct ptl_policy ptl_policy_##n __section(".ptl_policies") __aligned(8)

/* The policy named @name, or NULL. */
const struct ptl_policy *ptl_policy_find(const char *name);
void ptl_policies_print(void);
