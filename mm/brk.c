/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that grows in place: the heap by brk, stacks by the faults below them.
 *
 * Locking: mmap_sem for writing. A stack grows inside a section of vm_sequence like every other
 * change of bounds (hazard L-24); the classic path, which holds mmap_sem for reading when it finds
 * out, drops it, takes it for writing and looks everything up again.
 */
#include "kernel/errno.h"
#include "lab/shadow.h"
#include "lab/sync.h"
#include "mm/mm.h"

#define BRK_FLAGS (VM_READ | VM_WRITE)

/* Maps [@start, @end) for the heap. At least a page stays free below the next mapping, beside
 * the guard of a stack. */
static int brk_grow(struct mm *mm, unsigned long start, unsigned long end)
{
	struct vma *next = find_vma(mm, start);
	unsigned long need = end + PAGE_SIZE;

	if (next && (next->flags & VM_GROWSDOWN))
		need += STACK_GUARD_GAP;
	if (next && next->start < need)
		return -ENOMEM;
	return vma_map(mm, vma_prev(mm, next), start, end, BRK_FLAGS);
}

static int brk_locked(struct mm *mm, unsigned long brk)
{
	unsigned long old_end, new_end;

	if (brk < mm->brk_start || brk > USER_TOP)
		return -ENOMEM;
	old_end = ALIGN_UP(mm->brk, PAGE_SIZE);
	new_end = ALIGN_UP(brk, PAGE_SIZE);
	if (new_end < old_end)
		return vma_unmap(mm, new_end, old_end);
	return new_end > old_end ? brk_grow(mm, old_end, new_end) : 0;
}

unsigned long mm_brk(struct mm *mm, unsigned long brk)
{
	down_write(&mm->mmap_sem);
	if (brk_locked(mm, brk) == 0)
		mm->brk = brk;
	else
		brk = mm->brk;
	up_write(&mm->mmap_sem);
	return brk;
}

int mm_expand_stack(struct mm *mm, struct vma *vma, unsigned long addr)
{
	struct vma *prev = vma_prev(mm, vma);

	addr &= PAGE_MASK;
	if (addr >= vma->start)
		return 0;
	if (!(vma->flags & VM_GROWSDOWN))
		return -EFAULT;
	if (addr < USER_MIN || vma->end - addr > STACK_MAX_SIZE)
		return -ENOMEM;
	/* A program's own guard below, without any access, may touch the stack, and so may a stack
	 * that was split. */
	if (prev && prev->end > addr)
		return -ENOMEM;
	if (prev && (prev->flags & VM_ACCESS) && !(prev->flags & VM_GROWSDOWN) &&
	    addr - prev->end < STACK_GUARD_GAP)
		return -ENOMEM;
	shadow_change_begin(mm, addr, vma->start, vma->flags & VM_ACCESS);
	vma_write_begin(vma);
	SYNC_POINT(adjust_seq_open);
	WRITE_ONCE(vma->start, addr);
	vma_gap_update(mm, vma);
	vma_write_end(vma);
	shadow_change_end(mm, 0);
	return 0;
}
