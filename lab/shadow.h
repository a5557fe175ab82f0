/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The shadow check: every fault's outcome against a sequential model of its address space.
 *
 * With shadow=on each address space has a model: which ranges are mapped with what access, as the
 * system calls asked for, one after the other; and what each page's entry holds, as its writers
 * said under the PTL. The model knows nothing of VMAs, sequence counts or tables. An entry may be
 * written only as the layout permits at that moment (INV-1); after an unmapping nothing of the
 * range may be left, after a change of protection no entry may permit more; and a fault that was
 * resolved, or refused, must be one that the layout permits, or not. A disagreement is a bad sign
 * and prints the page's history: who did what to it, when, on which CPU.
 *
 * While a range changes, both what it was and what it becomes is permitted there: a fault under way
 * is before or after the change, and the zap will find what it left.
 */
#pragma once

#include "arch/mmu.h"

struct mm;

#define SHADOW_UNMAPPED (~0UL) /* as an access */

#if LAB
extern bool shadow_on;

/* For address spaces made from now on. Returns 0 or -ENOMEM. */
int shadow_enable(bool on);
/* Disagreements since boot; those while @expected are no bad signs. */
unsigned int shadow_reports(void);
void shadow_expect(bool expected);

/* Out of line, for the macros below. */
void shadow_create_slow(struct mm *mm);
void shadow_destroy_slow(struct mm *mm);
void shadow_change_begin_slow(struct mm *mm, unsigned long start, unsigned long end,
			      unsigned long access);
void shadow_change_end_slow(struct mm *mm, int err);
void shadow_pte_slow(struct mm *mm, unsigned long addr, pte_t old, pte_t new);
u64 shadow_zap_begin_slow(struct mm *mm);
void shadow_zap_end_slow(struct mm *mm, unsigned long start, unsigned long end, u64 since);
void shadow_fault_begin_slow(struct mm *mm);
void shadow_fault_done_slow(struct mm *mm, unsigned long addr, u32 flags);
void shadow_fault_refused_slow(struct mm *mm, unsigned long addr, u32 flags, bool mapped);

#define shadow_call(call)                                                                          \
	do {                                                                                       \
		if (unlikely(READ_ONCE(shadow_on)))                                                \
			call;                                                                      \
	} while (0)
#else
#define shadow_call(call)                                                                          \
	do {                                                                                       \
	} while (0)
#endif

/* A new address space, and one from which all was unmapped. May sleep. */
#define shadow_create(mm) shadow_call(shadow_create_slow(mm))
#define shadow_destroy(mm) shadow_call(shadow_destroy_slow(mm))
/* Around a change of [@start, @end) to @access (PROT_* or SHADOW_UNMAPPED) under mmap_sem for
 * writing, with its result: 0, or an errno; changes do not nest. */
#define shadow_change_begin(mm, start, end, access)                                                \
	shadow_call(shadow_change_begin_slow(mm, start, end, access))
#define shadow_change_end(mm, err) shadow_call(shadow_change_end_slow(mm, err))
/* The entry of @addr becomes @new, PTL held. */
#define shadow_pte(mm, addr, old, new) shadow_call(shadow_pte_slow(mm, addr, old, new))
/* Around MADV_DONTNEED: what was there at the beginning is gone at the end. */
#if LAB
#define shadow_zap_begin(mm) (unlikely(READ_ONCE(shadow_on)) ? shadow_zap_begin_slow(mm) : 0)
#else
#define shadow_zap_begin(mm) 0
#endif
#define shadow_zap_end(mm, start, end, since)                                                      \
	do {                                                                                       \
		(void)(since);                                                                     \
		shadow_call(shadow_zap_end_slow(mm, start, end, since));                           \
	} while (0)
/* A fault from user mode begins; it was resolved; or refused, at an address that is @mapped. */
#define shadow_fault_begin(mm) shadow_call(shadow_fault_begin_slow(mm))
#define shadow_fault_done(mm, addr, flags) shadow_call(shadow_fault_done_slow(mm, addr, flags))
#define shadow_fault_refused(mm, addr, flags, mapped)                                              \
	shadow_call(shadow_fault_refused_slow(mm, addr, flags, mapped))
/* There was no memory for it: nothing can be said. */
#define shadow_fault_given_up() shadow_call(current->shadow_version = 1)
/* Another fault's entry was there first, which may be one that does not permit this access: it is
 * repeated, and only then there is something to say. */
#define shadow_fault_repeats() shadow_call(current->shadow_version = 1)
