/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The prctl of kernel/uapi.h, and what stands in for it where there is none: Linux says EINVAL.
 */
#include "tests/user/util.h"

#include <sys/prctl.h>

bool fl_present(void)
{
	return prctl(PR_FAULTLINE, FL_GET_PATH, 0UL, 0UL, 0UL) >= 0;
}

long fl_prctl(enum fl_op op, const void *a, unsigned long b)
{
	int result;

	if (!fl_present())
		return 0;
	result = prctl(PR_FAULTLINE, (unsigned long)op, a, b, 0UL);
	check(result >= 0, "prctl operation %d: %s", op, strerror(errno));
	return result;
}

bool fl_get_counts(struct fl_counts *counts)
{
	memset(counts, 0, sizeof(*counts));
	fl_prctl(FL_COUNTS, counts, 0);
	return fl_present();
}

const char *fl_path_name(void)
{
	if (!fl_present())
		return "linux";
	return fl_prctl(FL_GET_PATH, NULL, 0) ? "spf" : "classic";
}

void fl_set_path(const char *name)
{
	if (!name)
		return;
	if (strcmp(name, "classic") && strcmp(name, "spf"))
		usage("no fault path '%s'", name);
	fl_prctl(FL_SET_PATH, (const void *)(uintptr_t)!strcmp(name, "spf"), 0);
}
