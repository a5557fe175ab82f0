/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `apart`: the section .apart is filled from the file. With --far it must be megabytes away from
 * the rest, as the Makefile links the program bin/apart, so that the loader comes to a page whose
 * upper tables are there already and whose table is not.
 */
#include "tests/user/util.h"

#define APART_MIN (2UL << 20) /* what a page table covers */
#define WORDS 1024

static volatile uint64_t words[WORDS] __attribute__((section(".apart"))) = {
	[0] = 0x1122334455667788, [WORDS / 2] = 7, [WORDS - 1] = ~0UL
};

static int apart_main(int argc, char **argv)
{
	static uint64_t near = 1;
	bool far = false;
	const struct user_option options[] = { { "far", OPTION_FLAG, &far }, { 0 } };
	uint64_t sum = 0;

	parse_options(argc, argv, options);
	check(!far || (uintptr_t)words - (uintptr_t)&near >= APART_MIN, "it is next to the rest");
	check(words[0] == 0x1122334455667788 && words[WORDS / 2] == 7 && words[WORDS - 1] == ~0UL,
	      "what was far away is not what the file holds");
	for (size_t i = 0; i < WORDS; i++)
		sum += words[i];
	check(sum == 0x1122334455667788 + 7 - 1, "there is more in it");
	words[1] = near;
	check(words[1] == 1, "it cannot be written");
	return 0;
}

USER_PROGRAM("apart", apart_main, "a part of the program that is linked far away is loaded");
