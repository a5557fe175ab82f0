/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Invalidating translations.
 *
 * Every user address space has a PID of its own (mmu.c), and translations are tagged with it. A
 * flush of everything is by PID. POWER9 wants that once for each of its 128 congruence classes;
 * later CPUs, and QEMU's POWER9, do all of it at once, and that is what is done here.
 *
 * Owns nothing, locks nothing; any context. tlbie is not to be used by two CPUs at once on some
 * hardware; partitions with GTSE may.
 *
 * Source: Power ISA 3.0B, book III, 5.9.3.3 (tlbie, tlbiel), 5.10 (the order of updates).
 */
#include "arch/tlb.h"
#include "arch/mmu.h"
#include "arch/ppc64le/internal.h"
#include "arch/ppc64le/mmu.h"
#include "arch/ppc64le/traps.h"

/* RB: the page size in POWER9's encoding, or that all of the PID is meant. */
#define TLB_AP (PAGE_SHIFT == 16 ? 5UL << 5 : 0UL)
#define TLB_IS_PID BIT(10)
#define TLB_PID_SHIFT 32

static __always_inline unsigned long page_operand(unsigned long addr)
{
	return (addr & PAGE_MASK) | TLB_AP;
}

void arch_tlb_flush_page(unsigned long addr)
{
	__asm__ __volatile__("ptesync; tlbiel %0, %1, 0, 1, 1; ptesync" ::"r"(page_operand(addr)),
			     "r"(mfspr(SPR_PID) << TLB_PID_SHIFT)
			     : "memory");
}

void arch_tlb_flush_all(void)
{
	__asm__ __volatile__("ptesync; tlbiel %0, %1, 2, 1, 1; ptesync; isync" ::"r"(TLB_IS_PID),
			     "r"(mfspr(SPR_PID) << TLB_PID_SHIFT)
			     : "memory");
}

void arch_tlb_broadcast_page(pgd_t *pgd, unsigned long addr)
{
	__asm__ __volatile__("ptesync; tlbie %0, %1, 0, 1, 1; eieio; tlbsync; ptesync" ::"r"(
				     page_operand(addr)),
			     "r"(mmu_pid(pgd) << TLB_PID_SHIFT)
			     : "memory");
}

void arch_tlb_broadcast_all(pgd_t *pgd)
{
	__asm__ __volatile__("ptesync; tlbie %0, %1, 2, 1, 1; eieio; tlbsync; ptesync; isync" ::"r"(
				     TLB_IS_PID),
			     "r"(mmu_pid(pgd) << TLB_PID_SHIFT)
			     : "memory");
}

/* PID 0's tree; the PID register does not come into it. */
void arch_tlb_flush_kernel_page(unsigned long addr)
{
	__asm__ __volatile__("ptesync; tlbiel %0, %1, 0, 1, 1; ptesync" ::"r"(page_operand(addr)),
			     "r"(0L)
			     : "memory");
}

void arch_tlb_flush_kernel_all(void)
{
	__asm__ __volatile__("ptesync; tlbiel %0, %1, 2, 1, 1; ptesync; isync" ::"r"(TLB_IS_PID),
			     "r"(0L)
			     : "memory");
}

#if LAB
/*
 * QEMU's CPU looks for work that others gave it, flushes among it, between two blocks of code only.
 * A block has up to 512 instructions, without a branch and within a page, hence the branch to an
 * aligned place. Each reading of the time base takes it some 30 ns.
 */
u32 arch_tlb_late_read(u64 *began, u64 round, const u64 *done, const u32 *word, u64 *seen_done)
{
	u64 seen, ticks;
	u32 value;

	__asm__ __volatile__("b 1f\n"
			     "\t.balign 2048\n"
			     "1:\tstd %5, 0(%3)\n"
			     "\t.rept 400\n"
			     "\tmftb %2\n"
			     "\t.endr\n"
			     "\tld %0, 0(%4)\n"
			     "\tlwz %1, 0(%6)\n"
			     : "=&r"(seen), "=&r"(value), "=&r"(ticks)
			     : "b"(began), "b"(done), "r"(round), "b"(word)
			     : "memory");
	*seen_done = seen;
	return value;
}
#endif
