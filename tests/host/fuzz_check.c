/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the fuzzer compares after each step: VMAs, page tables, pages and translations, each against
 * the model. The order of the tree, its colours, its gaps and its list are vma_validate's.
 */
#include "tests/host/fuzz.h"
#include "arch/host/machine.h"
#include "mm/page.h"
#include "mm/pgtable.h"

/* --- VMAs --- */
static unsigned long page_of(const struct fuzz *f, unsigned long addr)
{
	return addr <= f->base ? 0 : min((addr - f->base) / PAGE_SIZE, f->pages);
}

/*
 * Two VMAs that could be one are one, with two exceptions: a stack that has grown until it touched
 * another, and two that have different anon_vmas.
 */
static void check_not_mergeable(struct fuzz *f, const struct vma *vma, const struct vma *next)
{
	if (!next || next->start != vma->end || next->flags != vma->flags ||
	    f->ever_failed)
		return;
	if (vma->flags & VM_GROWSDOWN)
		return;
	FUZZ_CHECK(f, vma->anon_vma && next->anon_vma && vma->anon_vma != next->anon_vma,
		   "%lx-%lx and %lx-%lx could be one", vma->start, vma->end, next->start,
		   next->end);
}

static void check_vmas(struct fuzz *f)
{
	unsigned long at = 0;
	struct vma *vma;

	vma_validate(f->mm);
	list_for_each_entry(vma, &f->mm->vmas, list) {
		for (; at < page_of(f, vma->start); at++)
			FUZZ_CHECK(f, !f->page[at].mapped, "page %lu is not mapped", at);
		for (; at < page_of(f, vma->end); at++)
			FUZZ_CHECK(f, f->page[at].mapped && f->page[at].flags == vma->flags,
				   "page %lu has flags %lx, expected %x", at, vma->flags,
				   f->page[at].mapped ? f->page[at].flags : 0x100);
		check_not_mergeable(f, vma, vma_next(f->mm, vma));
	}
}

/* --- pages --- */
static u64 word_of(const struct fuzz *f, unsigned long page, pte_t pte)
{
	return *(u64 *)phys_to_virt((pte_pfn(pte) << PAGE_SHIFT) +
				    (fuzz_word(f, page) & ~PAGE_MASK));
}

static void check_rights(struct fuzz *f, unsigned long page, pte_t pte)
{
	u64 may = vma_prot(f->page[page].flags).v, all = HOST_PTE_USER | HOST_PTE_PRESENT;

	/* The right to write may be missing: the next write fault gives it back. */
	FUZZ_CHECK(f, (pte.v & all) == (may & all) ||
		   (pte.v & all) == (may & all & ~HOST_PTE_WRITE),
		   "page %lu has entry %lx, protection %lx", page, (unsigned long)pte.v,
		   (unsigned long)may);
	FUZZ_CHECK(f, !pte_special(pte) || (pte_pfn(pte) == zero_pfn && !pte_write(pte)),
		   "page %lu has entry %lx", page, (unsigned long)pte.v);
}

static void check_anon_page(struct fuzz *f, unsigned long page, pte_t pte)
{
	struct page *frame = pfn_to_page(pte_pfn(pte));
	struct vma *vma = find_vma(f->mm, fuzz_addr(f, page));

	FUZZ_CHECK(f, frame->kind == PAGE_ANON && atomic_read(&frame->refcount) == 1 &&
		   atomic_read(&frame->mapcount) == 1, "page %lu: kind %u refcount %d mapcount %d",
		   page, frame->kind, atomic_read(&frame->refcount), atomic_read(&frame->mapcount));
	FUZZ_CHECK(f, vma && frame->mapping == vma->anon_vma && frame->mapping,
		   "page %lu: mapping %p, anon_vma %p", page, frame->mapping,
		   vma ? (void *)vma->anon_vma : NULL);
}

/* Returns whether it has a page of its own. */
static bool check_page(struct fuzz *f, unsigned long page)
{
	pte_t pte = { host_walk(fuzz_addr(f, page)) };

	if (pte_none(pte)) {
		FUZZ_CHECK(f, !f->page[page].value, "page %lu has lost its contents", page);
		return false;
	}
	FUZZ_CHECK(f, f->page[page].mapped, "page %lu has entry %lx, but no VMA", page,
		   (unsigned long)pte.v);
	check_rights(f, page, pte);
	FUZZ_CHECK(f, word_of(f, page, pte) == f->page[page].value, "page %lu holds %lx, not %lx",
		   page, (unsigned long)word_of(f, page, pte), (unsigned long)f->page[page].value);
	if (pte_special(pte))
		return false;
	check_anon_page(f, page, pte);
	return true;
}

/* --- tables --- */
static unsigned int count_tables(const u64 *table, unsigned int level)
{
	unsigned int n = 1;

	if (level == 1)
		return n;
	for (unsigned int i = 0; i < PTRS_PER_TABLE; i++)
		if (table[i])
			n += count_tables(phys_to_virt(table[i] & HOST_PTE_FRAME), level - 1);
	return n;
}

static void check_tables(struct fuzz *f)
{
	unsigned int found = count_tables(&f->mm->pgd->v, 4);

	FUZZ_CHECK(f, (s64)found == atomic64_read(&f->mm->nr_tables), "%u tables, %ld counted",
		   found, (long)atomic64_read(&f->mm->nr_tables));
}

/* INV-9. */
static void check_counters(struct fuzz *f)
{
	struct fault_stats sum;
	u64 outcomes = 0;

	fault_stats_sum(f->mm, &sum);
	for (unsigned int i = 0; i < NR_SPF_REASONS; i++)
		outcomes += sum.spf[i];
	FUZZ_CHECK(f, sum.spf_attempts == outcomes, "%lu attempts, %lu outcomes",
		   (unsigned long)sum.spf_attempts, (unsigned long)outcomes);
	FUZZ_CHECK(f, sum.faults == sum.spf[SPF_OK] + sum.classic, "%lu faults, %lu and %lu served",
		   (unsigned long)sum.faults, (unsigned long)sum.spf[SPF_OK],
		   (unsigned long)sum.classic);
}

void fuzz_check_tlb(void)
{
	for (unsigned int i = 0; i < HOST_TLB_ENTRIES; i++) {
		const struct host_tlb_entry *entry = host_tlb_entry(i);
		u64 pte, rights = HOST_PTE_USER | HOST_PTE_PRESENT;

		if (!entry)
			continue;
		pte = host_walk(entry->page & PAGE_MASK);
		FUZZ_CHECK(NULL, (pte & HOST_PTE_FRAME) == (entry->pte & HOST_PTE_FRAME) &&
			   !(entry->pte & rights & ~pte),
			   "stale translation of %lx: %lx, the tables say %lx",
			   entry->page & PAGE_MASK, (unsigned long)entry->pte, (unsigned long)pte);
	}
}

void fuzz_check_all(struct fuzz *f)
{
	u64 pages = 0;

	check_vmas(f);
	for (unsigned long page = 0; page < f->pages; page++)
		pages += check_page(f, page);
	if (f->alone)
		FUZZ_CHECK(f, pages == page_nr_kind(PAGE_ANON), "%lu pages mapped, %lu in use",
			   (unsigned long)pages, (unsigned long)page_nr_kind(PAGE_ANON));
	check_tables(f);
	check_counters(f);
	fuzz_check_tlb();
	FUZZ_CHECK(f, !rwsem_is_locked(&f->mm->mmap_sem) && !this_cpu()->nr_held && irq_enabled(),
		   "state %lx, %u locks held", (unsigned long)f->mm->mmap_sem.state,
		   this_cpu()->nr_held);
}
