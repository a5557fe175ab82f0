/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Making, finding and freeing page tables.
 *
 * Owns the ptdescs. Upper entries are set under page_table_lock, by a
 * caller that holds mmap_sem (INV-2); who comes second throws his table away. A new table is
 * cleared before its parent entry points to it (MO-5). Lock order: page_table_lock, then PTL.
 */
#include "mm/pgtable.h"
#include "lab/freed.h"
#include "lab/table_age.h"
#include "mm/table_watch.h"
#include "mm/slab.h"
#include "mm/vma_order.h"

static struct slab_cache *ptdesc_cache;
#if LAB
static atomic_t last_generation; /* of all tables of this boot */
#endif

struct page *zero_page;
u64 zero_pfn;

/* Bytes of a table of each level; one smaller than a page has a page for itself. */
static const u32 table_sizes[] = { 0, PTE_TABLE_SIZE, PMD_TABLE_SIZE, PUD_TABLE_SIZE,
				   PGD_TABLE_SIZE };

void pgtable_subsystem_init(void)
{
	ptdesc_cache = slab_create("ptdesc", sizeof(struct ptdesc));
	slab_isolate(ptdesc_cache);
	zero_page = page_alloc(0, PAGE_KERNEL, ALLOC_ZERO);
	BUG_ON(!zero_page);
	zero_pfn = page_to_pfn(zero_page);
	pgtable_free_init();
}

static unsigned int table_order(u32 size)
{
	unsigned int order = 0;

	while (PAGE_SIZE << order < size)
		order++;
	return order;
}

void *pgtable_alloc(struct mm *mm, unsigned int level)
{
	struct ptdesc *ptdesc;
	struct page *page;

	if (unlikely(vma_order_on()))
		vma_order_reclaim();
	ptdesc = slab_alloc(ptdesc_cache);
	if (!ptdesc)
		return NULL;
	page = page_alloc(table_order(table_sizes[level]), PAGE_TABLE, ALLOC_ZERO);
	if (!page) {
		slab_free(ptdesc_cache, ptdesc);
		return NULL;
	}
	spin_init(&ptdesc->ptl, "ptl");
	ptdesc->level = (u8)level;
#if LAB
	ptdesc->generation = (u32)atomic_inc_return(&last_generation);
#endif
	ptdesc->size = table_sizes[level];
	ptdesc->table = page_to_virt(page);
	list_init(&ptdesc->free_node);
	page->ptdesc = ptdesc;
	atomic64_inc(&mm->nr_tables);
	return ptdesc->table;
}

/* A table that is freed with an entry in it has lost a page: somebody wrote behind the zap. */
static void pgtable_check_empty(const struct ptdesc *ptdesc)
{
	const u64 *entry = ptdesc->table;

	if (ptdesc->level == 4)
		return;
	for (unsigned int i = 0; i < ptdesc->size / sizeof(*entry); i++)
		if (WARN_ON(entry[i])) {
			printk("level %u table: entry %u is %lx", ptdesc->level, i,
			       (unsigned long)entry[i]);
			return;
		}
}

void pgtable_release(struct ptdesc *ptdesc)
{
	struct page *page = virt_to_page(ptdesc->table);

	table_age_reclaim(ptdesc);
#if LAB
	pgtable_check_empty(ptdesc);
	page->index = (unsigned long)ptdesc->generation << 8 | ptdesc->level;
#else
	(void)pgtable_check_empty;
#endif
	page->ptdesc = NULL;
	if (atomic_dec_and_test(&page->refcount))
		page_free(page, table_order(ptdesc->size));
	slab_free(ptdesc_cache, ptdesc);
}

#if LAB
void pgtable_report_other(pmd_t pmd, u32 generation, u32 now)
{
	unsigned long table = (unsigned long)phys_to_virt(pmd_table_phys(pmd));

	if (now)
		freed_report(FREED_OTHER_TABLE, table, NULL,
			     "the table at %lx was walked as generation %u and is generation %u, "
			     "another one in the same place", table, generation, now);
	else
		freed_report(FREED_OTHER_TABLE, table, NULL,
			     "the table at %lx was walked as generation %u and is free", table,
			     generation);
}

void pgtable_report_poison(const pte_t *ptep)
{
	freed_report(FREED_READ_POISON, (unsigned long)ptep, NULL,
		     "a walk read poison at %lx, out of a page table that was freed",
		     (unsigned long)ptep);
}
#endif

void pgtable_free(struct mm *mm, struct ptdesc *ptdesc)
{
	atomic64_dec(&mm->nr_tables);
	pgtable_release(ptdesc);
}

u64 pgtable_nr_used(void)
{
	return slab_nr_used(ptdesc_cache);
}

/* One level of pgtable_make: gives *@entryp a table unless it has one. */
#define DEFINE_MAKE_LEVEL(x, level)                                                                \
	static bool pgtable_make_##x(struct mm *mm, x##_t *entryp)                                 \
	{                                                                                          \
		void *table = pgtable_alloc(mm, level);                                            \
                                                                                                   \
		if (!table)                                                                        \
			return false;                                                              \
		spin_lock(&mm->page_table_lock);                                                   \
		if (x##_none(x##_read(entryp))) {                                                  \
			x##_set_table(entryp, virt_to_phys(table));                                \
			table = NULL;                                                              \
		}                                                                                  \
		spin_unlock(&mm->page_table_lock);                                                 \
		if (table)                                                                         \
			pgtable_free(mm, ptdesc_of(table));                                        \
		return true;                                                                       \
	}
DEFINE_MAKE_LEVEL(p4d, 3)
DEFINE_MAKE_LEVEL(pud, 2)
DEFINE_MAKE_LEVEL(pmd, 1)

pmd_t *pgtable_make(struct mm *mm, unsigned long addr)
{
	p4d_t *p4dp = p4d_of(pgd_of(mm, addr), addr);
	pud_t *pudp;
	pmd_t *pmdp;

	if (unlikely(p4d_none(p4d_read(p4dp))) && !pgtable_make_p4d(mm, p4dp))
		return NULL;
	pudp = pud_of(p4d_read(p4dp), addr);
	if (unlikely(pud_none(pud_read(pudp))) && !pgtable_make_pud(mm, pudp))
		return NULL;
	pmdp = pmd_of(pud_read(pudp), addr);
	if (unlikely(pmd_none(pmd_read(pmdp))) && !pgtable_make_pmd(mm, pmdp))
		return NULL;
	return pmdp;
}

pte_t *pte_lock(struct mm *mm, unsigned long addr, struct spinlock **ptl)
{
	pmd_t *pmdp = pgtable_find_pmd(mm, addr);
	pmd_t pmd;

	if (!pmdp)
		return NULL;
	pmd = pmd_read(pmdp);
	if (pmd_none(pmd))
		return NULL;
	*ptl = &pmd_ptdesc(pmd)->ptl;
	spin_lock(*ptl);
	return pte_of(pmd, addr);
}
