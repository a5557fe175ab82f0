/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System calls on memory: they check what has nothing to do with the address space and hand the
 * rest to mm. Owns nothing; mm takes its locks itself.
 *
 * Source: mmap(2), munmap(2), mprotect(2), madvise(2), brk(2).
 */
#include "kernel/errno.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "mm/mm.h"
#include "arch/page.h"

/* args: addr, length, prot, flags, fd, offset. No descriptor that can be open can be mapped. */
long sys_mmap(const unsigned long args[6])
{
	u32 fd = (u32)args[4];

	if (args[5] & ~PAGE_MASK)
		return -EINVAL;
	if (!(args[3] & MAP_ANONYMOUS))
		return process_fd_is_open(current->process, fd) ? -ENODEV : -EBADF;
	return mm_mmap(current->mm, args[0], args[1], args[2], args[3]);
}

long sys_munmap(const unsigned long args[6])
{
	return mm_munmap(current->mm, args[0], args[1]);
}

long sys_mprotect(const unsigned long args[6])
{
	return mm_mprotect(current->mm, args[0], args[1], args[2]);
}

long sys_madvise(const unsigned long args[6])
{
	return mm_madvise(current->mm, args[0], args[1], (int)args[2]);
}

long sys_brk(const unsigned long args[6])
{
	return (long)mm_brk(current->mm, args[0]);
}
