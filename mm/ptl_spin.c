/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ptl=spin: waits for the lock with interrupts off. THE DEFECT of the versions before patch 09: the
 * holder may be waiting for this CPU to acknowledge a shootdown, which it never will (INV-4,
 * hazards 9.1 to 9.3). Kept to show the deadlock; the wait is one that the watchdog can break.
 */
#include "mm/ptl.h"

static enum ptl_result ptl_lock_spin(struct spinlock *ptl, unsigned int attempt)
{
	(void)attempt;
	return spin_lock_breakable(ptl) ? PTL_LOCKED : PTL_ABORT;
}

PTL_POLICY(spin) = {
	.name = "spin",
	.what = "wait with interrupts off: deadlocks, on purpose",
	.waits = true,
	.contended = ptl_lock_spin,
};
