/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counting what is in use. Exact because nothing runs while it counts: programs have ended and
 * deferred frees were waited for.
 */
#include "lab/ledger.h"
#include "kernel/printk.h"
#include "mm/mm.h"
#include "mm/page.h"
#include "mm/pgtable.h"
#include "mm/slab.h"

static const char *const ledger_names[NR_LEDGER_ITEMS] = {
#define X(id, name, value) [LEDGER_##id] = name,
	LEDGER_LIST(X)
#undef X
};

/* Callbacks that have been queued have run: known even if the barrier is what is wrong. */
static void await_callbacks(struct srcu *srcu)
{
	srcu_barrier(srcu);
	wait_event(&srcu->barrier_wq, READ_ONCE(srcu->nr_done) >= READ_ONCE(srcu->nr_queued));
}

void ledger_read(struct ledger *ledger)
{
	await_callbacks(&vma_srcu);
	pgtable_free_barrier();
#define X(id, name, value) ledger->count[LEDGER_##id] = (value);
	LEDGER_LIST(X)
#undef X
}

bool ledger_differs(const struct ledger *base, const struct ledger *now, char *why, size_t size)
{
	for (unsigned int i = 0; i < NR_LEDGER_ITEMS; i++)
		if (base->count[i] != now->count[i]) {
			snprintf(why, size, "%s: %lu before, %lu after", ledger_names[i],
				 (unsigned long)base->count[i], (unsigned long)now->count[i]);
			return true;
		}
	return false;
}
