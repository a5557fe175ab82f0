/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ptl=abort: one try; if the lock is held the speculation is over. The series' way (RFC v5,
 * patch 09), and the default: never waits with interrupts off, so INV-4 holds by itself.
 */
#include "mm/ptl.h"

static enum ptl_result ptl_lock_abort(struct spinlock *ptl, unsigned int attempt)
{
	(void)ptl, (void)attempt;
	return PTL_ABORT;
}

PTL_POLICY(abort) = {
	.name = "abort",
	.what = "try once, give up if it is held (the series)",
	.contended = ptl_lock_abort,
};
