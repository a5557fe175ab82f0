/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The check of an address space at its end. Owns nothing; takes mmap_sem for reading, though nobody
 * else is there, and no PTL. One report a call: what comes after the first finding follows from it.
 */
#include "lab/mmcheck.h"

#if LAB
#include "kernel/printk.h"
#include "mm/pgtable.h"

/* Why the page of a present entry is not as INV-12 wants it, or NULL. */
static const char *page_wrong(const struct vma *vma, unsigned long addr, pte_t pte)
{
	const struct page *page = pfn_to_page(pte_pfn(pte));

	if (pte_special(pte))
		return page != zero_page ? "special, and not the page of zeroes"
		       : pte_write(pte)	 ? "the page of zeroes, writable"
					 : NULL;
	if (page->kind != PAGE_ANON)
		return "maps a page that is not anonymous memory";
	if (atomic_read(&page->mapcount) != 1 || atomic_read(&page->refcount) != 1)
		return "maps a page that is not its own";
	if (!page->mapping || page->mapping != vma->anon_vma)
		return "maps a page of another anon_vma";
	return page->index != addr >> PAGE_SHIFT ? "maps a page of another place" : NULL;
}

/* Why an entry is wrong, or NULL. It may lack the right to write, which the next write gives it. */
static const char *entry_wrong(const struct vma *vma, unsigned long addr, pte_t pte)
{
	pte_t wanted = pte_modify(pte, vma->prot);

	if (!pte_present(pte))
		return "neither present nor empty";
	if (!pte_same(pte, pte_write(pte) ? wanted : pte_wrprotect(wanted)))
		return "has another protection than its VMA";
	return page_wrong(vma, addr, pte);
}

static bool entry_check(const struct vma *vma, unsigned long addr, pte_t pte)
{
	const char *wrong = vma && addr >= vma->start ? entry_wrong(vma, addr, pte) :
							"lies in no VMA";

	if (!wrong)
		return true;
	printk("WARN: the entry of %lx %s: %lx", addr, wrong, (unsigned long)pte.v);
	WARN_ON(true);
	return false;
}

/* One leaf table. It must be near a VMA, else it should have gone with the last. */
static bool leaf_check(struct mm *mm, pmd_t pmd, unsigned long start)
{
	const struct vma *near = find_vma(mm, start);

	if (WARN_ON(!near || near->start >= start + PMD_SIZE)) {
		printk("the table of %lx has no VMA that needs it", start);
		return false;
	}
	for (unsigned long addr = start; addr < start + PMD_SIZE; addr += PAGE_SIZE) {
		pte_t pte = pte_read(pte_of(pmd, addr));

		if (!pte_none(pte) && !entry_check(find_vma(mm, addr), addr, pte))
			return false;
	}
	return true;
}

static void tables_check(struct mm *mm)
{
	unsigned long addr = 0, size;

	while (addr < USER_TOP) {
		p4d_t p4d = p4d_read(p4d_of(pgd_of(mm, addr), addr));
		pmd_t *pmdp;

		size = p4d_none(p4d) ? PGD_SIZE :
		       pud_none(pud_read(pud_of(p4d, addr))) ? PUD_SIZE : PMD_SIZE;
		pmdp = size == PMD_SIZE ? pmd_of(pud_read(pud_of(p4d, addr)), addr) : NULL;
		if (pmdp && !pmd_none(pmd_read(pmdp)) && !leaf_check(mm, pmd_read(pmdp), addr))
			return;
		addr = ALIGN_DOWN(addr, size) + size;
	}
}

void mm_check(struct mm *mm)
{
	down_read(&mm->mmap_sem);
	vma_validate(mm);
	tables_check(mm);
	up_read(&mm->mmap_sem);
}
#endif
