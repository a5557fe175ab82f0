/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a fault does to an empty page-table entry of anonymous memory, inline for both paths.
 *
 * Each function prepares without a lock, takes the PTL in its path's way, looks whether the entry
 * is still empty, and fills it. Whoever fails to get the lock gives back exactly what it took
 * (INV-8). What entries need that are not empty is rarer: mm/fault_anon.c.
 * Source: RFC v5, patches 02 and 03.
 */
#pragma once

#include "lab/shadow.h"
#include "mm/page_cache.h"
#include "mm/vm_fault.h"

/* For an entry that is there: @vmf's address would get out of the compiler's hands otherwise. */
static __always_inline enum fault_result fault_pass_present(struct vm_fault *vmf)
{
	struct vm_fault copy = *vmf;
	enum fault_result result = fault_handle_present(&copy);

	vmf->reason = copy.reason;
	return result;
}

/* A path's way to take the PTL: true with vmf->ptl held and interrupts on, or false. */
typedef bool vm_fault_lock_t(struct vm_fault *vmf);

/* The PTL is held: whether the entry did not change. If it did, lets the PTL go. */
static __always_inline bool fault_check_same(struct vm_fault *vmf)
{
	if (likely(pte_same(pte_read(vmf->pte), vmf->orig_pte)))
		return true;
	spin_unlock(vmf->ptl);
	/* Somebody else's fault was faster: the access is repeated and sees what it left. */
	shadow_fault_repeats();
	vmf->stats->spurious++;
	return false;
}

/* Stores the entry, which was @vmf->orig_pte; PTL held. */
static __always_inline void fault_set_pte(struct vm_fault *vmf, pte_t pte)
{
	shadow_pte(vmf->vma->mm, vmf->addr, vmf->orig_pte, pte);
	pte_set(vmf->pte, pte);
}

/* A read of a page never written: all such reads share the page of zeroes, read-only. */
static __always_inline enum fault_result fault_map_zero(struct vm_fault *vmf, vm_fault_lock_t lock)
{
	if (unlikely(!lock(vmf)))
		return FAULT_GIVE_UP;
	if (unlikely(!fault_check_same(vmf)))
		return FAULT_DONE;
	fault_set_pte(vmf, pte_mkspecial(pte_wrprotect(pte_make(zero_pfn, vmf->prot))));
	spin_unlock(vmf->ptl);
	vmf->stats->zero_read++;
	return FAULT_DONE;
}

/* The entry for a new page at a fault that @vmf describes. */
static __always_inline pte_t fault_anon_pte(const struct vm_fault *vmf, const struct page *page)
{
	pte_t pte = pte_make(page_to_pfn(page), vmf->prot);

	return pte_write(pte) ? pte_mkdirty(pte) : pte;
}

/* Ties @page to its anon_vma as mapped once; the reference is the allocation's (INV-12). */
static __always_inline void fault_page_mapped(const struct vm_fault *vmf, struct page *page)
{
	page->mapping = vmf->anon_vma;
	page->index = vmf->addr >> PAGE_SHIFT;
	atomic_set(&page->mapcount, 1);
}

/* The first write. */
static __always_inline enum fault_result fault_map_new(struct vm_fault *vmf, vm_fault_lock_t lock)
{
	struct page *page = page_alloc_zeroed(PAGE_ANON);

	if (unlikely(!page))
		return FAULT_OOM;
	if (unlikely(!lock(vmf))) {
		page_put(page);
		return FAULT_GIVE_UP;
	}
	if (unlikely(!fault_check_same(vmf))) {
		page_put(page);
		return FAULT_DONE;
	}
	fault_page_mapped(vmf, page);
	fault_set_pte(vmf, fault_anon_pte(vmf, page));
	spin_unlock(vmf->ptl);
	vmf->stats->anon_write++;
	return FAULT_DONE;
}
