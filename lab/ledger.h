/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ledger: what is in use, compared before and after every test (INV-8, INV-14).
 */
#pragma once

#include "kernel/types.h"

#define LEDGER_LIST(X)                                                                             \
	X(ANON_PAGES, "anonymous pages", page_nr_kind(PAGE_ANON))                                  \
	X(TABLE_PAGES, "page-table pages", page_nr_kind(PAGE_TABLE))                               \
	X(TABLES, "page tables", pgtable_nr_used())                                                \
	X(VMAS, "VMAs", vma_nr_used())                                                             \
	X(ANON_VMAS, "anon_vmas", anon_vma_nr_used())                                              \
	X(MMS, "address spaces", mm_nr_used())                                                     \
	X(SRCU_READERS, "open SRCU read sections", srcu_read_held(&vma_srcu))

enum ledger_item {
#define X(id, name, value) LEDGER_##id,
	LEDGER_LIST(X)
#undef X
	NR_LEDGER_ITEMS
};

struct ledger {
	u64 count[NR_LEDGER_ITEMS];
};

/* Waits for deferred frees, then counts. May sleep. Nothing else may be running. */
void ledger_read(struct ledger *ledger);
/* The first item that differs from @base as text in @why; false if none does. */
bool ledger_differs(const struct ledger *base, const struct ledger *now, char *why, size_t size);
