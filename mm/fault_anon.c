/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a fault does to a page-table entry of anonymous memory that is there already, for all
 * paths. The frequent case, an empty entry, is inline in mm/fault_anon.h.
 *
 * Each function prepares without a lock, takes the PTL in its path's way, looks whether the entry
 * is still the one it prepared for, and changes it. Whoever fails to get the lock gives back
 * exactly what it took (INV-8). Locks: PTL, with interrupts on while it is held, since replacing
 * the zero page waits for shootdown acknowledgements under it.
 * Source: RFC v5, patches 02 and 03.
 */
#include "mm/fault_anon.h"
#include "arch/tlb.h"
#include "lab/sync.h"
#include "mm/tlb.h"

/* Takes the PTL and checks that the entry did not change; false: *@result is what to return. */
static bool fault_lock_same(struct vm_fault *vmf, enum fault_result *result)
{
	if (!vmf->speculative) {
		vm_fault_lock(vmf);
	} else if (unlikely(!spf_lock_pte_retry(vmf, 0))) {
		*result = FAULT_GIVE_UP;
		return false;
	}
	*result = FAULT_DONE;
	return fault_check_same(vmf);
}

/*
 * The first write to a page that was read before. Other CPUs may hold the translation to the page
 * of zeroes: it goes from every TLB before the new page is visible, with the PTL held, so that
 * nobody reads old zeroes after a new value was seen (hazard 9.2 is what comes of the wait).
 */
static enum fault_result fault_replace_zero(struct vm_fault *vmf)
{
	struct page *page = page_alloc_zeroed(PAGE_ANON);
	enum fault_result result;

	if (unlikely(!page))
		return FAULT_OOM;
	if (unlikely(!fault_lock_same(vmf, &result))) {
		page_put(page);
		return result;
	}
	pte_get_and_clear(vmf->pte);
	SYNC_POINT(cow_flush_ptl);
	tlb_flush_page(vmf->vma->mm, vmf->addr & PAGE_MASK);
	fault_page_mapped(vmf, page);
	fault_set_pte(vmf, fault_anon_pte(vmf, page));
	spin_unlock(vmf->ptl);
	vmf->stats->zero_cow++;
	return FAULT_DONE;
}

/*
 * A write to a page that is there but read-only, after mprotect gave the right back. The page has
 * no other user, so it is made writable in place; a stale read-only translation elsewhere only
 * costs that CPU a fault that finds nothing to do.
 */
static enum fault_result fault_make_writable(struct vm_fault *vmf)
{
	struct page *page = pfn_to_page(pte_pfn(vmf->orig_pte));
	enum fault_result result;

	if (!fault_lock_same(vmf, &result))
		return result;
	BUG_ON_MSG(atomic_read(&page->refcount) != 1, "pfn %lx refcount %d mapcount %d",
		   (unsigned long)page_to_pfn(page), atomic_read(&page->refcount),
		   atomic_read(&page->mapcount));
	fault_set_pte(vmf, pte_mkyoung(pte_mkdirty(pte_mkwrite(vmf->orig_pte))));
	spin_unlock(vmf->ptl);
	vmf->stats->wp_reuse++;
	return FAULT_DONE;
}

/*
 * The entry permits the access by now: another CPU made it so, and this one's translation was out
 * of date. It is dropped, or the access could fault for ever (INV-13).
 */
static enum fault_result fault_spurious(struct vm_fault *vmf)
{
	arch_tlb_flush_page(vmf->addr & PAGE_MASK);
	vmf->stats->spurious++;
	return FAULT_DONE;
}

enum fault_result fault_handle_present(struct vm_fault *vmf)
{
	pte_t pte = vmf->orig_pte;

	if ((vmf->flags & FAULT_WRITE) && !pte_write(pte))
		return pte_special(pte) ? fault_replace_zero(vmf) : fault_make_writable(vmf);
	return fault_spurious(vmf);
}
