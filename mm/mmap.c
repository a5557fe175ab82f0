/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mmap of anonymous memory: checks, where it goes, and the new mapping.
 *
 * Arguments are checked in Linux's order, so that a call with two faults gives the same error.
 * Mappings are placed from mmap_top downwards, below the lowest neighbour that leaves room; above
 * mmap_top only when nothing below is large enough.
 *
 * Locking: mmap_sem for writing from the choice of the address until the VMA is linked; pages are
 * populated after it was dropped, so that the new mapping's faults are like any other's.
 */
#include "kernel/errno.h"
#include "mm/mm.h"

/* Lowest address that is chosen for a mapping whose place was left open. */
#define MMAP_LOW (USER_MIN + 0x10000UL)

/* The VM_* flags for PROT_* (other bits are ignored, as on Linux) and MAP_*. */
static unsigned long mmap_vm_flags(unsigned long prot, unsigned long flags)
{
	unsigned long vm_flags = prot & VM_ACCESS;

	if (flags & MAP_SHARED)
		vm_flags |= VM_SHARED;
	if (flags & MAP_GROWSDOWN)
		vm_flags |= VM_GROWSDOWN;
	return vm_flags;
}

/* Whether @flags say either private or shared, and only what goes with it. */
static bool mmap_type_ok(unsigned long flags)
{
	switch (flags & MAP_TYPE) {
	case MAP_PRIVATE:
		return true;
	case MAP_SHARED:
		return !(flags & MAP_GROWSDOWN);
	default:
		return false;
	}
}

static long check_fixed(struct mm *mm, unsigned long addr, unsigned long len, unsigned long flags)
{
	struct vma *vma;

	if (len > USER_TOP || addr > USER_TOP - len)
		return -ENOMEM;
	if (addr & ~PAGE_MASK)
		return -EINVAL;
	if (addr < USER_MIN)
		return -EPERM;
	if (!(flags & MAP_FIXED_NOREPLACE))
		return (long)addr;
	vma = find_vma(mm, addr);
	return vma && vma->start < addr + len ? -EEXIST : (long)addr;
}

/* Takes the hint @addr if nothing is there, with *@next the VMA above; 0 if it cannot be had. */
static long try_hint(struct mm *mm, unsigned long addr, unsigned long len, struct vma **next)
{
	unsigned long guard;

	addr = max(addr & PAGE_MASK, (unsigned long)USER_MIN);
	if (len > USER_TOP || addr > USER_TOP - len)
		return 0;
	*next = find_vma(mm, addr);
	if (!*next)
		return (long)addr;
	guard = (*next)->flags & VM_GROWSDOWN ? STACK_GUARD_GAP : 0;
	if ((*next)->start < guard || addr + len > (*next)->start - guard)
		return 0;
	return (long)addr;
}

static long choose_addr(struct mm *mm, unsigned long hint, unsigned long len, struct vma **next)
{
	long addr = hint & PAGE_MASK ? try_hint(mm, hint, len, next) : 0;

	if (addr)
		return addr;
	addr = vma_find_gap(mm, len, MMAP_LOW, mm->mmap_top, next);
	if (addr < 0)
		addr = vma_find_gap(mm, len, MMAP_LOW, USER_TOP, next);
	return addr;
}

/* Unmaps what is in [@addr, @addr + @len); *@next is then the VMA above. */
static int clear_fixed(struct mm *mm, unsigned long addr, unsigned long len, struct vma **next)
{
	int err;

	*next = find_vma(mm, addr);
	if (!*next || (*next)->start >= addr + len)
		return 0;
	err = vma_unmap(mm, addr, addr + len);
	if (!err)
		*next = find_vma(mm, addr);
	return err;
}

static long mmap_locked(struct mm *mm, unsigned long addr, unsigned long len, unsigned long prot,
			unsigned long flags)
{
	bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
	struct vma *next = NULL;
	long ret;
	int err;

	ret = fixed ? check_fixed(mm, addr, len, flags) : choose_addr(mm, addr, len, &next);
	if (ret < 0)
		return ret;
	if (!mmap_type_ok(flags))
		return -EINVAL;
	addr = (unsigned long)ret;
	if (fixed) {
		err = clear_fixed(mm, addr, len, &next);
		if (err)
			return err;
	}
	err = vma_map(mm, vma_prev(mm, next), addr, addr + len, mmap_vm_flags(prot, flags));
	return err ? err : ret;
}

long mm_mmap(struct mm *mm, unsigned long addr, unsigned long len, unsigned long prot,
	     unsigned long flags)
{
	long ret;

	if (!(flags & MAP_ANONYMOUS))
		return -EBADF;
	if (!len)
		return -EINVAL;
	len = ALIGN_UP(len, PAGE_SIZE);
	if (!len)
		return -ENOMEM;
	down_write(&mm->mmap_sem);
	ret = mmap_locked(mm, addr, len, prot, flags);
	up_write(&mm->mmap_sem);
	/* As on Linux the mapping stands even if its pages could not all be had. */
	if (ret >= 0 && (flags & MAP_POPULATE))
		mm_populate(mm, (unsigned long)ret, (unsigned long)ret + len);
	return ret;
}
