/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mmu_gather and the zap: taking pages and tables out of an address space.
 *
 * A gather belongs to the thread that makes it. Entries are cleared under their PTL; pages and
 * tables wait in the gather until a flush has been acknowledged by every CPU (INV-10). A full
 * batch flushes at once, with the PTL held: the entries of this table that follow must not be
 * cleared before there is room for their pages. Lock order: mmap_sem, page_table_lock, PTL.
 * Source: the speculative page fault series of 2017 (RFC v5), patches 04 and 09: the flush inside
 * unmap_page_range.
 */
#include "mm/gather.h"
#include "kernel/cpu.h"
#include "kernel/printk.h"
#include "lab/bug.h"
#include "lab/quarantine.h"
#include "lab/shadow.h"
#include "lab/sync.h"
#include "lab/table_age.h"
#include "mm/pgtable.h"
#include "mm/slab.h"
#include "mm/tlb.h"

unsigned int gather_batch = 16;

void gather_begin(struct mmu_gather *tlb, struct mm *mm)
{
	tlb->mm = mm;
	tlb->start = USER_TOP;
	tlb->end = 0;
	tlb->nr = 0;
	tlb->max = gather_batch;
	tlb->ptl_held = false;
	tlb->pages = tlb->inline_pages;
	list_init(&tlb->tables);
	if (tlb->max <= ARRAY_SIZE(tlb->inline_pages))
		return;
	tlb->pages = kmalloc(tlb->max * sizeof(*tlb->pages));
	if (!tlb->pages) { /* without memory a smaller batch does, it only flushes more often */
		tlb->pages = tlb->inline_pages;
		tlb->max = ARRAY_SIZE(tlb->inline_pages);
	}
}

static void gather_free_pages(struct mmu_gather *tlb)
{
	for (unsigned int i = 0; i < tlb->nr; i++)
		page_put(tlb->pages[i]);
	tlb->nr = 0;
}

static __always_inline void gather_free_now(struct mmu_gather *tlb)
{
	struct ptdesc *ptdesc, *tmp;

	table_age_round();
	list_for_each_entry_safe(ptdesc, tmp, &tlb->tables, free_node)
	{
		list_del(&ptdesc->free_node);
		pgtable_free(tlb->mm, ptdesc);
	}
	quarantine_flush();
}

/*
 * The tables were unlinked and flushed, but walkers with interrupts off may still be in them. A
 * flush by IPI has waited for those; one by broadcast has not.
 */
static void gather_free_ptdescs(struct mmu_gather *tlb)
{
	if (list_empty(&tlb->tables))
		return;
	if (pgtable_free_mode == PGTABLE_FREE_RCU) {
		pgtable_free_deferred(tlb->mm, &tlb->tables);
		return;
	}
	if (tlb_flush_mode == TLB_FLUSH_TLBIE && !bug(tables_no_sync))
		tlb_sync_walkers(tlb->mm);
	gather_free_now(tlb);
}

void gather_flush(struct mmu_gather *tlb)
{
	if (tlb->start < tlb->end) {
		if (!tlb->ptl_held)
			SYNC_POINT(gather_flush);
		tlb_flush_range(tlb->mm, tlb->start, tlb->end);
		tlb->start = USER_TOP;
		tlb->end = 0;
	}
	gather_free_pages(tlb);
	if (!tlb->ptl_held)
		gather_free_ptdescs(tlb);
}

void gather_end(struct mmu_gather *tlb)
{
	gather_flush(tlb);
	if (tlb->pages != tlb->inline_pages)
		kfree(tlb->pages);
}

static inline void gather_range(struct mmu_gather *tlb, unsigned long start, unsigned long end)
{
	tlb->start = min(tlb->start, start);
	tlb->end = max(tlb->end, end);
}

/* Takes one present entry's page out; the map is given up before the reference (INV-12). */
static void zap_page(struct mmu_gather *tlb, unsigned long addr, pte_t pte)
{
	struct page *page = pfn_to_page(pte_pfn(pte));

	gather_range(tlb, addr, addr + PAGE_SIZE);
	if (pte_special(pte))
		return;
	BUG_ON_MSG(page->kind != PAGE_ANON || atomic_read(&page->mapcount) != 1,
		   "addr %lx pfn %lx kind %u mapcount %d", addr, (unsigned long)pte_pfn(pte),
		   page->kind, atomic_read(&page->mapcount));
	atomic_set(&page->mapcount, 0);
	tlb->pages[tlb->nr++] = page;
	if (tlb->nr == tlb->max) {
		SYNC_POINT(gather_full_ptl);
		gather_flush(tlb);
	}
}

