/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `kinds --rounds N`: N faults of each kind, so that N more rounds add N to each counter.
 *
 * A first read (the page of zeroes), a first write after it (a copy), a first write, a write after
 * mprotect gave the right back, an access that is not permitted, and one of the kernel's own. What
 * the program sees of them must be right; the test compares the counters of two runs.
 */
#include <sys/utsname.h>
#include "tests/user/util.h"

#define MAX_ROUNDS 100

static unsigned long rounds = 8;

static char *region(void)
{
	return map_island(MAX_ROUNDS * page_size(), TABLE_SPAN);
}

static void read_then_write(void)
{
	char *pages = region();

	for (unsigned long i = 0; i < rounds; i++)
		check(*page_word(pages, i) == 0, "page %lu is not zero", i);
	for (unsigned long i = 0; i < rounds; i++)
		*page_word(pages, i) = i + 1;
	for (unsigned long i = 0; i < rounds; i++)
		check(*page_word(pages, i) == i + 1, "the write to page %lu is lost", i);
}

static void write_protect_write(void)
{
	char *pages = region();

	for (unsigned long i = 0; i < rounds; i++)
		*page_word(pages, i) = i + 1;
	protect(pages, MAX_ROUNDS * page_size(), PROT_READ);
	protect(pages, MAX_ROUNDS * page_size(), PROT_READ | PROT_WRITE);
	for (unsigned long i = 0; i < rounds; i++)
		*page_word(pages, i) += 1;
	for (unsigned long i = 0; i < rounds; i++)
		check(*page_word(pages, i) == i + 2, "page %lu lost its value", i);
}

static void forbidden(void)
{
	char *pages = region();

	protect(pages, MAX_ROUNDS * page_size(), PROT_NONE);
	for (unsigned long i = 0; i < rounds; i++)
		check(!try_write(page_word(pages, i), 1), "page %lu was written", i);
	check(last_segv.count == rounds, "%u signals", last_segv.count);
}

static void kernel_writes(void)
{
	char *pages = region();

	for (unsigned long i = 0; i < rounds; i++)
		check(!uname((struct utsname *)(pages + i * page_size())), "uname: %s",
		      strerror(errno));
}

static int kinds_main(int argc, char **argv)
{
	const struct user_option options[] = { { "rounds", OPTION_NUMBER, &rounds }, { 0 } };

	parse_options(argc, argv, options);
	if (rounds > MAX_ROUNDS)
		usage("--rounds is at most %d", MAX_ROUNDS);
	segv_catch();
	read_then_write();
	write_protect_write();
	forbidden();
	kernel_writes();
	return 0;
}

USER_PROGRAM("kinds", kinds_main, "faults of every kind, a number of each");
