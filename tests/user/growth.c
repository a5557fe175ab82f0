/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `growth`: memory that grows by itself or by one pointer: the heap of brk, the stack, and what
 * MAP_POPULATE fills before anybody touches it.
 */
#include "tests/user/util.h"

static size_t page;

static void test_populate(void)
{
	struct fl_counts before, after;
	char *base;

	memset(&before, 0, sizeof(before));
	memset(&after, 0, sizeof(after));
	base = mmap(NULL, 16 * page, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	check(base != MAP_FAILED, "MAP_POPULATE: %s", strerror(errno));
	fl_get_counts(&before);
	for (size_t i = 0; i < 16; i++)
		check(!*page_word(base, i), "a populated page is not zero");
	for (size_t i = 0; i < 16; i++)
		*page_word(base, i) = i;
	fl_get_counts(&after);
	check(before.faults == after.faults, "%lu faults on populated pages",
	      (unsigned long)(after.faults - before.faults));
	munmap(base, 16 * page);
}

/* What may only be read is populated with zeroes. */
static void test_populate_read(void)
{
	struct fl_counts before, after;
	char *base;

	memset(&before, 0, sizeof(before));
	memset(&after, 0, sizeof(after));
	base = mmap(NULL, 16 * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	check(base != MAP_FAILED, "MAP_POPULATE to read: %s", strerror(errno));
	fl_get_counts(&before);
	for (size_t i = 0; i < 16; i++)
		check(!*page_word(base, i), "a page populated to be read is not zero");
	fl_get_counts(&after);
	check(before.faults == after.faults, "%lu faults on pages populated to be read",
	      (unsigned long)(after.faults - before.faults));
	munmap(base, 16 * page);
}

static void test_brk(void)
{
	uintptr_t start = (uintptr_t)syscall(SYS_brk, 0);
	uintptr_t end = (start + 64 * page) & ~(page - 1);
	char *last = (char *)end - page;
	uint64_t value;

	check(syscall(SYS_brk, end) == (long)end, "brk did not grow");
	check(!*page_word(last, 0), "new heap is not zero");
	*page_word(last, 0) = 1;
	check(syscall(SYS_brk, end - page) == (long)(end - page), "brk did not shrink");
	check(!try_read(page_word(last, 0), &value), "given-back heap is readable");
	check(syscall(SYS_brk, end) == (long)end, "brk did not grow again");
	check(!*page_word(last, 0), "heap given back holds its old value");
	check(syscall(SYS_brk, 1) == (long)end, "brk(1) did not answer with the end");
	check(syscall(SYS_brk, 1UL << 60) == (long)end, "brk grew without limit");
	check(syscall(SYS_brk, start) == (long)start, "brk did not go back");
}

/* Walks half a MiB down in one frame: the stack grows under it, and the new part is zero. */
static __attribute__((noinline)) void test_stack(void)
{
	volatile char frame[512 * 1024];

	for (size_t i = sizeof(frame); i >= 1024; i -= 1024)
		frame[i - 1] = (char)(i >> 10);
	for (size_t i = sizeof(frame); i >= 1024; i -= 1024)
		check(frame[i - 1] == (char)(i >> 10), "stack byte %zu lost its value", i);
}

static int growth_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	page = page_size();
	segv_catch();
	test_populate();
	test_populate_read();
	test_brk();
	test_stack();
	return 0;
}

USER_PROGRAM("growth", growth_main, "brk, stack growth, MAP_POPULATE");