static void zap_ptes(struct mmu_gather *tlb, pmd_t pmd, unsigned long addr, unsigned long end)
{
	struct spinlock *ptl = &pmd_ptdesc(pmd)->ptl;
	pte_t *ptep = pte_of(pmd, addr);

	spin_lock(ptl);
	tlb->ptl_held = true;
	SYNC_POINT(zap_ptl_held);
	for (; addr < end; addr += PAGE_SIZE, ptep++) {
		pte_t pte;

		if (pte_none(pte_read(ptep)))
			continue;
		pte = pte_get_and_clear(ptep);
		shadow_pte(tlb->mm, addr, pte, (pte_t){ 0 });
		zap_page(tlb, addr, pte);
	}
	tlb->ptl_held = false;
	spin_unlock(ptl);
	SYNC_POINT(zap_ptl_dropped);
}

/* The end of the part of [@addr, @end) that one table entry of @size bytes covers. */
static inline unsigned long span_end(unsigned long addr, unsigned long end, unsigned long size)
{
	return min(ALIGN_DOWN(addr, size) + size, end);
}

/* The next address at which a leaf table is present in [@addr, @end), with its pmd entry; NULL if
 * there is none. mmap_sem held. */
static pmd_t *next_pmd(struct mm *mm, unsigned long *addr, unsigned long end)
{
	while (*addr < end) {
		p4d_t p4d = p4d_read(p4d_of(pgd_of(mm, *addr), *addr));
		unsigned long size = PGD_SIZE;
		pmd_t *pmdp;
		pud_t pud;

		if (!p4d_none(p4d)) {
			size = PUD_SIZE;
			pud = pud_read(pud_of(p4d, *addr));
			if (!pud_none(pud)) {
				size = PMD_SIZE;
				pmdp = pmd_of(pud, *addr);
				if (!pmd_none(pmd_read(pmdp)))
					return pmdp;
			}
		}
		*addr = span_end(*addr, end, size);
	}
	return NULL;
}

void zap_page_range(struct mmu_gather *tlb, struct vma *vma, unsigned long start,
		    unsigned long end)
{
	unsigned long addr = start;
	pmd_t *pmdp;

	BUG_ON(start < vma->start || end > vma->end);
	while ((pmdp = next_pmd(tlb->mm, &addr, end))) {
		unsigned long stop = span_end(addr, end, PMD_SIZE);

		zap_ptes(tlb, pmd_read(pmdp), addr, stop);
		addr = stop;
	}
}

/* Hands an unlinked table to the gather; its whole range must be flushed before it is freed. */
static void gather_table(struct mmu_gather *tlb, phys_addr_t phys, unsigned long addr,
			 unsigned long size)
{
	struct ptdesc *ptdesc = ptdesc_of(phys_to_virt(phys));

	table_age_unlink(ptdesc);
	list_add_tail(&ptdesc->free_node, &tlb->tables);
	gather_range(tlb, addr, min(addr + size, USER_TOP));
}

/*
 * Frees the tables below entries of @size bytes each that lie wholly in the hole [@floor, @ceiling)
 * and touch [@start, @end). One level a call, leaf tables first.
 */
