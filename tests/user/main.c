/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One binary, many programs: the first argument names the one to run, `list` prints them all.
 */
#include "tests/user/util.h"

extern const struct user_program *const __start_user_programs[];
extern const struct user_program *const __stop_user_programs[];

const char *program_name = "utest";

static int list_programs(void)
{
	const struct user_program *const *entry;

	for (entry = __start_user_programs; entry < __stop_user_programs; entry++)
		printf("%-12s %s\n", (*entry)->name, (*entry)->what);
	return 0;
}

int main(int argc, char **argv)
{
	const struct user_program *const *entry;

	if (argc < 2)
		usage("which program? 'utest list' names them");
	if (!strcmp(argv[1], "list"))
		return list_programs();
	for (entry = __start_user_programs; entry < __stop_user_programs; entry++) {
		if (strcmp((*entry)->name, argv[1]))
			continue;
		program_name = (*entry)->name;
		return (*entry)->main(argc - 1, argv + 1);
	}
	usage("no program '%s'; 'utest list' names them", argv[1]);
}
