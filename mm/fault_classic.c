/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The classic fault path: under mmap_sem for reading.
 *
 * Finds the VMA, checks the access, expands the stack, makes page tables, and leaves the entry to
 * fault_handle_pte. It is also the only path that makes page tables (INV-2) and anon_vmas (L-14),
 * so it serves what speculation gives up. Locks: mmap_sem (read; write to expand the stack), then
 * page_table_lock and PTL one after the other.
 */
#include "kernel/errno.h"
#include "lab/sync.h"
#include "lab/trace.h"
#include "mm/fault_anon.h"

/* Stack growth needs the write lock; whatever the outcome, the fault looks everything up again. */
static __noinline int classic_expand_stack(struct mm *mm, unsigned long addr)
{
	struct vma *vma;
	int err = 0;

	down_write(&mm->mmap_sem);
	vma = find_vma(mm, addr);
	if (!vma)
		err = -ENOMEM;
	else if (addr < vma->start)
		err = vma->flags & VM_GROWSDOWN ? mm_expand_stack(mm, vma, addr) : -ENOMEM;
	up_write(&mm->mmap_sem);
	return err;
}

/* Walks down to the entry, making the tables that are missing; false without memory. */
static __always_inline bool classic_walk(struct mm *mm, struct vm_fault *vmf)
{
	vmf->pmdp = pgtable_find_pmd(mm, vmf->addr);
	if (unlikely(!vmf->pmdp || pmd_none(pmd_read(vmf->pmdp)))) {
		vmf->pmdp = pgtable_make(mm, vmf->addr);
		if (!vmf->pmdp)
			return false;
	}
	vmf->pmd = pmd_read(vmf->pmdp);
	vmf->pte = pte_of(vmf->pmd, vmf->addr);
	vmf->orig_pte = pte_read(vmf->pte);
	return true;
}

static __always_inline bool classic_lock_pte(struct vm_fault *vmf)
{
	vm_fault_lock(vmf);
	return true;
}

/* The part for which nothing is missing in @vma. mmap_sem held for reading. */
static __always_inline enum fault_result classic_handle_vma(struct mm *mm, struct vma *vma,
							     struct fault fault)
{
	struct vm_fault vmf;

	vmf.vma = vma;
	vmf.stats = fault_stats_here(mm);
	vmf.addr = fault.addr;
	vmf.flags = fault.flags;
	vmf.prot = vma->prot;
	vmf.speculative = false;
	vmf.anon_vma = READ_ONCE(vma->anon_vma);
	if ((fault.flags & FAULT_WRITE) && unlikely(!vmf.anon_vma)) {
		if (anon_vma_prepare(vma))
			return FAULT_OOM;
		vmf.anon_vma = READ_ONCE(vma->anon_vma);
	}
	if (unlikely(!classic_walk(mm, &vmf)))
		return FAULT_OOM;
	if (unlikely(!pte_none(vmf.orig_pte)))
		return fault_pass_present(&vmf);
	return fault.flags & FAULT_WRITE ? fault_map_new(&vmf, classic_lock_pte) :
					   fault_map_zero(&vmf, classic_lock_pte);
}

static __always_inline enum fault_result classic_resolve(struct mm *mm, struct fault fault)
{
	enum fault_result result;
	struct vma *vma;

	SYNC_POINT(classic_begin);
	for (;;) {
		down_read(&mm->mmap_sem);
		SYNC_POINT(classic_mmap_sem);
		vma = find_vma(mm, fault.addr);
		if (likely(vma && fault.addr >= vma->start))
			break;
		up_read(&mm->mmap_sem);
		if (!vma || !(fault.flags & FAULT_USER) || classic_expand_stack(mm, fault.addr))
			return FAULT_SEGV_MAPERR;
	}
	if (likely(fault_access_ok(vma->flags, fault.flags)))
		result = classic_handle_vma(mm, vma, fault);
	else
		result = FAULT_SEGV_ACCERR;
	up_read(&mm->mmap_sem);
	return result;
}

enum fault_result classic_handle_fault(struct mm *mm, struct fault fault)
{
	return classic_resolve(mm, fault);
}

void classic_user_fault(struct mm *mm, struct fault fault)
{
	enum fault_result result = classic_resolve(mm, fault);

	this_cpu()->fault_stats->classic++;
	trace(FAULT, FAULT_CLASSIC, result, 0, 0);
	if (unlikely(result != FAULT_DONE))
		fault_failed(mm, fault, result);
}

void mm_populate(struct mm *mm, unsigned long start, unsigned long end)
{
	for (unsigned long addr = start; addr < end; addr += PAGE_SIZE) {
		struct fault fault = { .addr = addr, .flags = FAULT_WRITE };
		enum fault_result result = classic_handle_fault(mm, fault);

		if (result == FAULT_SEGV_ACCERR) {
			fault.flags = 0;
			result = classic_handle_fault(mm, fault);
		}
		if (result != FAULT_DONE)
			return;
	}
}

/* The loader writes pages that user mode may not: the entry gets the VMA's protection. */
static int mm_write_page(struct mm *mm, unsigned long addr, const void *src, size_t len)
{
	struct fault fault = { .addr = addr, .flags = FAULT_WRITE };
	struct spinlock *ptl;
	struct vma *vma;
	int err = -EFAULT;
	pte_t *ptep;

	down_read(&mm->mmap_sem);
	vma = find_vma(mm, addr);
	if (!vma || addr < vma->start)
		goto out;
	ptep = pte_lock(mm, addr, &ptl);
	if (ptep && !pte_present(pte_read(ptep))) {
		spin_unlock(ptl);
		ptep = NULL;
	}
	if (!ptep) {
		err = -ENOMEM;
		if (classic_handle_vma(mm, vma, fault) == FAULT_OOM)
			goto out;
		ptep = pte_lock(mm, addr, &ptl);
	}
	memcpy(phys_to_virt(pte_pfn(pte_read(ptep)) << PAGE_SHIFT) + (addr & ~PAGE_MASK), src, len);
	spin_unlock(ptl);
	err = 0;
out:
	up_read(&mm->mmap_sem);
	return err;
}

int mm_write(struct mm *mm, unsigned long addr, const void *src, size_t len)
{
	while (len) {
		size_t n = min(len, (size_t)(PAGE_SIZE - (addr & ~PAGE_MASK)));
		int err = mm_write_page(mm, addr, src, n);

		if (err)
			return err;
		addr += n;
		src = (const char *)src + n;
		len -= n;
	}
	return 0;
}