#define DEFINE_FREE_LEVEL(x, SIZE, find)                                                           \
	static void free_tables_##x(struct mmu_gather *tlb, unsigned long start,                   \
				    unsigned long end, unsigned long floor, unsigned long ceiling) \
	{                                                                                          \
		unsigned long addr = max(ALIGN_DOWN(start, SIZE), ALIGN_UP(floor, SIZE));          \
                                                                                                   \
		for (; addr < end && ceiling - addr >= SIZE; addr += SIZE) {                       \
			x##_t *entryp = find(tlb->mm, addr);                                       \
			x##_t entry;                                                               \
                                                                                                   \
			if (!entryp)                                                               \
				continue;                                                          \
			entry = x##_read(entryp);                                                  \
			if (x##_none(entry))                                                       \
				continue;                                                          \
			x##_clear(entryp);                                                         \
			gather_table(tlb, x##_table_phys(entry), addr, SIZE);                      \
		}                                                                                  \
	}

static pud_t *find_pud(struct mm *mm, unsigned long addr)
{
	p4d_t p4d = p4d_read(p4d_of(pgd_of(mm, addr), addr));

	return p4d_none(p4d) ? NULL : pud_of(p4d, addr);
}

static p4d_t *find_p4d(struct mm *mm, unsigned long addr)
{
	return p4d_of(pgd_of(mm, addr), addr);
}

DEFINE_FREE_LEVEL(pud, PUD_SIZE, find_pud)
DEFINE_FREE_LEVEL(p4d, PGD_SIZE, find_p4d)

static void free_tables_pmd(struct mmu_gather *tlb, unsigned long start, unsigned long end,
			    unsigned long floor, unsigned long ceiling)
{
	unsigned long addr = max(ALIGN_DOWN(start, PMD_SIZE), ALIGN_UP(floor, PMD_SIZE));
	pmd_t *pmdp;

	while ((pmdp = next_pmd(tlb->mm, &addr, end)) && ceiling - addr >= PMD_SIZE) {
		pmd_t pmd = pmd_read(pmdp);

		pmd_clear(pmdp);
		gather_table(tlb, pmd_table_phys(pmd), addr, PMD_SIZE);
		addr += PMD_SIZE;
	}
}

void gather_free_tables(struct mmu_gather *tlb, unsigned long start, unsigned long end,
			unsigned long floor, unsigned long ceiling)
{
	if (!ceiling)
		ceiling = ALIGN_UP(USER_TOP, PGD_SIZE);
	if (ALIGN_UP(floor, PMD_SIZE) + PMD_SIZE > ceiling)
		return;
	spin_lock(&tlb->mm->page_table_lock);
	free_tables_pmd(tlb, start, end, floor, ceiling);
	free_tables_pud(tlb, start, end, floor, ceiling);
	free_tables_p4d(tlb, start, end, floor, ceiling);
	spin_unlock(&tlb->mm->page_table_lock);
	if (LAB && !list_empty(&tlb->tables) && bug(tables_free_at_once))
		gather_free_now(tlb);
}

/* What @pte becomes under @prot. The write bit is not given back here, as in RFC v5's kernel: the
 * next write fault does it. */
static pte_t protect_pte(pte_t pte, pgprot_t prot)
{
	pte_t now = pte_modify(pte, prot);

	return pte_write(pte) ? now : pte_wrprotect(now);
}

/* Whether any entry changed. One that stays as it is keeps its translations too. */
static bool protect_ptes(struct vma *vma, pmd_t pmd, unsigned long addr, unsigned long end)
{
	struct spinlock *ptl = &pmd_ptdesc(pmd)->ptl;
	pte_t *ptep = pte_of(pmd, addr);
	bool changed = false;

	spin_lock(ptl);
	for (; addr < end; addr += PAGE_SIZE, ptep++) {
		pte_t pte = pte_read(ptep);

		if (pte_none(pte) || pte_same(pte, protect_pte(pte, vma->prot)))
			continue;
		/* Between the two no CPU can set young or dirty in it. */
		pte = pte_get_and_clear(ptep);
		shadow_pte(vma->mm, addr, pte, protect_pte(pte, vma->prot));
		pte_set(ptep, protect_pte(pte, vma->prot));
		changed = true;
	}
	spin_unlock(ptl);
	return changed;
}

void change_protection(struct vma *vma, unsigned long start, unsigned long end)
{
	unsigned long addr = start;
	bool changed = false;
	pmd_t *pmdp;

	if (bug(protect_keeps_ptes))
		return;
	while ((pmdp = next_pmd(vma->mm, &addr, end))) {
		unsigned long stop = span_end(addr, end, PMD_SIZE);

		changed |= protect_ptes(vma, pmd_read(pmdp), addr, stop);
		addr = stop;
	}
	if (changed && !bug(skip_protect_flush))
		tlb_flush_range(vma->mm, start, end);
}
