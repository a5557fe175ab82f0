/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walking kernel stacks by frame pointers.
 *
 * Runs in panics and NMIs on stacks that may be in any state, so an address is looked up in the
 * kernel's page tables before it is read, and every step leads to a higher address, or from an
 * exception stack to a thread's, so that no chain is endless. Where the chain passes the entry
 * code, the walk goes on from the registers of the trap frame above it: the interrupted
 * instruction appears, and the entry code does not. Locks nothing; kernel mappings of stacks are
 * not taken away under their user.
 */
#include "arch/mmu.h"
#include "arch/page.h"
#include "arch/stack.h"
#include "arch/x86_64/internal.h"
#include "arch/x86_64/traps.h"

#define KERNEL_HALF_BITS 0x1ffff

static bool kernel_addr_mapped(unsigned long addr)
{
	p4d_t p4d;
	pud_t pud;
	pmd_t pmd;

	if (addr >> 47 != KERNEL_HALF_BITS)
		return false;
	p4d = p4d_read(p4d_of(&kernel_pgd[table_index(addr, PGD_SHIFT)], addr));
	if (!p4d_present(p4d))
		return false;
	pud = pud_read((pud_t *)phys_to_virt(p4d_table_phys(p4d)) + table_index(addr, PUD_SHIFT));
	if (!pud_present(pud) || pud_huge(pud))
		return pud_present(pud);
	pmd = pmd_read((pmd_t *)phys_to_virt(pud_table_phys(pud)) + table_index(addr, PMD_SHIFT));
	if (!pmd_present(pmd) || pmd_huge(pmd))
		return pmd_present(pmd);
	return pte_present(pte_read((pte_t *)phys_to_virt(pmd_table_phys(pmd)) +
				    table_index(addr, PTE_SHIFT)));
}

/* Whether @size bytes at @addr, at most a page, may be read as part of a stack. */
static bool stack_readable(unsigned long addr, size_t size)
{
	if (!IS_ALIGNED(addr, 8) || addr + size < addr)
		return false;
	if (addr >= DEVICE_MAP_BASE && addr < KERNEL_VIRT_OFFSET)
		return false; /* reading a device register does something */
	return kernel_addr_mapped(addr) && kernel_addr_mapped(addr + size - 1);
}

/* Exception stacks: with the boot CPU's tables in the image, with all others' in the direct map. */
static bool stack_is_exception(unsigned long fp)
{
	unsigned long tables = (unsigned long)&boot_tables;

	return fp < KSTACK_AREA_BASE || (fp >= tables && fp < tables + sizeof(boot_tables));
}

static bool stack_step_ok(unsigned long from, unsigned long to)
{
	if (stack_is_exception(from) != stack_is_exception(to))
		return stack_is_exception(from);
	return to > from;
}

enum stack_step arch_stack_next(unsigned long *pc, unsigned long *fp)
{
	unsigned long old = *fp, next, ret;
	enum stack_step step = STACK_CALL;
	const struct trap_frame *regs;

	if (!stack_readable(old, 16))
		return STACK_END;
	next = ((const unsigned long *)old)[0];
	ret = ((const unsigned long *)old)[1];
	if (ret >= (unsigned long)entry_text_start && ret < (unsigned long)entry_text_stop) {
		regs = (const struct trap_frame *)(old + 16);
		if (ret == (unsigned long)entry_syscall_return ||
		    !stack_readable((unsigned long)regs, sizeof(*regs)) ||
		    trap_frame_is_user(regs))
			return STACK_END;
		step = STACK_TRAP;
		ret = regs->rip; /* whatever it is: who called a bad address is worth knowing */
		next = regs->rbp;
	} else if (ret < (unsigned long)text_start || ret >= (unsigned long)text_end) {
		return STACK_END;
	}
	/* The last frame of all has no next one; its caller is still worth a line. */
	*pc = ret;
	*fp = next && stack_step_ok(old, next) ? next : 0;
	return step;
}
