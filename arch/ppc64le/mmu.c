/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Address spaces as the hardware sees them: the process table, the kernel's tree, the PID register.
 *
 * The process table has an entry for each PID with the top of its tree. PID 0 is the kernel's: its
 * tree serves all addresses from c000000000000000 on, whatever the PID register says, so user trees
 * have no kernel part. Each address space has one PID, which follows from where its top table lies
 * (mmu.h): unique as long as the table exists, and without anything to give back. A CPU without
 * user address space holds the PID of an empty tree, so that NULL is nobody's address.
 *
 * The boot CPU starts on a tree of 1 GiB pages in .bss with all rights; arch_mmu_init replaces it.
 * Rights then (W^X): nothing is both writable and executable; text, vectors and rodata cannot be
 * written; what is below the RAM that is used, but for vectors, and the guard page of the boot
 * stack are not mapped. One page of text, sigreturn_page, is user mode's to read and execute as
 * well.
 *
 * Owns kernel_pgd and everything below, and the process table. The kernel's tree changes after boot
 * in the stack area only, for one caller at a time (kstack_lock). A process table entry is written
 * by who makes the address space, before anybody loads its PID.
 *
 * Source: Power ISA 3.0B, book III, 5.7.6.2 (process table), 5.7.10 (radix trees); PAPR+ 14.5.4.3
 * (H_REGISTER_PROC_TBL).
 */
#include "kernel/boot.h"
#include "kernel/errno.h"
#include "kernel/printk.h"
#include "mm/page.h"
#include "arch/ppc64le/hcall.h"
#include "arch/ppc64le/internal.h"
#include "arch/ppc64le/mmu.h"
#include "arch/tlb.h"
#include "arch/ppc64le/traps.h"

#define KERNEL_TEXT (RADIX_PTE_BASE | RADIX_PTE_PRIV | RADIX_PTE_READ | RADIX_PTE_EXEC)
#define KERNEL_RO (RADIX_PTE_BASE | RADIX_PTE_PRIV | RADIX_PTE_READ)
#define KERNEL_RW (KERNEL_RO | RADIX_PTE_WRITE)
#define USER_TEXT (KERNEL_TEXT & ~RADIX_PTE_PRIV)
#define BOOT_RIGHTS (KERNEL_RW | RADIX_PTE_EXEC)

/* First doubleword of a process table entry: 52-bit addresses, and the top table's bits. */
#define PROC_RTS_52 (2UL << 61 | 5UL << 5)
#define PROC_RPDS 13UL
/* H_REGISTER_PROC_TBL: a new table, radix, the guest may use tlbie. */
#define PROC_TBL_FLAGS 0x1dUL
#define PROC_TBL_MIN_SHIFT 12

struct process_entry {
	u64 tree, reserved; /* big endian */
};

#define BOOT_PROCESSES 4096
#define PROCESSES_MAX ((PAGE_SIZE << MAX_ORDER) / sizeof(struct process_entry))
#define RAM_MAX (PROCESSES_MAX << MMU_PID_SHIFT)
_Static_assert(RAM_MAX <= PGD_SIZE, "one entry of the kernel's top table maps all RAM");

pgd_t kernel_pgd[PTRS_PER_PGD] __aligned(PGD_TABLE_SIZE);
static pgd_t no_user_pgd[PTRS_PER_PGD] __aligned(PGD_TABLE_SIZE);
static pud_t boot_puds[PTRS_PER_PUD] __aligned(PUD_TABLE_SIZE);
static struct process_entry boot_processes[BOOT_PROCESSES] __aligned(65536);
static struct process_entry *processes = boot_processes;

static void process_set(struct process_entry *table, unsigned long pid, const pgd_t *pgd)
{
	WRITE_ONCE(table[pid].tree, radix_swap(PROC_RTS_52 | virt_to_phys(pgd) | PROC_RPDS));
	__asm__ __volatile__("ptesync" ::: "memory");
}

