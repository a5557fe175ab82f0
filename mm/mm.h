/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Address spaces.
 *
 * Lock order: docs/locking.md. Fields are grouped by what guards them.
 */
#pragma once

#include "kernel/cpumask.h"
#include "kernel/list.h"
#include "kernel/mutex.h"
#include "kernel/seqlock.h"
#include "mm/fault.h"
#include "mm/vma.h"

#define MAX_MAP_COUNT 65530

struct mm {
	atomic_t users; /* threads, and others that hold it */

	struct rwsem mmap_sem;
	/* Guarded by mmap_sem: written with it held for writing. */
	struct list_head vmas; /* by address */
	unsigned int nr_vmas;
	unsigned long mmap_top;	 /* mappings are placed below */
	unsigned long brk_start, brk;
	/* Guarded by mmap_sem (write) and mm_seq. */
	struct rb_root mm_rb;
	struct seqlock mm_seq;

	/* Page tables: upper levels guarded by page_table_lock, leaf tables by their ptdesc's. */
	pgd_t *pgd;
	struct spinlock page_table_lock;
	atomic64_t nr_tables;

	/* TLB: lockless, see mm/tlb.h. */
	struct cpumask cpus; /* CPUs that may hold translations */
	atomic64_t tlb_gen;

	/* How its faults are handled; prctl or boot word, read once per fault. */
	enum fault_path fault_path;
	const struct ptl_policy *ptl_policy;
	struct fault_stats *stats; /* one per CPU, written by that CPU */
#if LAB
	struct shadow *shadow; /* its model, if there is one (lab/shadow.h) */
#endif
};

void mm_subsystem_init(void);
/* A new empty address space with one user, or NULL. */
struct mm *mm_create(void);
static inline void mm_get(struct mm *mm)
{
	atomic_inc(&mm->users);
}
/* Drops a user; the last one unmaps everything and frees it. May sleep. Must not be loaded on this
 * CPU: call mm_switch(NULL) before. */
void mm_put(struct mm *mm);
u64 mm_nr_used(void);

/*
 * Loads @mm on this CPU (NULL: the kernel's own), sets and clears this CPU's bit in the masks
 * (MO-6). From the scheduler with interrupts off, or for the current thread.
 */
void mm_switch(struct mm *mm);

/*
 * --- system calls' work ---
 * Arguments as the caller gave them, errors as Linux returns them. They take mmap_sem and may
 * sleep; mmap_sem not held.
 */
/* Anonymous memory only: -EBADF without MAP_ANONYMOUS. Returns the address. */
long mm_mmap(struct mm *mm, unsigned long addr, unsigned long len, unsigned long prot,
	     unsigned long flags);
long mm_munmap(struct mm *mm, unsigned long addr, unsigned long len);
/* A hole ends it with -ENOMEM; what lies below has been changed then, as on Linux. */
long mm_mprotect(struct mm *mm, unsigned long addr, unsigned long len, unsigned long prot);
/* MADV_DONTNEED; MADV_REMOVE for shared mappings; and the hints, which are accepted and ignored. */
long mm_madvise(struct mm *mm, unsigned long addr, unsigned long len, int advice);
/* The new break, or the old one if it cannot be moved (Linux's way). */
unsigned long mm_brk(struct mm *mm, unsigned long brk);
/* Takes everything out: the last user has gone. */
void mm_unmap_all(struct mm *mm);
/* Faults in every page of [@start, @end), up to the first that cannot be had. */
void mm_populate(struct mm *mm, unsigned long start, unsigned long end);

/* Grows the stack VMA down to hold @addr; mmap_sem held for writing. Who held it for reading must
 * have dropped it and looked @vma up again. 0, -EFAULT if it is none that grows, -ENOMEM if it
 * would be too large or too near another VMA. */
int mm_expand_stack(struct mm *mm, struct vma *vma, unsigned long addr);
/* Writes @len bytes of @src to user address @addr of any mm, faulting pages in: for the ELF loader.
 * Returns 0, -EFAULT, -ENOMEM. mmap_sem not held; may sleep. */
int mm_write(struct mm *mm, unsigned long addr, const void *src, size_t len);

/* The same bits as VM_READ, VM_WRITE and VM_EXEC. */
#define PROT_READ 1
#define PROT_WRITE 2
#define PROT_EXEC 4
_Static_assert(PROT_READ == VM_READ && PROT_WRITE == VM_WRITE && PROT_EXEC == VM_EXEC,
	       "access bits of VMAs are those of system calls");
#define MAP_SHARED 0x01
#define MAP_PRIVATE 0x02
#define MAP_TYPE 0x0f /* mask of the two above */
#define MAP_FIXED 0x10
#define MAP_ANONYMOUS 0x20
#define MAP_GROWSDOWN 0x0100
#define MAP_NORESERVE 0x4000
#define MAP_POPULATE 0x8000
#define MAP_STACK 0x20000
#define MAP_FIXED_NOREPLACE 0x100000
#define MADV_NORMAL 0
#define MADV_RANDOM 1
#define MADV_SEQUENTIAL 2
#define MADV_WILLNEED 3
#define MADV_DONTNEED 4
#define MADV_REMOVE 9
