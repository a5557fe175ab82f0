/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's half of the address space.
 *
 * Owns kernel_pgd and everything below its upper half. All top-level entries are there once
 * arch_mmu_init has run, so user tables copy them once and see later changes; those happen only in
 * the kernel stack area, for one caller at a time (kstack_lock).
 * Rights (W^X): nothing is both writable and executable, text and rodata have no writable
 * alias, the first MiB and the guard page of the boot stack are not mapped at all.
 *
 * Source: Intel SDM volume 3, chapter 4.
 */
#include "arch/mmu.h"
#include "arch/tlb.h"
#include "arch/x86_64/internal.h"
#include "kernel/boot.h"
#include "kernel/errno.h"
#include "kernel/printk.h"
#include "kernel/string.h"
#include "mm/page.h"

#define KERNEL_TABLE (X86_PTE_PRESENT | X86_PTE_WRITE)
#define KERNEL_TEXT (X86_PTE_PRESENT | X86_PTE_YOUNG | X86_PTE_GLOBAL)
#define KERNEL_RO (KERNEL_TEXT | X86_PTE_NX)
#define KERNEL_RW (KERNEL_RO | X86_PTE_WRITE | X86_PTE_DIRTY)
#define KERNEL_DEVICE (KERNEL_RW | X86_PTE_PCD | X86_PTE_PWT)
/* Not global: a stack's page that is gone leaves other CPUs' TLBs with the next address space. */
#define KERNEL_STACK (KERNEL_RW & ~X86_PTE_GLOBAL)

#define KERNEL_HALF (PTRS_PER_TABLE / 2)
#define CR4_PGE BIT(7)

pgd_t kernel_pgd[PTRS_PER_TABLE] __aligned(PAGE_SIZE);

/* The way to the device registers, which are needed before there is an allocator. */
static pud_t device_puds[PTRS_PER_TABLE] __aligned(PAGE_SIZE);
static pmd_t device_pmds[PTRS_PER_TABLE] __aligned(PAGE_SIZE);
static pte_t device_ptes[PTRS_PER_TABLE] __aligned(PAGE_SIZE);

volatile void *mmu_map_device(phys_addr_t phys)
{
	static unsigned int used;
	pgd_t *boot_pgd = phys_to_virt(boot_pgd_phys);
	pgd_t entry = { image_to_phys(device_puds) | KERNEL_TABLE };

	BUG_ON(used == PTRS_PER_TABLE);
	boot_pgd[table_index(DEVICE_MAP_BASE, PGD_SHIFT)] = entry;
	kernel_pgd[table_index(DEVICE_MAP_BASE, PGD_SHIFT)] = entry;
	device_puds[0].v = image_to_phys(device_pmds) | KERNEL_TABLE;
	device_pmds[0].v = image_to_phys(device_ptes) | KERNEL_TABLE;
	device_ptes[used].v = phys | KERNEL_DEVICE;
	return (volatile void *)(DEVICE_MAP_BASE + used++ * PAGE_SIZE);
}

/* The end of RAM, at least BOOT_MAP_END. */
static phys_addr_t ram_end(void)
{
	return max(boot_info.ram[boot_info.nr_ram - 1].end, BOOT_MAP_END);
}

size_t mmu_high_ram_tables(void)
{
	return DIV_ROUND_UP(ram_end() - BOOT_MAP_END, PUD_SIZE) * PMD_TABLE_SIZE;
}

void mmu_map_high_ram(phys_addr_t tables)
{
	pud_t *puds = phys_to_virt(boot_pud_low_phys);
	phys_addr_t end = tables + mmu_high_ram_tables();

	for (phys_addr_t phys = BOOT_MAP_END; phys < ram_end(); phys += PUD_SIZE) {
		pmd_t *pmds = phys_to_virt(tables);

		for (unsigned int i = 0; i < PTRS_PER_TABLE; i++)
			pmds[i].v = (phys + i * PMD_SIZE) | X86_PTE_HUGE | KERNEL_RW;
		puds[table_index(phys, PUD_SHIFT)].v = tables | KERNEL_TABLE;
		tables += PMD_TABLE_SIZE;
	}
	BUG_ON(tables != end);
}

/* The table that the entry at *@entry points to, made if there is none; NULL without memory. */
static void *table_below(u64 *entry)
{
	struct page *page;

	if (*entry)
		return phys_to_virt(*entry & X86_PTE_PFN_MASK);
	page = page_alloc(0, PAGE_KERNEL, ALLOC_ZERO);
	if (!page)
		return NULL;
	smp_store_release(entry, page_to_phys(page) | KERNEL_TABLE);
	return page_to_virt(page);
}

static pmd_t *kernel_pmd(unsigned long virt)
{
	pud_t *puds = table_below(&kernel_pgd[table_index(virt, PGD_SHIFT)].v);
	pmd_t *pmds = puds ? table_below(&puds[table_index(virt, PUD_SHIFT)].v) : NULL;

	return pmds ? &pmds[table_index(virt, PMD_SHIFT)] : NULL;
}

