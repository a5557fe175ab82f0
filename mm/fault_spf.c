/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The speculative fault path: anonymous memory without mmap_sem.
 *
 * Finds the VMA by a lockless walk inside an SRCU read section, samples its sequence count, copies
 * and checks its fields, walks the page tables with interrupts off, and takes the PTL by the mm's
 * policy. On any doubt it gives up with a reason and the classic path runs. What makes it right:
 *
 * - A VMA whose sequence count is even, has not moved and which is not dead was not being changed
 *   or unmapped in between (INV-1). The count is sampled before the dead mark, so that a count from
 *   after an unmap comes with the mark (L-17).
 * - Page tables of a live VMA are not freed, and those of one that dies are not freed while
 *   interrupts are off here, since the freeing waits for this CPU's acknowledgement (INV-3, L-35).
 *   So no table is touched with interrupts on, but the leaf whose PTL is held.
 * - Who changes a VMA makes its count odd before it takes a PTL; so a count found unchanged with
 *   the PTL held stays good for the entry until the PTL is dropped (MO-4).
 * - No table and no anon_vma is made here (INV-2, L-2, L-14), growing stacks are refused (L-24),
 *   and no VMA field is looked at after its check (L-19).
 *
 * With interrupts off nothing here may wait for a lock whose holder may wait for this CPU's
 * acknowledgement (INV-4): mm/ptl.h.
 *
 * Source: seed 001, patches 07 to 09, hardened as docs/hazards.md says.
 */
#include "lab/bug.h"
#include "lab/sync.h"
#include "mm/vm_fault.h"

/* Gives up at once, never waits, when a writer is at work (INV-6). */
static inline enum spf_reason spf_check_unchanged(const struct vm_fault *vmf)
{
	if (read_seqcount_retry(&vmf->vma->vm_sequence, vmf->seq))
		return SPF_VMA_CHANGED;
	smp_rmb();
	if (unlikely(vma_is_dead(vmf->vma)) && !bug(skip_dead_mark))
		return SPF_VMA_DEAD;
	return SPF_OK;
}

/* Copies the fields of @vma and judges them; the count was even when they were read. */
static enum spf_reason spf_check_vma(struct vm_fault *vmf, unsigned long addr)
{
	struct vma *vma = vmf->vma;
	unsigned long start = READ_ONCE(vma->start), end = READ_ONCE(vma->end);

	vmf->vm_flags = READ_ONCE(vma->flags);
	vmf->prot.v = READ_ONCE(vma->prot.v);
	vmf->anon_vma = READ_ONCE(vma->anon_vma);
	if (unlikely(addr < start || addr >= end) && !bug(skip_bounds_check))
		return SPF_OUT_OF_BOUNDS;
	if (unlikely(vmf->vm_flags & VM_GROWSDOWN))
		return SPF_NOT_SUPPORTED;
	if (unlikely(!fault_access_ok(vmf->vm_flags, vmf->flags)))
		return SPF_ACCESS;
	if (unlikely(!vmf->anon_vma) && (vmf->flags & FAULT_WRITE))
		return SPF_NO_ANON_VMA;
	return SPF_OK;
}

/* One look at each level (L-2). Interrupts off; vmf's VMA was found unchanged since they are. */
static enum spf_reason spf_walk(struct vm_fault *vmf)
{
	pgd_t *pgdp = pgd_of(vmf->mm, vmf->addr);
	p4d_t p4d;
	pud_t pud;

	if (pgd_none(pgd_read(pgdp)))
		return SPF_NO_PGD;
	p4d = p4d_read(p4d_of(pgdp, vmf->addr));
	if (unlikely(p4d_none(p4d)))
		return SPF_NO_P4D;
	pud = pud_read(pud_of(p4d, vmf->addr));
	if (unlikely(pud_none(pud)))
		return SPF_NO_PUD;
	vmf->pmdp = pmd_of(pud, vmf->addr);
	vmf->pmd = pmd_read(vmf->pmdp);
	if (unlikely(pmd_none(vmf->pmd)))
		return SPF_NO_PMD;
	if (unlikely(pmd_huge(vmf->pmd)))
		return SPF_HUGE;
	vmf->orig_pte = pte_read(pte_of(vmf->pmd, vmf->addr));
	return SPF_OK;
}

