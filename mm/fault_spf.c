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
 *   after an unmap comes with the mark (L-17). One look at the mark is enough: an unmap that marks
 *   the VMA later also opens its section later, before it zaps, and that moves the count.
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
 * Source: the speculative page fault series of 2017 (RFC v5), patches 07 to 09, hardened as
 * docs/hazards.md says.
 */
#include "lab/bug.h"
#include "lab/sync.h"
#include "lab/trace.h"
#include "mm/fault_anon.h"
#include "mm/table_watch.h"
#include "mm/vma_walk.h"

/* Gives up at once, never waits, when a writer is at work (INV-6). */
static __always_inline bool spf_changed(const struct vm_fault *vmf)
{
	return read_seqcount_retry(&vmf->vma->vm_sequence, vmf->seq);
}

/* Samples the count of vmf's VMA, then looks at the mark. */
static __always_inline enum spf_reason spf_sample_vma(struct vm_fault *vmf)
{
	vmf->seq = raw_read_seqcount(&vmf->vma->vm_sequence);
	if (unlikely(vmf->seq & 1))
		return SPF_VMA_BUSY;
	if (unlikely(vma_is_dead(vmf->vma)) && !bug(skip_dead_mark))
		return SPF_VMA_DEAD;
	return SPF_OK;
}

/* From here on no table is freed that is linked now (INV-3). */
static __always_inline void spf_window_begin(void)
{
	if (!bug(walk_irqs_on))
		irq_disable();
}

/* Copies the fields of the VMA and judges them; the count was even when they were read. */
static __always_inline enum spf_reason spf_check_vma(struct vm_fault *vmf)
{
	struct vma *vma = vmf->vma;
	unsigned long start = READ_ONCE(vma->start), end = READ_ONCE(vma->end);
	unsigned long flags = READ_ONCE(vma->flags);

	vmf->prot.v = READ_ONCE(vma->prot.v);
	vmf->anon_vma = READ_ONCE(vma->anon_vma);
	if (unlikely(vmf->addr < start || vmf->addr >= end) && !bug(skip_bounds_check))
		return SPF_OUT_OF_BOUNDS;
	if (unlikely(flags & VM_GROWSDOWN))
		return SPF_NOT_SUPPORTED;
	if (unlikely(!fault_access_ok(flags, vmf->flags)))
		return SPF_ACCESS;
	if (unlikely(!vmf->anon_vma) && (vmf->flags & FAULT_WRITE) && !bug(skip_anon_vma_check))
		return SPF_NO_ANON_VMA;
	return SPF_OK;
}

/* One look at each level (L-2). Interrupts off; the VMA was found unchanged since they are. */
static __always_inline enum spf_reason spf_walk(struct mm *mm, struct vm_fault *vmf)
{
	pgd_t *pgdp = pgd_of(mm, vmf->addr);
	p4d_t p4d;
	pud_t pud;

	if (!P4D_FOLDED && pgd_none(pgd_read(pgdp)))
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
	vmf->pte = pte_of(vmf->pmd, vmf->addr);
	table_watch_begin(vmf);
	SYNC_POINT(spf_in_walk);
	vmf->orig_pte = pte_read(vmf->pte);
	table_watch_pte(vmf);
	return SPF_OK;
}

static const struct ptl_policy *spf_ptl_policy(struct mm *mm)
{
	return bug(ptl_spin_irqs_off) ? ptl_policy_find("spin") : READ_ONCE(mm->ptl_policy);
}

/* The PTL was held: what the policy of the mm says. */
static __noinline enum ptl_result spf_ptl_contended(struct mm *mm, struct spinlock *ptl,
						    unsigned int attempt)
{
	SYNC_POINT(spf_ptl_contended);
	return spf_ptl_policy(mm)->contended(ptl, attempt);
}

/* The PTL will be tried for: tells what would be done if it were held. */
static __always_inline void spf_announce_wait(const struct vm_fault *vmf)
{
#if LAB
	if (unlikely(READ_ONCE(hook_listeners)) && spf_ptl_policy(vmf->vma->mm)->waits)
		hook_lock(HOOK_MAY_WAIT, HOOK_SPINLOCK, vmf->ptl);
#else
	(void)vmf;
#endif
}

/* One try for the PTL. Interrupts off, the VMA was found unchanged and pmd linked since then. */
static __always_inline enum ptl_result spf_try_lock(struct vm_fault *vmf, unsigned int attempt)
{
	if (!table_watch_age(vmf) || !table_watch_same(vmf)) {
		vmf->reason = SPF_PMD_CHANGED;
		return PTL_ABORT;
	}
	vmf->ptl = &pmd_ptdesc(vmf->pmd)->ptl;
	spf_announce_wait(vmf);
	SYNC_POINT(spf_before_ptl);
	if (unlikely(!spin_trylock(vmf->ptl))) {
		enum ptl_result result = spf_ptl_contended(vmf->vma->mm, vmf->ptl, attempt);

		vmf->reason = SPF_TRYLOCK;
		if (result != PTL_LOCKED) {
			SYNC_POINT(spf_ptl_refused);
			return result;
		}
	}
	SYNC_POINT(spf_ptl_held);
	if (unlikely(spf_changed(vmf)) && !bug(skip_seq_recheck)) {
		spin_unlock(vmf->ptl);
		vmf->reason = SPF_VMA_CHANGED;
		return PTL_ABORT;
	}
	if (!table_watch_same(vmf)) {
		spin_unlock(vmf->ptl);
		vmf->reason = SPF_PMD_CHANGED;
		return PTL_ABORT;
	}
	return PTL_LOCKED;
}

