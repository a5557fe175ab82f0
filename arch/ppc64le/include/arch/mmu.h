/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page tables of ppc64le: a radix tree of four levels walked by the hardware, p4d folded into pgd.
 *
 * The geometry is POWER9's: 13 bits of the address index the top table (64 KiB), 9 each the next
 * two, and 9 the leaf table of 4 KiB pages or 5 that of 64 KiB pages (256 bytes). Entries are big
 * endian in memory; the types below hold them in the CPU's order, and nothing but the functions of
 * this file reads or writes memory's.
 *
 * Entries are read once with pXd_read and written with single stores or atomic exchanges (L-18).
 * The architecture lets the walker set R and C, and QEMU's does it with a plain store of the whole
 * entry, which could bring back one that another CPU has just cleared. So every entry is made with
 * both set, and the walker never writes. Young is then always true; dirty is a bit of software's,
 * set where generic code makes a page writable.
 *
 * Source: Power ISA 3.0B, book III, 5.7.10 (radix tree translation).
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

#define PTE_SHIFT PAGE_SHIFT
#define PMD_SHIFT 21
#define PUD_SHIFT 30
#define P4D_SHIFT 39 /* folded: a p4d is its pgd entry */
#define PGD_SHIFT 39
#define PTRS_PER_PTE (1UL << (PMD_SHIFT - PTE_SHIFT))
#define PTRS_PER_PMD 512
#define PTRS_PER_PUD 512
#define PTRS_PER_PGD 8192
#define PMD_SIZE (1UL << PMD_SHIFT)
#define PUD_SIZE (1UL << PUD_SHIFT)
#define PGD_SIZE (1UL << PGD_SHIFT)
#define PMD_MASK (~(PMD_SIZE - 1))
#define PUD_MASK (~(PUD_SIZE - 1))
#define PGD_MASK (~(PGD_SIZE - 1))

/* Bytes of a table at each level; the arch may make them larger or smaller than a page. */
#define PTE_TABLE_SIZE (PTRS_PER_PTE * 8)
#define PMD_TABLE_SIZE (PTRS_PER_PMD * 8)
#define PUD_TABLE_SIZE (PTRS_PER_PUD * 8)
#define PGD_TABLE_SIZE (PTRS_PER_PGD * 8)
#define P4D_FOLDED 1

/* A byte that freed tables are filled with: no entry made of it is valid. */
#define PGTABLE_POISON 0x7a

#define RADIX_VALID BIT(63)
#define RADIX_LEAF BIT(62)
#define RADIX_PTE_SPECIAL BIT(9) /* software: no struct page to count, the zero page */
#define RADIX_PTE_DIRTY BIT(10)	 /* software */
#define RADIX_PTE_R BIT(8)
#define RADIX_PTE_C BIT(7)
#define RADIX_PTE_PRIV BIT(3) /* not for user mode */
#define RADIX_PTE_READ BIT(2)
#define RADIX_PTE_WRITE BIT(1)
#define RADIX_PTE_EXEC BIT(0)
#define RADIX_PFN_MASK 0x01fffffffffff000UL
#define RADIX_TABLE_MASK 0x0fffffffffffff00UL
#define RADIX_PTE_BASE (RADIX_VALID | RADIX_LEAF | RADIX_PTE_R | RADIX_PTE_C)

/* An entry as memory has it, and back. */
static inline u64 radix_swap(u64 v)
{
	return __builtin_bswap64(v);
}

/* Page protection of a mapping, as kept in a VMA. */
typedef struct { u64 v; } pgprot_t;

/* The protection for @read/@write/@exec. Each right brings reading with it, as on x86_64; a page
 * without any is there, but permits nothing. */
static inline pgprot_t pgprot_make(bool read, bool write, bool exec)
{
	u64 v = RADIX_PTE_BASE;

	v |= read || write || exec ? RADIX_PTE_READ : RADIX_PTE_PRIV;
	if (write)
		v |= RADIX_PTE_WRITE;
	if (exec)
		v |= RADIX_PTE_EXEC;
	return (pgprot_t){ v };
}

/* --- leaf entries --- */
static inline pte_t pte_read(const pte_t *ptep)
{
	return (pte_t){ radix_swap(READ_ONCE(ptep->v)) };
}

static inline bool pte_same(pte_t a, pte_t b) { return a.v == b.v; }
static inline bool pte_none(pte_t pte) { return pte.v == 0; }
static inline bool pte_present(pte_t pte) { return pte.v & RADIX_VALID; }
static inline bool pte_write(pte_t pte) { return pte.v & RADIX_PTE_WRITE; }
static inline bool pte_user(pte_t pte) { return !(pte.v & RADIX_PTE_PRIV); }
static inline bool pte_exec(pte_t pte) { return pte.v & RADIX_PTE_EXEC; }
static inline bool pte_special(pte_t pte) { return pte.v & RADIX_PTE_SPECIAL; }
static inline u64 pte_pfn(pte_t pte) { return (pte.v & RADIX_PFN_MASK) >> PAGE_SHIFT; }
static inline pte_t pte_make(u64 pfn, pgprot_t prot)
{
	return (pte_t){ pfn << PAGE_SHIFT | prot.v };
}