static pte_t *kernel_pte(unsigned long virt)
{
	pmd_t *pmd = kernel_pmd(virt);
	pte_t *ptes = pmd ? table_below(&pmd->v) : NULL;

	return ptes ? &ptes[table_index(virt, PTE_SHIFT)] : NULL;
}

static bool base_pages; /* the direct map has no huge ones */

/* Maps pages of [@start, @end), huge ones where they fit. Boot only: without memory it panics. */
static void map_range(unsigned long virt, phys_addr_t start, phys_addr_t end, u64 flags)
{
	while (start < end) {
		bool huge = !base_pages && IS_ALIGNED(start | virt, PMD_SIZE) &&
			    end - start >= PMD_SIZE;
		u64 *entry = huge ? &kernel_pmd(virt)->v : &kernel_pte(virt)->v;
		unsigned long size = huge ? PMD_SIZE : PAGE_SIZE;

		if (!entry)
			panic("too little memory for the kernel's page tables");
		*entry = start | flags | (huge ? X86_PTE_HUGE : 0);
		virt += size;
		start += size;
	}
}

static void map_image(const char *start, const char *end, u64 flags)
{
	map_range((unsigned long)start, image_to_phys(start), image_to_phys(end), flags);
}

static void map_direct(phys_addr_t start, phys_addr_t end, u64 flags)
{
	map_range(DIRECT_MAP_BASE + start, start, end, flags);
}

/* All of @ram, without rights to write where the image has none. */
static void map_ram(const struct mem_range *ram)
{
	phys_addr_t ro_start = max(ram->start, min(ram->end, boot_image_start));
	phys_addr_t ro_end = max(ro_start, min(ram->end, image_to_phys(rodata_end)));

	map_direct(ram->start, ro_start, KERNEL_RW);
	map_direct(ro_start, ro_end, KERNEL_RO);
	map_direct(ro_end, ram->end, KERNEL_RW);
}

void arch_mmu_init(bool by_base_pages)
{
	base_pages = by_base_pages;
	map_image((const char *)KERNEL_VIRT_OFFSET + boot_image_start, text_start, KERNEL_RO);
	map_image(text_start, text_end, KERNEL_TEXT);
	map_image(rodata_start, rodata_end, KERNEL_RO);
	map_image(data_start, boot_stack_guard, KERNEL_RW);
	map_image(boot_stack, image_end, KERNEL_RW);
	for (unsigned int i = 0; i < boot_info.nr_ram; i++)
		map_ram(&boot_info.ram[i]);
	if (!table_below(&kernel_pgd[table_index(KSTACK_AREA_BASE, PGD_SHIFT)].v))
		panic("too little memory for the kernel's page tables");
	arch_mmu_switch(NULL);
}

void arch_pgd_init(pgd_t *pgd)
{
	memcpy(pgd + KERNEL_HALF, kernel_pgd + KERNEL_HALF, KERNEL_HALF * sizeof(pgd_t));
}

void arch_mmu_switch(pgd_t *pgd)
{
	phys_addr_t cr3 = pgd ? virt_to_phys(pgd) : image_to_phys(kernel_pgd);

	__asm__ __volatile__("movq %0, %%cr3" ::"r"(cr3) : "memory");
}

#if LAB
void arch_kernel_map_set_present(const void *virt, bool present)
{
	unsigned long addr = (unsigned long)virt;
	pud_t *puds = phys_to_virt(p4d_table_phys(*(p4d_t *)&kernel_pgd[table_index(addr,
										     PGD_SHIFT)]));
	pmd_t *pmds = phys_to_virt(pud_table_phys(puds[table_index(addr, PUD_SHIFT)]));
	pmd_t pmd = pmds[table_index(addr, PMD_SHIFT)];
	pte_t *pte = (pte_t *)phys_to_virt(pmd_table_phys(pmd)) + table_index(addr, PTE_SHIFT);
	u64 v = READ_ONCE(pte->v);

	BUG_ON(!base_pages || !pte_pfn((pte_t){ v }));
	WRITE_ONCE(pte->v, present ? v | X86_PTE_PRESENT : v & ~X86_PTE_PRESENT);
}

void arch_tlb_flush_kernel_all(void)
{
	unsigned long flags = irq_save(), cr4;

	__asm__ __volatile__("movq %%cr4, %0" : "=r"(cr4)::"memory");
	if (cr4 & CR4_PGE) { /* either change flushes everything, global entries too */
		__asm__ __volatile__("movq %0, %%cr4" ::"r"(cr4 & ~CR4_PGE) : "memory");
		__asm__ __volatile__("movq %0, %%cr4" ::"r"(cr4) : "memory");
	} else {
		arch_tlb_flush_all();
	}
	irq_restore(flags);
}
#endif

int arch_kernel_map_page(unsigned long virt, phys_addr_t phys)
{
	pte_t *pte = kernel_pte(virt);

	if (pte)
		pte_set(pte, (pte_t){ phys ? phys | KERNEL_STACK : 0 });
	if (!phys)
		arch_tlb_flush_page(virt);
	return pte ? 0 : -ENOMEM;
}
