/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One fault on its way through the fault paths: what mm/fault*.c share among themselves.
 *
 * A path finds and checks the VMA, walks the tables and fills a struct vm_fault; fault_handle_pte
 * then decides what the entry needs and calls back through vm_fault_lock for the PTL, which each
 * path takes in its own way. There is one copy of what happens to the entry.
 */
#pragma once

#include "kernel/cpu.h"
#include "mm/fault.h"
#include "mm/pgtable.h"
#include "mm/ptl.h"

struct vm_fault {
	struct mm *mm;
	struct vma *vma;
	unsigned long addr; /* page-aligned */
	u32 flags;	    /* FAULT_* */

	/* The VMA's fields as they were checked; the speculative path must not look again (L-19). */
	unsigned long vm_flags;
	pgprot_t prot;
	struct anon_vma *anon_vma;

	pmd_t *pmdp;
	pmd_t pmd;	/* the value that was walked through */
	pte_t orig_pte; /* read in the same window as pmd (L-3) */

	bool speculative;
	u32 seq; /* of vma->vm_sequence, even */
	const struct ptl_policy *policy;
	enum spf_reason reason; /* why vm_fault_lock failed */

	/* Valid while vm_fault_lock's lock is held. */
	pte_t *pte;
	struct spinlock *ptl;
};

enum fault_result {
	FAULT_DONE,
	FAULT_GIVE_UP, /* speculative only: vmf->reason says why */
	FAULT_OOM,
	FAULT_SEGV_MAPERR, /* classic only */
	FAULT_SEGV_ACCERR,
};

/* Resolves the fault at the entry described by @vmf. Interrupts on; may sleep (allocation). */
enum fault_result fault_handle_pte(struct vm_fault *vmf);
/* Whether @vm_flags permit the access of @flags. */
bool fault_access_ok(unsigned long vm_flags, u32 flags);
/* The counters of @mm on this CPU. */
struct fault_stats *fault_stats_here(struct mm *mm);

/* mm/fault_spf.c. Returns SPF_OK, or why it gave up. */
enum spf_reason spf_handle_fault(struct mm *mm, const struct fault *fault);
/* Takes the PTL without mmap_sem; false with vmf->reason set. Returns with interrupts on. */
bool spf_lock_pte(struct vm_fault *vmf);

/* mm/fault_classic.c. */
enum fault_result classic_handle_fault(struct mm *mm, const struct fault *fault);

static inline bool vm_fault_lock(struct vm_fault *vmf)
{
	if (vmf->speculative)
		return spf_lock_pte(vmf);
	vmf->pte = pte_of(vmf->pmd, vmf->addr);
	vmf->ptl = &pmd_ptdesc(vmf->pmd)->ptl;
	spin_lock(vmf->ptl);
	return true;
}

static inline void vm_fault_unlock(struct vm_fault *vmf)
{
	spin_unlock(vmf->ptl);
}
