/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page faults: one entry for the arch, the paths behind it, and the counters of what they did.
 */
#pragma once

#include "kernel/types.h"

struct mm;
struct trap_frame;

/* A fault as the arch decodes it. */
struct fault {
	unsigned long addr; /* as reported, not aligned */
	u32 flags;	    /* FAULT_* */
};

#define FAULT_WRITE BIT(0)
#define FAULT_EXEC BIT(1)    /* instruction fetch */
#define FAULT_USER BIT(2)    /* from user mode */
#define FAULT_PRESENT BIT(3) /* a translation was there and did not permit it */
#define FAULT_RESERVED BIT(4) /* the page tables themselves are malformed: always a bug */

enum fault_path { FAULT_PATH_CLASSIC, FAULT_PATH_SPF, NR_FAULT_PATHS };

/* Why a speculative attempt gave up; the classic path handles the fault then. */
#define SPF_REASON_LIST(X)                                                                         \
	X(TREE_BUSY, "tree_busy")     /* the VMA tree never held still */                          \
	X(NO_VMA, "no_vma")	      /* nothing at or above the address */                        \
	X(OUT_OF_BOUNDS, "out_of_bounds")                                                          \
	X(VMA_BUSY, "vma_busy")	      /* vm_sequence odd: a change is going on */                  \
	X(VMA_DEAD, "vma_dead")	      /* taken out of the tree */                                  \
	X(VMA_CHANGED, "vma_changed") /* vm_sequence moved during the attempt */                   \
	X(NOT_SUPPORTED, "not_supported") /* growing stack */                                      \
	X(NO_ANON_VMA, "no_anon_vma") /* first write fault of a VMA */                             \
	X(ACCESS, "access")	      /* not permitted: the classic path makes the signal */       \
	X(NO_PGD, "no_pgd")                                                                        \
	X(NO_P4D, "no_p4d")                                                                        \
	X(NO_PUD, "no_pud")                                                                        \
	X(NO_PMD, "no_pmd")                                                                        \
	X(HUGE, "huge")                                                                            \
	X(PMD_CHANGED, "pmd_changed") /* the table is not the one walked before */                 \
	X(TRYLOCK, "trylock")	      /* the PTL was held */                                       \
	X(NO_MEMORY, "no_memory")

enum spf_reason {
	SPF_OK,
#define X(name, text) SPF_##name,
	SPF_REASON_LIST(X)
#undef X
	NR_SPF_REASONS
};

const char *spf_reason_name(enum spf_reason reason);

/* Per CPU and mm. INV-9: spf_attempts = sum of spf[]; faults = spf[SPF_OK] + classic. */
struct fault_stats {
	u64 faults;	 /* handle_user_fault calls */
	u64 spf_attempts;
	u64 spf[NR_SPF_REASONS]; /* spf[SPF_OK] counts successes */
	u64 classic;	 /* handled by the classic path, signals included */
	u64 signals;
	u64 uaccess;	 /* classic faults of the kernel's own accesses, beside faults */
	u64 zero_read, anon_write, zero_cow, wp_reuse, spurious; /* what was done, by any path */
};

/*
 * From the arch's trap handler: a fault at a user address taken in user mode. @mm is the current
 * thread's. Interrupts on, on the thread's kernel stack. Resolves it or sends the signal.
 */
void handle_user_fault(struct mm *mm, struct fault fault);
/*
 * A fault of the kernel's own access to user memory; always the classic path. Returns 0 when the
 * access can be repeated, else -EFAULT. Interrupts on, mmap_sem not held.
 */
int handle_uaccess_fault(struct mm *mm, struct fault fault);

/* Adds up the counters of all CPUs of @mm. */
void fault_stats_sum(struct mm *mm, struct fault_stats *sum);
const char *fault_path_name(enum fault_path path);
/* The path named "classic" or "spf"; -EINVAL for anything else. */
int fault_path_by_name(const char *name, enum fault_path *path);
