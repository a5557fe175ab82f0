/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page tables of x86_64: four levels walked by the hardware, p4d folded into pgd.
 *
 * Entries are read once with pXd_read and written with single stores or atomic exchanges, since
 * the hardware walker and lockless walkers of other CPUs read them at any time (L-18). Young and
 * dirty are set by the hardware, atomically, in present entries.
 *
 * Source: Intel SDM volume 3, chapter 4.
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

#define PTE_SHIFT 12
#define PMD_SHIFT 21
#define PUD_SHIFT 30
#define P4D_SHIFT 39 /* folded: a p4d is its pgd entry */
#define PGD_SHIFT 39
#define PTRS_PER_TABLE 512
#define PMD_SIZE (1UL << PMD_SHIFT)
#define PUD_SIZE (1UL << PUD_SHIFT)
#define PGD_SIZE (1UL << PGD_SHIFT)
#define PMD_MASK (~(PMD_SIZE - 1))
#define PUD_MASK (~(PUD_SIZE - 1))
#define PGD_MASK (~(PGD_SIZE - 1))

/* Bytes of a table at each level; the arch may make them larger or smaller than a page. */
#define PTE_TABLE_SIZE PAGE_SIZE
#define PMD_TABLE_SIZE PAGE_SIZE
#define PUD_TABLE_SIZE PAGE_SIZE
#define PGD_TABLE_SIZE PAGE_SIZE
#define P4D_FOLDED 1

/* A byte that freed tables are filled with: no entry made of it is present. */
#define PGTABLE_POISON 0xfa

/* The hardware sets young and dirty itself. */
#define ARCH_HW_YOUNG_DIRTY 1

#define X86_PTE_PRESENT BIT(0)
#define X86_PTE_WRITE BIT(1)
#define X86_PTE_USER BIT(2)
#define X86_PTE_PWT BIT(3)
#define X86_PTE_PCD BIT(4)
#define X86_PTE_YOUNG BIT(5)
#define X86_PTE_DIRTY BIT(6)
#define X86_PTE_HUGE BIT(7) /* in a pud or pmd */
#define X86_PTE_GLOBAL BIT(8)
#define X86_PTE_SPECIAL BIT(9) /* software: no struct page to count, the zero page */
#define X86_PTE_NX BIT(63)
#define X86_PTE_PFN_MASK 0x000ffffffffff000UL
#define X86_TABLE_FLAGS (X86_PTE_PRESENT | X86_PTE_WRITE | X86_PTE_USER)

/* Page protection of a mapping, as kept in a VMA. */
typedef struct { u64 v; } pgprot_t;

/* The protection for @read/@write/@exec; a page without any is not present to user mode. */
static inline pgprot_t pgprot_make(bool read, bool write, bool exec)
{
	u64 v = X86_PTE_PRESENT | X86_PTE_YOUNG;

	if (read || write || exec)
		v |= X86_PTE_USER;
	if (write)
		v |= X86_PTE_WRITE;
	if (!exec)
		v |= X86_PTE_NX;
	return (pgprot_t){ v };
}

/* --- leaf entries --- */
static inline pte_t pte_read(const pte_t *ptep) { return (pte_t){ READ_ONCE(ptep->v) }; }
static inline bool pte_same(pte_t a, pte_t b) { return a.v == b.v; }
static inline bool pte_none(pte_t pte) { return pte.v == 0; }
static inline bool pte_present(pte_t pte) { return pte.v & X86_PTE_PRESENT; }
static inline bool pte_write(pte_t pte) { return pte.v & X86_PTE_WRITE; }
static inline bool pte_user(pte_t pte) { return pte.v & X86_PTE_USER; }
static inline bool pte_exec(pte_t pte) { return !(pte.v & X86_PTE_NX); }
static inline bool pte_special(pte_t pte) { return pte.v & X86_PTE_SPECIAL; }
static inline u64 pte_pfn(pte_t pte) { return (pte.v & X86_PTE_PFN_MASK) >> PAGE_SHIFT; }
static inline pte_t pte_make(u64 pfn, pgprot_t prot)
{
	return (pte_t){ pfn << PAGE_SHIFT | prot.v };
}
static inline pte_t pte_mkwrite(pte_t pte) { return (pte_t){ pte.v | X86_PTE_WRITE }; }
static inline pte_t pte_wrprotect(pte_t pte) { return (pte_t){ pte.v & ~X86_PTE_WRITE }; }
static inline pte_t pte_mkdirty(pte_t pte) { return (pte_t){ pte.v | X86_PTE_DIRTY }; }
static inline pte_t pte_mkyoung(pte_t pte) { return (pte_t){ pte.v | X86_PTE_YOUNG }; }
static inline pte_t pte_mkspecial(pte_t pte) { return (pte_t){ pte.v | X86_PTE_SPECIAL }; }