static enum spf_reason spf_attempt(struct vm_fault *vmf, unsigned long addr)
{
	enum spf_reason reason;
	bool busy;

	vmf->vma = find_vma_srcu(vmf->mm, addr, &busy);
	if (unlikely(!vmf->vma))
		return busy ? SPF_TREE_BUSY : SPF_NO_VMA;
	SYNC_POINT(spf_found);
	vmf->seq = raw_read_seqcount(&vmf->vma->vm_sequence);
	if (unlikely(vmf->seq & 1))
		return SPF_VMA_BUSY;
	if (unlikely(vma_is_dead(vmf->vma)) && !bug(skip_dead_mark))
		return SPF_VMA_DEAD;
	reason = spf_check_vma(vmf, addr);
	if (unlikely(reason != SPF_OK))
		return reason;
	SYNC_POINT(spf_validated);

	irq_disable();
	reason = spf_check_unchanged(vmf);
	if (likely(reason == SPF_OK))
		reason = spf_walk(vmf);
	irq_enable();
	if (unlikely(reason != SPF_OK))
		return reason;
	SYNC_POINT(spf_walked);

	switch (fault_handle_pte(vmf)) {
	case FAULT_DONE:
		return SPF_OK;
	case FAULT_GIVE_UP:
		return vmf->reason;
	default:
		return SPF_NO_MEMORY;
	}
}

/*
 * One try for the PTL, interrupts off throughout. The table is reached through *pmdp again, which
 * must still hold the value that was walked through: the lock lives with the table (patch 03).
 */
static enum ptl_result spf_try_lock(struct vm_fault *vmf, unsigned int attempt)
{
	enum ptl_result result;

	vmf->reason = spf_check_unchanged(vmf);
	if (unlikely(vmf->reason != SPF_OK))
		return PTL_ABORT;
	vmf->reason = SPF_PMD_CHANGED;
	if (unlikely(!pmd_same(pmd_read(vmf->pmdp), vmf->pmd)))
		return PTL_ABORT;
	vmf->ptl = &pmd_ptdesc(vmf->pmd)->ptl;
	SYNC_POINT(spf_before_ptl);
	vmf->reason = SPF_TRYLOCK;
	result = vmf->policy->lock(vmf->ptl, attempt);
	if (unlikely(result != PTL_LOCKED))
		return result;
	SYNC_POINT(spf_ptl_held);
	vmf->reason = spf_check_unchanged(vmf);
	if (unlikely(vmf->reason != SPF_OK) && !bug(skip_seq_recheck)) {
		spin_unlock(vmf->ptl);
		return PTL_ABORT;
	}
	return PTL_LOCKED;
}

bool spf_lock_pte(struct vm_fault *vmf)
{
	enum ptl_result result;
	unsigned int attempt = 0;

	for (;;) {
		irq_disable();
		result = spf_try_lock(vmf, attempt++);
		irq_enable();
		if (likely(result != PTL_RETRY))
			break;
		cpu_relax();
	}
	vmf->pte = pte_of(vmf->pmd, vmf->addr);
	return result == PTL_LOCKED;
}

enum spf_reason spf_handle_fault(struct mm *mm, const struct fault *fault)
{
	struct vm_fault vmf;
	enum spf_reason reason;
	int idx;

	fault_stats_here(mm)->spf_attempts++;
	vmf.mm = mm;
	vmf.addr = fault->addr & PAGE_MASK;
	vmf.flags = fault->flags;
	vmf.speculative = true;
	vmf.policy = bug(ptl_spin_irqs_off) ? ptl_policy_find("spin") : READ_ONCE(mm->ptl_policy);
	SYNC_POINT(spf_begin);
	idx = srcu_read_lock(&vma_srcu);
	reason = spf_attempt(&vmf, fault->addr);
	srcu_read_unlock(&vma_srcu, idx);
	return reason;
}
