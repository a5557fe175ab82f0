/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The MMU: page walks and a TLB, in C.
 *
 * Each CPU has a TLB that is never short of room by itself and forgets nothing unless told to, the
 * worst that a machine may do: a flush too few shows at once. A page walk is an uninterrupted look
 * at four entries; dirty is set by compare and exchange, so that an entry that was cleared or
 * changed meanwhile is not written to.
 *
 * Owns the TLBs, each used by its own CPU only. No locks.
 */
#include "arch/mmu.h"
#include "arch/tlb.h"
#include "arch/host/machine.h"
#include "arch/host/os.h"
#include "kernel/cpu.h"
#include "kernel/printk.h"

struct host_tlb {
	struct host_tlb_entry entry[HOST_TLB_ENTRIES];
};

static const u64 access_bit[] = {
	[HOST_READ] = HOST_PTE_READ,
	[HOST_WRITE] = HOST_PTE_WRITE,
	[HOST_EXEC] = HOST_PTE_EXEC,
};

static struct host_tlb_entry *tlb_slot(unsigned long addr)
{
	struct arch_cpu *arch = &this_cpu()->arch;

	if (!arch->tlb)
		arch->tlb = os_zalloc(sizeof(*arch->tlb));
	return &arch->tlb->entry[(addr >> PAGE_SHIFT) % HOST_TLB_ENTRIES];
}

void arch_tlb_flush_page(unsigned long addr)
{
	struct host_tlb_entry *slot = tlb_slot(addr);

	if (slot->page == ((addr & PAGE_MASK) | 1))
		slot->page = 0;
}

void arch_tlb_flush_all(void)
{
	memset(tlb_slot(0), 0, sizeof(struct host_tlb));
}

void arch_mmu_switch(pgd_t *pgd)
{
	this_cpu()->arch.pgd = pgd ? &pgd->v : NULL;
	arch_tlb_flush_all();
}

const struct host_tlb_entry *host_tlb_entry(unsigned int i)
{
	const struct host_tlb_entry *slot = tlb_slot((unsigned long)i << PAGE_SHIFT);

	return slot->page ? slot : NULL;
}

/* The place of the leaf entry for @addr, or NULL. */
static u64 *walk(unsigned long addr)
{
	u64 *table = (u64 *)this_cpu()->arch.pgd;

	for (unsigned int shift = PGD_SHIFT; table && shift > PTE_SHIFT; shift -= 9) {
		u64 entry = READ_ONCE(table[table_index(addr, shift)]);

		BUG_ON_MSG(entry && !(entry & HOST_PTE_PRESENT), "%lx: entry %lx of shift %u", addr,
			   (unsigned long)entry, shift);
		table = entry ? phys_to_virt(entry & HOST_PTE_FRAME) : NULL;
	}
	return table ? &table[table_index(addr, PTE_SHIFT)] : NULL;
}

u64 host_walk(unsigned long addr)
{
	const u64 *place = walk(addr);

	return place ? READ_ONCE(*place) : 0;
}

/* Makes *@slot a translation that permits @access; false if the tables do not. */
static bool tlb_fill(struct host_tlb_entry *slot, enum host_access access, unsigned long addr)
{
	u64 set = HOST_PTE_YOUNG | (access == HOST_WRITE ? HOST_PTE_DIRTY : 0);
	u64 *place = walk(addr), pte;

	if (!place)
		return false;
	pte = __atomic_load_n(place, __ATOMIC_ACQUIRE);
	do {
		if (!(pte & HOST_PTE_PRESENT) || !(pte & access_bit[access]))
			return false;
	} while ((pte & set) != set && !try_cmpxchg(place, &pte, pte | set));
	slot->page = (addr & PAGE_MASK) | 1;
	slot->pte = pte | set;
	return true;
}

/* The access itself, through a translation. */
static void access_word(u64 pte, enum host_access access, unsigned long addr, u64 *value)
{
	u64 *word = phys_to_virt((pte & HOST_PTE_FRAME) + (addr & ~PAGE_MASK & ~7UL));

	if (access == HOST_WRITE)
		__atomic_store_n(word, *value, __ATOMIC_RELAXED);
	else
		*value = __atomic_load_n(word, __ATOMIC_RELAXED);
}

bool host_translate(enum host_access access, unsigned long addr, u64 *value)
{
	struct host_tlb_entry *slot = tlb_slot(addr);
	bool dirty = access != HOST_WRITE || slot->pte & HOST_PTE_DIRTY;

	if (slot->page != ((addr & PAGE_MASK) | 1) || !(slot->pte & access_bit[access]) || !dirty)
		if (!tlb_fill(slot, access, addr))
			return false;
	access_word(slot->pte, access, addr, value);
	return true;
}