/* The entry with its protection replaced by @prot; frame, young, dirty and special stay. */
static inline pte_t pte_modify(pte_t pte, pgprot_t prot)
{
	u64 keep = X86_PTE_PFN_MASK | X86_PTE_YOUNG | X86_PTE_DIRTY | X86_PTE_SPECIAL;

	return (pte_t){ (pte.v & keep) | prot.v };
}

/* Stores an entry where none was present (MO-5: page contents are stored before). */
static inline void pte_set(pte_t *ptep, pte_t pte)
{
	sb_store_release(&ptep->v, pte.v, bug(pte_set_no_release));
}

/* Atomically takes the entry away, with the young and dirty bits the hardware set until now. */
static inline pte_t pte_get_and_clear(pte_t *ptep)
{
	return (pte_t){ sb_take(&ptep->v) };
}

/* --- tables --- */
#define DEFINE_TABLE_ENTRY(x)                                                                      \
	static inline x##_t x##_read(const x##_t *p) { return (x##_t){ READ_ONCE(p->v) }; }        \
	static inline bool x##_none(x##_t e) { return e.v == 0; }                                  \
	static inline bool x##_present(x##_t e) { return e.v & X86_PTE_PRESENT; }                  \
	static inline bool x##_same(x##_t a, x##_t b) { return a.v == b.v; }                       \
	static inline phys_addr_t x##_table_phys(x##_t e) { return e.v & X86_PTE_PFN_MASK; }       \
	static inline void x##_clear(x##_t *p) { sb_store(&p->v, 0); }                             \
	static inline void x##_set_table(x##_t *p, phys_addr_t table)                              \
	{                                                                                          \
		sb_store_release(&p->v, table | X86_TABLE_FLAGS, bug(table_set_no_release));       \
	}
DEFINE_TABLE_ENTRY(p4d)
DEFINE_TABLE_ENTRY(pud)
DEFINE_TABLE_ENTRY(pmd)

static inline bool pmd_huge(pmd_t pmd) { return pmd.v & X86_PTE_HUGE; }
static inline bool pud_huge(pud_t pud) { return pud.v & X86_PTE_HUGE; }

/* With four levels the p4d is folded: a pgd entry is never empty, and its p4d is the entry itself.
 * */
static inline pgd_t pgd_read(const pgd_t *p) { return (pgd_t){ READ_ONCE(p->v) }; }
static inline bool pgd_none(pgd_t e) { (void)e; return false; }
static inline p4d_t *p4d_of(pgd_t *p, unsigned long addr) { (void)addr; return (p4d_t *)p; }

static inline unsigned int table_index(unsigned long addr, unsigned int shift)
{
	return (addr >> shift) & (PTRS_PER_TABLE - 1);
}

/* The kernel's own top table, and the one of the boot CPU's early map. */
extern pgd_t kernel_pgd[PTRS_PER_TABLE];

/* Gives a new user top table the kernel's half. */
void arch_pgd_init(pgd_t *pgd);

/*
 * Loads @pgd (kernel address; NULL for the kernel's own map) on this CPU and so flushes all user
 * translations of this CPU. Interrupts off.
 */
void arch_mmu_switch(pgd_t *pgd);

/*
 * Boot CPU, once, after page_alloc_init: the final kernel map. Text read-only and executable,
 * rodata read-only, data and direct map not executable, no writable alias of text (the direct
 * map of the image is read-only where the image is), page 0 unmapped. With @base_pages the
 * direct map is made of base pages, so that arch_kernel_map_set_present serves.
 */
void arch_mmu_init(bool base_pages);
/*
 * For instruments: whether the page at @virt of the direct map is there. Any context. A translation
 * that was there may stay in TLBs (arch_tlb_flush_kernel_page); one that was not is in none.
 */
void arch_kernel_map_set_present(const void *virt, bool present);

/* Maps one page into the kernel stack area, or takes it away (@phys 0); page tables made as needed
 * from page_alloc, so not from interrupts. Returns 0 or -ENOMEM. Taking away flushes this CPU only:
 * addresses are not reused. One caller at a time: who makes stacks holds kstack_lock. */
int arch_kernel_map_page(unsigned long virt, phys_addr_t phys);
