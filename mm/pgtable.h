/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page tables: their descriptors, walking, making and freeing them.
 *
 * Every table has a struct ptdesc beside its struct page; a leaf table's lock is the PTL of its
 * 512 entries (split PTLs). Upper entries are set with page_table_lock held and mmap_sem held
 * (INV-2: never speculatively), and cleared with mmap_sem held for writing.
 */
#pragma once

#include "kernel/spinlock.h"
#include "mm/mm.h"
#include "mm/page.h"

struct ptdesc {
	struct spinlock ptl; /* guards the entries of a leaf table */
	u8 level;	     /* 1 leaf .. 4 top */
	u32 size;	     /* bytes */
	struct list_head free_node; /* gather's, while it waits to be freed */
	void *table;		    /* kernel address */
#if LAB
	u32 generation; /* another one for each table, and for each life of one */
#endif
};

void pgtable_subsystem_init(void);
/* A cleared table of @level for @mm, or NULL. Its kernel address; ptdesc through ptdesc_of. */
void *pgtable_alloc(struct mm *mm, unsigned int level);
void pgtable_free(struct mm *mm, struct ptdesc *ptdesc);

/* What unlinked tables wait for before they are freed: boot word free=. */
enum pgtable_free_mode {
	PGTABLE_FREE_IPI, /* the caller has waited for every CPU of the mm */
	PGTABLE_FREE_RCU, /* a worker, until every CPU has taken an interrupt */
};

extern enum pgtable_free_mode pgtable_free_mode;

/* Frees the tables of the list @tables (which is empty then) once no CPU can be in them. */
void pgtable_free_deferred(struct mm *mm, struct list_head *tables);
/* Waits until all handed to pgtable_free_deferred before are freed. May sleep. */
void pgtable_free_barrier(void);
/* Boot CPU, once: starts the worker. */
void pgtable_free_init(void);
/* Frees a table that is no mm's any more: for mm/pgtable_rcu.c. */
void pgtable_release(struct ptdesc *ptdesc);

u64 pgtable_nr_used(void);

static inline struct ptdesc *ptdesc_of(const void *table)
{
	return virt_to_page(table)->ptdesc;
}

static inline struct ptdesc *pmd_ptdesc(pmd_t pmd)
{
	return pfn_to_page(pmd_table_phys(pmd) >> PAGE_SHIFT)->ptdesc;
}

static inline pte_t *pte_of(pmd_t pmd, unsigned long addr)
{
	return (pte_t *)phys_to_virt(pmd_table_phys(pmd)) + table_index(addr, PTE_SHIFT);
}

static inline pmd_t *pmd_of(pud_t pud, unsigned long addr)
{
	return (pmd_t *)phys_to_virt(pud_table_phys(pud)) + table_index(addr, PMD_SHIFT);
}

static inline pud_t *pud_of(p4d_t p4d, unsigned long addr)
{
	return (pud_t *)phys_to_virt(p4d_table_phys(p4d)) + table_index(addr, PUD_SHIFT);
}

static inline pgd_t *pgd_of(struct mm *mm, unsigned long addr)
{
	return mm->pgd + table_index(addr, PGD_SHIFT);
}

/* The pmd entry of @addr, or NULL if an upper table is missing. mmap_sem held. */
static inline pmd_t *pgtable_find_pmd(struct mm *mm, unsigned long addr)
{
	p4d_t p4d = p4d_read(p4d_of(pgd_of(mm, addr), addr));
	pud_t pud;

	if (unlikely(p4d_none(p4d)))
		return NULL;
	pud = pud_read(pud_of(p4d, addr));
	return unlikely(pud_none(pud)) ? NULL : pmd_of(pud, addr);
}
/* The same, making tables down to and including the leaf. NULL without memory. mmap_sem held. */
pmd_t *pgtable_make(struct mm *mm, unsigned long addr);
/* The entry of @addr with its PTL taken (*@ptl), or NULL if there is no leaf table. mmap_sem. */
pte_t *pte_lock(struct mm *mm, unsigned long addr, struct spinlock **ptl);

/* The page of zeroes that read faults map, never counted; and its frame number. */
extern struct page *zero_page;
extern u64 zero_pfn;
