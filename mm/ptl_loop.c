/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ptl=loop: tries again and again, with interrupts open in between, so that a pending shootdown is
 * acknowledged and its holder goes on: the way of the later series (PATCH v11), with a bound on the
 * tries. Everything is validated again after every opening.
 */
#include "mm/ptl.h"

#define PTL_LOOP_TRIES 1000

static enum ptl_result ptl_lock_loop(struct spinlock *ptl, unsigned int attempt)
{
	(void)ptl;
	return attempt < PTL_LOOP_TRIES ? PTL_RETRY : PTL_ABORT;
}

PTL_POLICY(loop) = {
	.name = "loop",
	.what = "try up to 1000 times, interrupts open in between (PATCH v11)",
	.contended = ptl_lock_loop,
};
