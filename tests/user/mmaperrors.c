/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `mmaperrors`: what mmap, munmap, mprotect and madvise answer to bad arguments: Linux's errors.
 */
#include "tests/user/util.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)
#define IN_KERNEL ((char *)0xffff800000000000)

/* System calls as they are: the C library checks or rounds some of these arguments itself. */
static void expect(const char *what, long result, int error)
{
	int got = result < 0 ? errno : 0;

	check(got == error, "%s: '%s' instead of '%s'", what, strerror(got), strerror(error));
}

static long map_at(char *addr, size_t size, int flags, int fd, size_t offset)
{
	return syscall(SYS_mmap, addr, size, RW, flags, fd, offset);
}

static void test_mmap(char *base, size_t page)
{
	expect("mmap of 0 bytes", map_at(NULL, 0, ANON, -1, 0), EINVAL);
	expect("mmap fixed, odd address", map_at(base + 1, page, ANON | MAP_FIXED, -1, 0), EINVAL);
	expect("mmap, odd offset", map_at(NULL, page, ANON, -1, 1), EINVAL);
	expect("mmap neither shared nor private", map_at(NULL, page, MAP_ANONYMOUS, -1, 0), EINVAL);
	expect("mmap of no file", map_at(NULL, page, MAP_PRIVATE, 1000, 0), EBADF);
	expect("mmap of 2^62 bytes", map_at(NULL, 1UL << 62, ANON, -1, 0), ENOMEM);
	expect("mmap of 2^64 bytes less 1", map_at(NULL, -1UL, ANON, -1, 0), ENOMEM);
	expect("mmap fixed in the kernel", map_at(IN_KERNEL, page, ANON | MAP_FIXED, -1, 0),
	       ENOMEM);
	expect("mmap fixed, not replacing, on a mapping",
	       map_at(base, page, ANON | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
}

static void test_others(char *base, size_t page)
{
	expect("munmap, odd address", syscall(SYS_munmap, base + 1, page), EINVAL);
	expect("munmap of 0 bytes", syscall(SYS_munmap, base, 0), EINVAL);
	expect("munmap in the kernel", syscall(SYS_munmap, IN_KERNEL, page), EINVAL);
	expect("munmap of 2^64 bytes less 1", syscall(SYS_munmap, base, -1UL), EINVAL);

	expect("mprotect, odd address", syscall(SYS_mprotect, base + 1, page, RW), EINVAL);
	expect("mprotect with bit 0x40", syscall(SYS_mprotect, base, page, 0x40), EINVAL);
	expect("mprotect of 0 bytes", syscall(SYS_mprotect, base, 0, RW), 0);
	expect("mprotect that wraps", syscall(SYS_mprotect, base, -page, RW), ENOMEM);
	expect("mprotect in the kernel", syscall(SYS_mprotect, IN_KERNEL, page, RW), ENOMEM);

	expect("madvise, odd address", syscall(SYS_madvise, base + 1, page, MADV_DONTNEED), EINVAL);
	expect("madvise 9999", syscall(SYS_madvise, base, page, 9999), EINVAL);
	expect("madvise of 0 bytes", syscall(SYS_madvise, base, 0, MADV_DONTNEED), 0);
	expect("madvise that wraps", syscall(SYS_madvise, base, -page, MADV_DONTNEED), EINVAL);
	expect("madvise in the kernel", syscall(SYS_madvise, IN_KERNEL, page, MADV_DONTNEED),
	       ENOMEM);
	expect("MADV_REMOVE of private memory", syscall(SYS_madvise, base, page, MADV_REMOVE),
	       EINVAL);
}

/* What comes after a mapping for which the call is refused does not make it a success. */
static void test_remove_mixed(size_t page)
{
	char *base = map_island(2 * page, page);

	check(mmap(base + page, page, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED,
		   -1, 0) == base + page, "mmap of shared memory: %s", strerror(errno));
	expect("MADV_REMOVE of private and shared memory",
	       syscall(SYS_madvise, base, 2 * page, MADV_REMOVE), EINVAL);
}

static int mmaperrors_main(int argc, char **argv)
{
	size_t page = page_size();
	char *base = map_island(2 * page, page);

	(void)argc;
	(void)argv;
	*page_word(base, 1) = 7;
	test_mmap(base, page);
	test_others(base, page);
	test_remove_mixed(page);
	check(*page_word(base, 0) == 0 && *page_word(base, 1) == 7, "a refused call did something");
	return 0;
}

USER_PROGRAM("mmaperrors", mmaperrors_main, "errors of mmap, munmap, mprotect, madvise");