static inline pte_t pte_mkwrite(pte_t pte) { return (pte_t){ pte.v | RADIX_PTE_WRITE }; }
static inline pte_t pte_wrprotect(pte_t pte) { return (pte_t){ pte.v & ~RADIX_PTE_WRITE }; }
static inline pte_t pte_mkdirty(pte_t pte) { return (pte_t){ pte.v | RADIX_PTE_DIRTY }; }
static inline pte_t pte_mkyoung(pte_t pte) { return (pte_t){ pte.v | RADIX_PTE_R }; }
static inline pte_t pte_mkspecial(pte_t pte) { return (pte_t){ pte.v | RADIX_PTE_SPECIAL }; }

/* The entry with its protection replaced by @prot; frame, dirty and special stay. */
static inline pte_t pte_modify(pte_t pte, pgprot_t prot)
{
	u64 keep = RADIX_PFN_MASK | RADIX_PTE_DIRTY | RADIX_PTE_SPECIAL;

	return (pte_t){ (pte.v & keep) | prot.v };
}

/* Stores an entry where none was present (MO-5: page contents are stored before). */
static inline void pte_set(pte_t *ptep, pte_t pte)
{
	sb_store_release(&ptep->v, radix_swap(pte.v), bug(pte_set_no_release));
}

/* Atomically takes the entry away. */
static inline pte_t pte_get_and_clear(pte_t *ptep)
{
	return (pte_t){ radix_swap(sb_take(&ptep->v)) };
}

/* --- tables --- */
/* The size of the table below an entry, as log2 of its number of entries. */
#define RADIX_BITS_pud 9UL /* of the table that a pud entry points to, and so on */
#define RADIX_BITS_p4d 9UL
#define RADIX_BITS_pmd ((unsigned long)(PMD_SHIFT - PTE_SHIFT))

#define DEFINE_TABLE_ENTRY(x)                                                                      \
	static inline x##_t x##_read(const x##_t *p)                                               \
	{                                                                                          \
		return (x##_t){ radix_swap(READ_ONCE(p->v)) };                                     \
	}                                                                                          \
	static inline bool x##_none(x##_t e) { return e.v == 0; }                                  \
	static inline bool x##_present(x##_t e) { return e.v & RADIX_VALID; }                      \
	static inline bool x##_same(x##_t a, x##_t b) { return a.v == b.v; }                       \
	static inline phys_addr_t x##_table_phys(x##_t e) { return e.v & RADIX_TABLE_MASK; }       \
	static inline void x##_clear(x##_t *p) { sb_store(&p->v, 0); }                             \
	static inline void x##_set_table(x##_t *p, phys_addr_t table)                              \
	{                                                                                          \
		sb_store_release(&p->v, radix_swap(RADIX_VALID | table | RADIX_BITS_##x),          \
				 bug(table_set_no_release));                                       \
	}
DEFINE_TABLE_ENTRY(p4d)
DEFINE_TABLE_ENTRY(pud)
DEFINE_TABLE_ENTRY(pmd)

static inline bool pmd_huge(pmd_t pmd) { return pmd.v & RADIX_LEAF; }
static inline bool pud_huge(pud_t pud) { return pud.v & RADIX_LEAF; }

/* With four levels the p4d is folded: a pgd entry is never empty and is its own p4d. */
static inline pgd_t pgd_read(const pgd_t *p) { return (pgd_t){ radix_swap(READ_ONCE(p->v)) }; }
static inline bool pgd_none(pgd_t e) { (void)e; return false; }
static inline p4d_t *p4d_of(pgd_t *p, unsigned long addr) { (void)addr; return (p4d_t *)p; }

/* The index of @addr in a table whose entries cover 1 << @shift bytes each. */
static inline unsigned int table_index(unsigned long addr, unsigned int shift)
{
	unsigned long nr = shift == PGD_SHIFT ? PTRS_PER_PGD :
			   shift == PTE_SHIFT ? PTRS_PER_PTE : PTRS_PER_PMD;

	return (addr >> shift) & (nr - 1);
}

/* The kernel's own top table: the tree of PID 0. */
extern pgd_t kernel_pgd[PTRS_PER_PGD];

/* Makes a new user top table known to the hardware. It needs no kernel part. */
void arch_pgd_init(pgd_t *pgd);

/*
 * Loads @pgd (kernel address; NULL for a tree without user addresses) on this CPU and so flushes
 * all user translations of this CPU. Interrupts off.
 */
void arch_mmu_switch(pgd_t *pgd);

/*
 * Boot CPU, once, after page_alloc_init: the final kernel map. Text read-only and executable,
 * rodata read-only, data and the rest of RAM not executable, page 0 unmapped. With @base_pages RAM
 * is mapped by base pages, so that arch_kernel_map_set_present serves.
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
