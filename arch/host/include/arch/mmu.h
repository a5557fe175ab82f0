/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page tables of the host: four levels of 512 entries in plain memory, walked by arch/host/mmu.c as
 * hardware would: at any time, without a lock, setting young and dirty atomically.
 *
 * An entry's frame is its physical address; the low bits are below, and there is no page table
 * without HOST_PTE_PRESENT.
 */
#pragma once

#include "kernel/atomic.h"
#include "kernel/types.h"
#include "lab/bug.h"
#include "lab/storebuf.h"
#include "arch/page.h"

typedef struct { u64 v; } pgd_t;
typedef struct { u64 v; } p4d_t;
typedef struct { u64 v; } pud_t;
typedef struct { u64 v; } pmd_t;
typedef struct { u64 v; } pte_t;
typedef struct { u64 v; } pgprot_t;

#define PTE_SHIFT 12
#define PMD_SHIFT 21
#define PUD_SHIFT 30
#define P4D_SHIFT 39 /* folded: a p4d is its pgd entry */
#define PGD_SHIFT 39
#define PTRS_PER_TABLE 512
#define PMD_SIZE (1UL << PMD_SHIFT)
#define PUD_SIZE (1UL << PUD_SHIFT)
#define PGD_SIZE (1UL << PGD_SHIFT)
#define PTE_TABLE_SIZE PAGE_SIZE
#define PMD_TABLE_SIZE PAGE_SIZE
#define PUD_TABLE_SIZE PAGE_SIZE
#define PGD_TABLE_SIZE PAGE_SIZE
#define P4D_FOLDED 1

#define PGTABLE_POISON 0xfa /* HOST_PTE_PRESENT is not in it */
#define ARCH_HW_YOUNG_DIRTY 1

#define HOST_PTE_PRESENT BIT(0)
#define HOST_PTE_READ BIT(1)
#define HOST_PTE_WRITE BIT(2)
#define HOST_PTE_EXEC BIT(3)
#define HOST_PTE_YOUNG BIT(4)
#define HOST_PTE_DIRTY BIT(5)
#define HOST_PTE_SPECIAL BIT(6)
#define HOST_PTE_USER (HOST_PTE_READ | HOST_PTE_WRITE | HOST_PTE_EXEC)
#define HOST_PTE_FRAME 0x000ffffffffff000UL

/* Whatever may be written or executed may be read, as on most machines. */
static inline pgprot_t pgprot_make(bool read, bool write, bool exec)
{
	return (pgprot_t){ HOST_PTE_PRESENT | HOST_PTE_YOUNG |
			   (read || write || exec ? HOST_PTE_READ : 0) |
			   (write ? HOST_PTE_WRITE : 0) | (exec ? HOST_PTE_EXEC : 0) };
}

/* --- leaf entries --- */
static inline pte_t pte_read(const pte_t *ptep) { return (pte_t){ READ_ONCE(ptep->v) }; }
static inline bool pte_same(pte_t a, pte_t b) { return a.v == b.v; }
static inline bool pte_none(pte_t pte) { return pte.v == 0; }
static inline bool pte_present(pte_t pte) { return pte.v & HOST_PTE_PRESENT; }
static inline bool pte_write(pte_t pte) { return pte.v & HOST_PTE_WRITE; }
static inline bool pte_user(pte_t pte) { return pte.v & HOST_PTE_USER; }
static inline bool pte_exec(pte_t pte) { return pte.v & HOST_PTE_EXEC; }
static inline bool pte_special(pte_t pte) { return pte.v & HOST_PTE_SPECIAL; }
static inline u64 pte_pfn(pte_t pte) { return (pte.v & HOST_PTE_FRAME) >> PAGE_SHIFT; }
static inline pte_t pte_make(u64 pfn, pgprot_t prot)
{
	return (pte_t){ pfn << PAGE_SHIFT | prot.v };
}
static inline pte_t pte_mkwrite(pte_t pte) { return (pte_t){ pte.v | HOST_PTE_WRITE }; }
static inline pte_t pte_wrprotect(pte_t pte) { return (pte_t){ pte.v & ~HOST_PTE_WRITE }; }
static inline pte_t pte_mkdirty(pte_t pte) { return (pte_t){ pte.v | HOST_PTE_DIRTY }; }
static inline pte_t pte_mkyoung(pte_t pte) { return (pte_t){ pte.v | HOST_PTE_YOUNG }; }
static inline pte_t pte_mkspecial(pte_t pte) { return (pte_t){ pte.v | HOST_PTE_SPECIAL }; }

static inline pte_t pte_modify(pte_t pte, pgprot_t prot)
{
	u64 keep = HOST_PTE_FRAME | HOST_PTE_YOUNG | HOST_PTE_DIRTY | HOST_PTE_SPECIAL;

	return (pte_t){ (pte.v & keep) | prot.v };
}

static inline void pte_set(pte_t *ptep, pte_t pte)
{
	sb_store_release(&ptep->v, pte.v, bug(pte_set_no_release));
}

static inline pte_t pte_get_and_clear(pte_t *ptep)
{
	return (pte_t){ sb_take(&ptep->v) };
}

/* --- tables --- */
#define DEFINE_TABLE_ENTRY(x)                                                                      \
	static inline x##_t x##_read(const x##_t *p) { return (x##_t){ READ_ONCE(p->v) }; }        \
	static inline bool x##_none(x##_t e) { return e.v == 0; }                                  \
	static inline bool x##_same(x##_t a, x##_t b) { return a.v == b.v; }                       \
	static inline phys_addr_t x##_table_phys(x##_t e) { return e.v & HOST_PTE_FRAME; }         \
	static inline void x##_clear(x##_t *p) { sb_store(&p->v, 0); }                             \
	static inline void x##_set_table(x##_t *p, phys_addr_t table)                              \
	{                                                                                          \
		sb_store_release(&p->v, table | HOST_PTE_PRESENT, bug(table_set_no_release));      \
	}
DEFINE_TABLE_ENTRY(p4d)
DEFINE_TABLE_ENTRY(pud)
DEFINE_TABLE_ENTRY(pmd)

static inline bool pmd_huge(pmd_t pmd) { (void)pmd; return false; }
static inline pgd_t pgd_read(const pgd_t *p) { return (pgd_t){ READ_ONCE(p->v) }; }
static inline bool pgd_none(pgd_t e) { (void)e; return false; }
static inline p4d_t *p4d_of(pgd_t *p, unsigned long addr) { (void)addr; return (p4d_t *)p; }

static inline unsigned int table_index(unsigned long addr, unsigned int shift)
{
	return (addr >> shift) & (PTRS_PER_TABLE - 1);
}

/* There is no kernel half. */
static inline void arch_pgd_init(pgd_t *pgd) { (void)pgd; }
/* Loads @pgd (NULL: none) on this CPU and drops all its translations. */
void arch_mmu_switch(pgd_t *pgd);
int arch_kernel_map_page(unsigned long virt, phys_addr_t phys);