static void processes_register(struct process_entry *table, unsigned int nr)
{
	unsigned int shift = 0;

	while (1UL << shift < nr * sizeof(*table))
		shift++;
	process_set(table, 0, kernel_pgd);
	process_set(table, mmu_pid(no_user_pgd), no_user_pgd);
	if (hcall(H_REGISTER_PROC_TBL, PROC_TBL_FLAGS, virt_to_phys(table), 0,
		  shift - PROC_TBL_MIN_SHIFT, NULL))
		panic("the hypervisor does not take the process table");
	processes = table;
}

static phys_addr_t ram_end(void)
{
	return boot_info.ram[boot_info.nr_ram - 1].end;
}

void mmu_boot_cpu_init(void)
{
	unsigned long msr;

	if (ram_end() > RAM_MAX)
		panic("more RAM than the process table serves");
	for (phys_addr_t phys = 0; phys < ram_end(); phys += PUD_SIZE)
		boot_puds[phys >> PUD_SHIFT].v = radix_swap(phys | BOOT_RIGHTS);
	p4d_set_table(p4d_of(&kernel_pgd[table_index(DIRECT_MAP_BASE, PGD_SHIFT)], DIRECT_MAP_BASE),
		      image_to_phys(boot_puds));
	processes_register(boot_processes, BOOT_PROCESSES);
	mtspr(SPR_PID, mmu_pid(no_user_pgd));
	__asm__ __volatile__("isync; mfmsr %0; ori %0, %0, %1; mtmsrd %0; isync"
			     : "=&r"(msr)
			     : "i"(MSR_IR_DR)
			     : "memory");
}

void mmu_secondary_init(void)
{
	arch_mmu_switch(NULL);
}

/* The table that the entry at *@entry points to, made with 1 << @bits entries if there is none;
 * NULL without memory. */
static u64 *table_below(u64 *entry, unsigned long bits)
{
	u64 old = radix_swap(READ_ONCE(*entry));
	struct page *page;

	if (old)
		return phys_to_virt(old & RADIX_TABLE_MASK);
	page = page_alloc(0, PAGE_KERNEL, ALLOC_ZERO);
	if (!page)
		return NULL;
	smp_store_release(entry, radix_swap(RADIX_VALID | page_to_phys(page) | bits));
	return page_to_virt(page);
}

/* The leaf entry of @virt below @puds: of its page, or of its 2 MiB if @huge. */
static u64 *kernel_entry(u64 *puds, unsigned long virt, bool huge)
{
	u64 *pmds = table_below(&puds[table_index(virt, PUD_SHIFT)], RADIX_BITS_pud);
	u64 *pmd = pmds ? &pmds[table_index(virt, PMD_SHIFT)] : NULL;
	u64 *ptes;

	if (!pmd || huge)
		return pmd;
	ptes = table_below(pmd, RADIX_BITS_pmd);
	return ptes ? &ptes[table_index(virt, PTE_SHIFT)] : NULL;
}

static bool phys_in(phys_addr_t phys, const char *start, const char *end)
{
	return phys >= image_to_phys(start) && phys < image_to_phys(end);
}

/* What the kernel may do with the frame at @phys; 0: nothing. */
static u64 frame_rights(phys_addr_t phys)
{
	if (phys < VECTORS_END && phys + PAGE_SIZE > VECTORS_PHYS)
		return KERNEL_TEXT;
	if (phys < boot_info.ram[0].start || phys == image_to_phys(boot_stack_guard))
		return 0;
	if (phys == image_to_phys(sigreturn_page))
		return USER_TEXT;
	if (phys_in(phys, text_start, text_end))
		return KERNEL_TEXT;
	return phys_in(phys, rodata_start, rodata_end) ? KERNEL_RO : KERNEL_RW;
}

static bool base_pages; /* the direct map has no huge ones */

/* Maps [@phys, @end): page by page up to the end of the image, then in pieces of 2 MiB. */
static void map_direct(u64 *puds, phys_addr_t phys, phys_addr_t end)
{
	while (phys < end) {
		bool huge = !base_pages && IS_ALIGNED(phys, PMD_SIZE) && end - phys >= PMD_SIZE &&
			    phys >= image_to_phys(image_end);
		u64 rights = huge ? KERNEL_RW : frame_rights(phys);
		u64 *entry = kernel_entry(puds, DIRECT_MAP_BASE + phys, huge);

		if (!entry)
			panic("too little memory for the kernel's page tables");
		*entry = rights ? radix_swap(phys | rights) : 0;
		phys += huge ? PMD_SIZE : PAGE_SIZE;
	}
}