/*
 * After interrupts were open. The table is reached through *pmdp again, which must still hold the
 * value that was walked through: the lock lives with the table (patch 03).
 */
static __always_inline bool spf_revalidate(struct vm_fault *vmf)
{
	if (bug(skip_table_check))
		return true;
	if (unlikely(spf_changed(vmf))) {
		vmf->reason = SPF_VMA_CHANGED;
		return false;
	}
	if (unlikely(!pmd_same(pmd_read(vmf->pmdp), vmf->pmd))) {
		vmf->reason = SPF_PMD_CHANGED;
		return false;
	}
	return true;
}

bool spf_lock_pte_retry(struct vm_fault *vmf, unsigned int attempt)
{
	enum ptl_result result;

	for (;; attempt++) { /* bounded: by the policy, see mm/ptl.h */
		if (attempt)
			cpu_relax();
		spf_window_begin();
		result = spf_revalidate(vmf) ? spf_try_lock(vmf, attempt) : PTL_ABORT;
		irq_enable();
		if (result != PTL_RETRY)
			return result == PTL_LOCKED;
	}
}

/* The first try, in a window in which all was validated; closes the window. */
static __always_inline bool spf_lock_in_window(struct vm_fault *vmf)
{
	enum ptl_result result = spf_try_lock(vmf, 0);
	struct vm_fault copy;
	bool locked;

	irq_enable();
	if (likely(result != PTL_RETRY))
		return result == PTL_LOCKED;
	copy = *vmf;
	locked = spf_lock_pte_retry(&copy, 1);
	vmf->reason = copy.reason;
	return locked;
}

static __always_inline bool spf_lock_pte(struct vm_fault *vmf)
{
	spf_window_begin();
	if (likely(spf_revalidate(vmf)))
		return spf_lock_in_window(vmf);
	irq_enable();
	return false;
}

/* The entry, in the window of the walk, which it closes: to take a lock, or to prepare for one. */
static __always_inline enum fault_result spf_handle_pte(struct vm_fault *vmf)
{
	bool empty = pte_none(vmf->orig_pte);

	if (likely(empty) && !(vmf->flags & FAULT_WRITE)) {
		SYNC_POINT(spf_walked);
		return fault_map_zero(vmf, spf_lock_in_window);
	}
	irq_enable();
	SYNC_POINT(spf_walked);
	return likely(empty) ? fault_map_new(vmf, spf_lock_pte) : fault_pass_present(vmf);
}

static __always_inline enum spf_reason spf_attempt(struct mm *mm, struct vm_fault *vmf)
{
	enum spf_reason reason;
	bool busy;

	vmf->vma = find_vma_srcu(mm, vmf->addr, &busy);
	if (unlikely(!vmf->vma))
		return busy ? SPF_TREE_BUSY : SPF_NO_VMA;
	SYNC_POINT(spf_found);
	reason = spf_sample_vma(vmf);
	if (unlikely(reason != SPF_OK))
		return reason;
	reason = spf_check_vma(vmf);
	if (unlikely(reason != SPF_OK))
		return reason;
	SYNC_POINT(spf_validated);

	spf_window_begin();
	if (unlikely(spf_changed(vmf))) {
		irq_enable();
		return SPF_VMA_CHANGED;
	}
	reason = spf_walk(mm, vmf);
	if (unlikely(reason != SPF_OK)) {
		irq_enable();
		return reason;
	}
	switch (spf_handle_pte(vmf)) {
	case FAULT_DONE:
		return SPF_OK;
	case FAULT_GIVE_UP:
		return vmf->reason;
	default:
		return SPF_NO_MEMORY;
	}
}

void spf_user_fault(struct mm *mm, struct fault fault)
{
	/* Nothing in an attempt sleeps, so it ends on the CPU where it began. */
	struct vm_fault vmf = {
		.stats = this_cpu()->fault_stats,
		.addr = fault.addr,
		.flags = fault.flags,
		.speculative = true,
	};
	struct srcu_count *section;
	enum spf_reason reason;

	vmf.stats->spf_attempts++;
	SYNC_POINT(spf_begin);
	section = srcu_read_lock_awake(&vma_srcu);
	reason = spf_attempt(mm, &vmf);
	srcu_read_unlock_awake(&vma_srcu, section);
	vmf.stats->spf[reason]++;
	trace(FAULT, FAULT_SPF, reason, fault.addr, 0);
	SYNC_POINT(spf_done);
	if (unlikely(reason != SPF_OK))
		classic_user_fault(current->mm, fault); /* @mm is not kept till here */
}
