/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether a page table is still the one that was walked; only with instruments.
 *
 * Each table has a generation of its own as long as it lives (struct ptdesc). A speculative fault
 * notes it when it has found the leaf table and compares it when it is about to take the PTL and
 * when it has it. All checks of the fault path have passed by then, so another generation, or none
 * because the table was freed, is a use after free: reported with who freed it (INV-15). An entry
 * of poison tells the same of a table that was freed before its entry was read. While tables age
 * (lab/table_age.h) the fault also looks at their ages, and may stay for that before it takes the
 * PTL.
 *
 * Locking: interrupts are off. In a kernel that keeps INV-3 nothing here can change meanwhile.
 */
#pragma once

#include "lab/poison.h"
#include "lab/table_age.h"
#include "mm/vm_fault.h"

#if LAB
/* mm/pgtable.c: the report of another table in the place of @pmd's; of a table full of poison. */
void pgtable_report_other(pmd_t pmd, u32 generation, u32 now);
void pgtable_report_poison(const pte_t *ptep);

/* The generation of the table in @page; 0: it was freed. */
static __always_inline u32 page_generation(const struct page *page)
{
	const struct ptdesc *ptdesc = READ_ONCE(page->ptdesc);

	return likely(page->kind == PAGE_TABLE && ptdesc) ? ptdesc->generation : 0;
}

/* The same of the table below @pmd. */
static __always_inline u32 table_generation(pmd_t pmd)
{
	return page_generation(pfn_to_page(pmd_table_phys(pmd) >> PAGE_SHIFT));
}

static __always_inline void table_watch_begin(struct vm_fault *vmf)
{
	vmf->generation = table_generation(vmf->pmd);
}

static __always_inline void table_watch_pte(const struct vm_fault *vmf)
{
	if (unlikely(READ_ONCE(table_age_on)) && !table_age_glance(vmf->addr, vmf->generation))
		return; /* it has noted that; the fault gives up when it looks again */
	if (unlikely(vmf->orig_pte.v == POISON_WORD(PGTABLE_POISON)))
		pgtable_report_poison(vmf->pte);
}

/* False if the leaf table or the one above was reclaimed. The VMA was found unchanged since
 * interrupts are off, so both were linked then. */
static __always_inline bool table_watch_age(const struct vm_fault *vmf)
{
	return likely(!READ_ONCE(table_age_on)) ||
	       table_age_visit(vmf->addr, vmf->generation,
			       page_generation(virt_to_page(vmf->pmdp)));
}

/* Whether the table is the one that was walked; if not, that was reported. */
static __always_inline bool table_watch_same(const struct vm_fault *vmf)
{
	u32 now = table_generation(vmf->pmd);

	if (likely(now && now == vmf->generation))
		return true;
	pgtable_report_other(vmf->pmd, vmf->generation, now);
	return false;
}
#else
#define table_watch_begin(vmf) do { } while (0)
#define table_watch_pte(vmf) do { } while (0)
#define table_watch_age(vmf) true
#define table_watch_same(vmf) true
#endif
