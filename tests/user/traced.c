/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `traced --pages N`: writes N fresh pages one after the other, says where they are, and asks for
 * the trace to be written. Of the trace can then be said what must be in it: a fault for each page,
 * at its address. Where nothing is traced, and on Linux, there is none to ask for.
 */
#include "tests/user/util.h"

static int traced_main(int argc, char **argv)
{
	unsigned long pages = 8;
	const struct user_option options[] = {{"pages", OPTION_NUMBER, &pages}, {0}};
	char *region;

	parse_options(argc, argv, options);
	region = map_pages(pages * page_size(), PROT_READ | PROT_WRITE);
	printf("%lu pages at %p\n", pages, (void *)region);
	for (unsigned long i = 0; i < pages; i++)
		*page_word(region, i) = i;
	fl_prctl(FL_TRACE_DUMP, NULL, 0);
	return 0;
}

USER_PROGRAM("traced", traced_main, "faults at known addresses and asks for the trace");