/* A table with room for the PID of every place where a top table can lie. */
static void processes_grow(void)
{
	unsigned long nr = BOOT_PROCESSES;
	unsigned int order = 0;
	struct page *page;

	while (nr < ram_end() >> MMU_PID_SHIFT)
		nr *= 2;
	if (nr == BOOT_PROCESSES)
		return;
	while (PAGE_SIZE << order < nr * sizeof(struct process_entry))
		order++;
	page = page_alloc(order, PAGE_KERNEL, ALLOC_ZERO);
	if (!page)
		panic("too little memory for the process table");
	processes_register(page_to_virt(page), nr);
}

void arch_mmu_init(bool by_base_pages)
{
	struct page *page = page_alloc(0, PAGE_KERNEL, ALLOC_ZERO);
	phys_addr_t image = image_to_phys(image_end);
	u64 *puds;

	if (!page)
		panic("too little memory for the kernel's page tables");
	base_pages = by_base_pages;
	puds = page_to_virt(page);
	map_direct(puds, 0, image);
	for (unsigned int i = 0; i < boot_info.nr_ram; i++)
		map_direct(puds, max(boot_info.ram[i].start, image), boot_info.ram[i].end);
	if (!table_below(&kernel_pgd[table_index(KSTACK_AREA_BASE, PGD_SHIFT)].v, RADIX_BITS_p4d))
		panic("too little memory for the kernel's page tables");
	p4d_set_table(p4d_of(&kernel_pgd[table_index(DIRECT_MAP_BASE, PGD_SHIFT)], DIRECT_MAP_BASE),
		      page_to_phys(page));
	arch_tlb_flush_kernel_all();
	processes_grow();
}

void arch_pgd_init(pgd_t *pgd)
{
	process_set(processes, mmu_pid(pgd), pgd);
}

/*
 * Writing the PID register is what makes QEMU's CPU forget all translations, and costs it
 * accordingly, so that an unchanged PID is left alone but for the flush that the caller relies on.
 */
void arch_mmu_switch(pgd_t *pgd)
{
	unsigned long pid = mmu_pid(pgd ? pgd : no_user_pgd);

	if (mfspr(SPR_PID) != pid) {
		mtspr(SPR_PID, pid);
		__asm__ __volatile__("isync" ::: "memory");
	}
	arch_tlb_flush_all();
}

#if LAB
void arch_kernel_map_set_present(const void *virt, bool present)
{
	unsigned long addr = (unsigned long)virt;
	p4d_t p4d = p4d_read(p4d_of(&kernel_pgd[table_index(addr, PGD_SHIFT)], addr));
	pud_t *puds = phys_to_virt(p4d_table_phys(p4d));
	pmd_t *pmds = phys_to_virt(pud_table_phys(pud_read(&puds[table_index(addr, PUD_SHIFT)])));
	pmd_t pmd = pmd_read(&pmds[table_index(addr, PMD_SHIFT)]);
	pte_t *pte = (pte_t *)phys_to_virt(pmd_table_phys(pmd)) + table_index(addr, PTE_SHIFT);
	u64 v = pte_read(pte).v;

	BUG_ON(!base_pages || !pte_pfn((pte_t){ v }));
	WRITE_ONCE(pte->v, radix_swap(present ? v | RADIX_VALID : v & ~RADIX_VALID));
	__asm__ __volatile__("ptesync" ::: "memory");
}
#endif

int arch_kernel_map_page(unsigned long virt, phys_addr_t phys)
{
	u64 *puds, *entry;

	puds = table_below(&kernel_pgd[table_index(virt, PGD_SHIFT)].v, RADIX_BITS_p4d);
	entry = puds ? kernel_entry(puds, virt, false) : NULL;
	if (entry) {
		WRITE_ONCE(*entry, phys ? radix_swap(phys | KERNEL_RW) : 0);
		__asm__ __volatile__("ptesync" ::: "memory");
	}
	if (!phys)
		arch_tlb_flush_kernel_page(virt);
	return entry ? 0 : -ENOMEM;
}
