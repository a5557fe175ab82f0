/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One fault on its way through the fault paths: what mm/fault*.c share among themselves.
 *
 * A path finds and checks the VMA, walks the tables and fills a struct vm_fault; what the entry
 * then needs is in mm/fault_anon.h and mm/fault_anon.c, one copy of the source for both paths.
 *
 * The frequent part is inline, so that the compiler makes a function of each path whose struct
 * vm_fault lives in registers: its address goes to nobody on that part. Rare functions are out of
 * line and get a copy.
 */
#pragma once

#include "kernel/cpu.h"
#include "mm/fault.h"
#include "mm/pgtable.h"
#include "mm/ptl.h"

struct vm_fault {
	struct vma *vma; /* knows the mm, which is constant */
	/* This CPU's counters of the mm. Filled in where nothing sleeps any more before the end. */
	struct fault_stats *stats;
	unsigned long addr; /* as reported, not aligned */
	u32 flags;	    /* FAULT_* */

	/* The VMA's fields as they were checked; speculation must not look again (L-19). */
	pgprot_t prot;
	struct anon_vma *anon_vma;

	pmd_t *pmdp;
	pmd_t pmd; /* the value that was walked through */
	pte_t *pte; /* in the table of pmd; followed in the walk or with its lock held */
	pte_t orig_pte; /* read in the same window as pmd (L-3) */
#if LAB
	u32 generation; /* of the table of pmd when it was walked */
#endif

	bool speculative;
	u32 seq; /* of vma->vm_sequence, even */
	enum spf_reason reason; /* why spf_lock_pte failed */

	struct spinlock *ptl; /* once it is held */
};

enum fault_result {
	FAULT_DONE,
	FAULT_GIVE_UP, /* speculative only: vmf->reason says why */
	FAULT_OOM,
	FAULT_SEGV_MAPERR, /* classic only */
	FAULT_SEGV_ACCERR,
};

/* mm/fault_anon.c: resolves the fault at an entry that was not empty. Interrupts on. */
enum fault_result fault_handle_present(struct vm_fault *vmf);

/* mm/fault.c: what is left to do when a fault was not resolved. */
void fault_failed(struct mm *mm, struct fault fault, enum fault_result result);

/* mm/fault_spf.c: a fault from user mode, on to classic_user_fault if the attempt gives up. */
void spf_user_fault(struct mm *mm, struct fault fault);
/*
 * Validates and tries for the PTL without mmap_sem until the policy has enough, @attempt being the
 * number of tries before; false with vmf->reason set. Interrupts on, and on again when it returns.
 */
bool spf_lock_pte_retry(struct vm_fault *vmf, unsigned int attempt);

/* mm/fault_classic.c: a fault from user mode to its end; any fault. Both may sleep. */
void classic_user_fault(struct mm *mm, struct fault fault);
enum fault_result classic_handle_fault(struct mm *mm, struct fault fault);

/* Takes the PTL of a table that mmap_sem keeps. */
static inline void vm_fault_lock(struct vm_fault *vmf)
{
	vmf->ptl = &pmd_ptdesc(vmf->pmd)->ptl;
	spin_lock(vmf->ptl);
}

/* The counters of @mm on this CPU. */
static inline struct fault_stats *fault_stats_here(struct mm *mm)
{
	return &mm->stats[cpu_id()];
}

/* Whether @vm_flags permit the access of @flags. */
static inline bool fault_access_ok(unsigned long vm_flags, u32 flags)
{
	if (flags & FAULT_WRITE)
		return vm_flags & VM_WRITE;
	if (flags & FAULT_EXEC)
		return vm_flags & VM_EXEC;
	return vm_flags & VM_ACCESS;
}
