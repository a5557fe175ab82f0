/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `holes`: takes pages out of the middle of mappings, by unmapping and by MADV_REMOVE, first of
 * shared memory, then of private; what was taken is gone or zero, the rest stays.
 *
 * So one thread comes through every path on which a kernel with files takes locks of reverse maps.
 */
#include "tests/user/util.h"

#define PAGES 8

static size_t page;

static char *map_filled(int sharing)
{
	char *base = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS, -1,
			  0);

	check(base != MAP_FAILED, "mmap: %s", strerror(errno));
	for (size_t i = 0; i < PAGES; i++)
		*page_word(base, i) = i + 1;
	return base;
}

static void expect_value(char *base, size_t i, uint64_t value)
{
	check(*page_word(base, i) == value, "page %zu holds %llu, not %llu", i,
	      (unsigned long long)*page_word(base, i), (unsigned long long)value);
}

static int holes_main(int argc, char **argv)
{
	char *shared, *private;

	(void)argc;
	(void)argv;
	page = page_size();
	shared = map_filled(MAP_SHARED);
	private = map_filled(MAP_PRIVATE);

	check(!munmap(shared + 3 * page, page), "munmap: %s", strerror(errno));
	check(!madvise(shared + 5 * page, 2 * page, MADV_REMOVE), "MADV_REMOVE: %s",
	      strerror(errno));
	check(!munmap(private + 3 * page, page), "munmap: %s", strerror(errno));
	for (size_t i = 0; i < PAGES; i++) {
		if (i == 3)
			continue;
		expect_value(shared, i, i == 5 || i == 6 ? 0 : i + 1);
		expect_value(private, i, i + 1);
	}
	return 0;
}

USER_PROGRAM("holes", holes_main, "unmaps and removes pages in the middle of mappings");
