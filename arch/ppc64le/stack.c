/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walking kernel stacks along the back chain.
 *
 * Every stack frame begins with the address of its caller's, and holds the return address of what
 * it calls 16 bytes above its start. A function that calls nothing saves no return address, and its
 * caller's frame may hold none or that of an earlier call: if it was interrupted, its caller is
 * missing in the trace or named at another place; the report's lr is right.
 *
 * Runs in panics and NMIs on stacks that may be in any state, so an address is looked up in the
 * kernel's page tables before it is read, and every step leads to a higher address, or from an NMI
 * stack to a thread's, so that no chain is endless. Where the chain passes the entry code, the walk
 * goes on from the registers of the trap frame there: the interrupted instruction appears, and the
 * entry code does not. Locks nothing; kernel mappings of stacks are not taken away under their
 * user.
 */
#include "arch/mmu.h"
#include "arch/page.h"
#include "arch/stack.h"
#include "arch/ppc64le/internal.h"
#include "arch/ppc64le/traps.h"

static bool kernel_addr_mapped(unsigned long addr)
{
	p4d_t p4d;
	pud_t pud;
	pmd_t pmd;

	if (addr < DIRECT_MAP_BASE || addr >= KSTACK_AREA_BASE + KSTACK_AREA_SIZE)
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
	return IS_ALIGNED(addr, 8) && kernel_addr_mapped(addr) &&
	       kernel_addr_mapped(addr + size - 1);
}

/* The stacks of threads are in the stack area, but for the boot CPU's; NMI stacks are not. */
static bool stack_is_thread(unsigned long fp)
{
	return fp >= KSTACK_AREA_BASE ||
	       (fp >= (unsigned long)boot_stack && fp < (unsigned long)boot_stack_end);
}

static bool stack_step_ok(unsigned long from, unsigned long to)
{
	if (stack_is_thread(from) != stack_is_thread(to))
		return stack_is_thread(to);
	return to > from;
}

/* The frame of the caller, whose start may be read; 0 at the end. */
static unsigned long stack_outer(unsigned long frame)
{
	unsigned long outer;

	if (!stack_readable(frame, 8))
		return 0;
	outer = *(const unsigned long *)frame;
	return stack_step_ok(frame, outer) && stack_readable(outer, STACK_HEADER) ? outer : 0;
}

enum stack_step arch_stack_next(unsigned long *pc, unsigned long *fp)
{
	unsigned long frame = *fp, ret;
	enum stack_step step = STACK_CALL;
	const struct trap_frame *regs;

	do {
		frame = stack_outer(frame);
		if (!frame)
			return STACK_END;
		ret = *(const unsigned long *)(frame + STACK_LR_SAVE);
	} while (ret < (unsigned long)text_start || ret >= (unsigned long)text_end);
	if (ret >= (unsigned long)entry_text_start && ret < (unsigned long)entry_text_stop) {
		regs = (const struct trap_frame *)(frame + STACK_HEADER);
		if (ret == (unsigned long)entry_syscall_return ||
		    !stack_readable((unsigned long)regs, sizeof(*regs)) ||
		    trap_frame_is_user(regs))
			return STACK_END;
		step = STACK_TRAP;
		ret = regs->nip; /* whatever it is: who called a bad address is worth knowing */
		if (stack_step_ok(frame, regs->gpr[1]))
			frame = regs->gpr[1];
		else
			frame = 0;
	}
	*pc = ret;
	*fp = frame;
	return step;
}
