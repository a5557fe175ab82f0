/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `mmapcalls`: the calls that change the address space, one thread, as Linux has them: where
 * mappings go, what splits and merges leave accessible, and what is zero again afterwards.
 */
#include "tests/user/util.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)
#define BIG (64UL << 20) /* no hole that is left in the address space is as large */

static size_t page;

static void expect_error(const char *what, bool failed, int error)
{
	check(failed && errno == error, "%s: '%s' instead of '%s'", what,
	      failed ? strerror(errno) : "success", strerror(error));
}

static void *map_at(void *addr, size_t size, int prot, int flags)
{
	return mmap(addr, size, prot, ANON | flags, -1, 0);
}

/* Page by page, what the string says: w writable, r only readable, - neither, . not mapped. */
static void expect_pages(const char *what, char *base, const char *expected)
{
	for (size_t i = 0; expected[i]; i++) {
		volatile uint64_t *word = page_word(base, i);
		uint64_t value;
		bool readable = try_read(word, &value);
		bool writable = readable && try_write(word, value);
		char is = writable			  ? 'w'
			  : readable			  ? 'r'
			  : last_segv.code == SEGV_ACCERR ? '-'
							  : '.';

		check(is == expected[i], "%s: page %zu is %c in '%s'", what, i, is, expected);
	}
}

static void test_placement(void)
{
	char *high = map_pages(BIG, RW), *low = map_pages(BIG, RW), *hint;

	check(low + BIG == high, "a second mapping is at %p, not below the first at %p",
	      (void *)low, (void *)high);
	*page_word(high, 0) = 1;
	*page_word(low, 0) = 2;
	check(!munmap(low + BIG - page, 2 * page), "munmap across two mappings: %s",
	      strerror(errno));
	expect_pages("after it", low + BIG - 2 * page, "w..w");
	hint = map_at(low + BIG - page, 2 * page, RW, 0);
	check(hint == low + BIG - page, "a hint at a hole gave %p", (void *)hint);
	hint = map_at(low, page, RW, 0);
	check(hint != low && hint != MAP_FAILED, "a hint at a mapping gave %p", (void *)hint);
	check(*page_word(low, 0) == 2, "and hurt the mapping there");
	check(!munmap(low, 2 * BIG), "munmap of all: %s", strerror(errno));
	check(!munmap(low, 2 * BIG), "munmap of nothing: %s", strerror(errno));
	munmap(hint, page);
}

static void test_fixed(void)
{
	char *base = map_island(8 * page, page);

	for (size_t i = 0; i < 8; i++)
		*page_word(base, i) = i + 1;
	expect_error("MAP_FIXED_NOREPLACE on a mapping",
		     map_at(base + 7 * page, page, RW, MAP_FIXED_NOREPLACE) == MAP_FAILED, EEXIST);
	check(map_at(base + 2 * page, 2 * page, PROT_READ, MAP_FIXED) == base + 2 * page,
	      "MAP_FIXED: %s", strerror(errno));
	check(!munmap(base + 5 * page, page), "munmap in the middle: %s", strerror(errno));
	expect_pages("fixed and unmapped", base, "wwrrw.ww");
	check(map_at(base + 5 * page, page, PROT_NONE, MAP_FIXED_NOREPLACE) == base + 5 * page,
	      "MAP_FIXED_NOREPLACE in a hole: %s", strerror(errno));
	expect_pages("refilled", base, "wwrrw-ww");
	for (size_t i = 0; i < 8; i++)
		if (i != 5)
			check(*page_word(base, i) == (i == 2 || i == 3 ? 0 : i + 1),
			      "page %zu holds %llu", i, (unsigned long long)*page_word(base, i));
}

static void test_protect(void)
{
	char *base = map_island(8 * page, page);

	for (size_t i = 0; i < 8; i++)
		*page_word(base, i) = i + 1;
	protect(base + 2 * page, 2 * page, PROT_READ);
	protect(base + 5 * page, page, PROT_NONE);
	expect_pages("split", base, "wwrrw-ww");
	protect(base + 3 * page, 3 * page, PROT_READ);
	expect_pages("merged with a neighbour", base, "wwrrrrww");
	protect(base, 8 * page, RW);
	expect_pages("one again", base, "wwwwwwww");
	for (size_t i = 0; i < 8; i++)
		check(*page_word(base, i) == i + 1, "page %zu lost its value", i);
	check(!munmap(base + 4 * page, page), "munmap: %s", strerror(errno));
	expect_error("mprotect over a hole", mprotect(base, 8 * page, PROT_READ) < 0, ENOMEM);
	expect_pages("changed up to the hole", base, "rrrr.www");
	expect_error("mprotect from a hole", mprotect(base + 4 * page, page, RW) < 0, ENOMEM);
}

/* The right to write alone brings reading with it, whichever comes first. */
static void test_write_only(void)
{
	char *base = map_pages(2 * page, PROT_WRITE);

	*page_word(base, 0) = 1;
	check(*page_word(base, 0) == 1, "a page with the right to write lost its value");
	check(*page_word(base, 1) == 0, "a page with the right to write is not zero at first");
	expect_pages("with the right to write", base, "ww");
	munmap(base, 2 * page);
}

static void test_discard(void)
{
	char *base = map_island(8 * page, page);

	for (size_t i = 0; i < 8; i++)
		*page_word(base, i) = i + 1;
	check(!madvise(base + page, 3 * page, MADV_DONTNEED), "madvise: %s", strerror(errno));
	protect(base + 5 * page, page, PROT_READ);
	check(!munmap(base + 6 * page, page), "munmap: %s", strerror(errno));
	expect_error("MADV_DONTNEED over a hole",
		     madvise(base + 5 * page, 3 * page, MADV_DONTNEED) < 0, ENOMEM);
	for (size_t i = 0; i < 8; i++)
		if (i != 6)
			check(*page_word(base, i) == (i == 0 || i == 4 ? i + 1 : 0),
			      "page %zu holds %llu", i, (unsigned long long)*page_word(base, i));
}

/*
 * A mapping that grows down fills half of the hole below it, for the search of a place as well. It
 * stays until the end, so that the kernel's check of the address space sees what it left.
 */
static void test_half_hole(void)
{
	char *base = map_island(2 * BIG, page), *found;

	check(!munmap(base, BIG), "munmap of the lower half: %s", strerror(errno));
	check(map_at(base + BIG / 2, BIG / 2, RW, MAP_FIXED) == base + BIG / 2, "MAP_FIXED: %s",
	      strerror(errno));
	*page_word(base + BIG / 2, 0) = 1;
	found = map_pages(BIG, RW);
	check(found + BIG <= base || found >= base + 2 * BIG, "%p was taken", (void *)found);
	check(*page_word(base + BIG / 2, 0) == 1, "the mapping in the hole lost its value");
	munmap(found, BIG);
}

static int mmapcalls_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	page = page_size();
	segv_catch();
	test_placement();
	test_fixed();
	test_protect();
	test_write_only();
	test_discard();
	test_half_hole();
	return 0;
}

USER_PROGRAM("mmapcalls", mmapcalls_main, "mmap, munmap, mprotect, madvise: what they leave");
