/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of PTL policies that the linker gathers from mm/ptl_*.c. Constant; no locks.
 */
#include "mm/ptl.h"
#include "kernel/printk.h"
#include "kernel/string.h"

extern const struct ptl_policy ptl_policies_start[], ptl_policies_stop[];

const struct ptl_policy *ptl_policy_find(const char *name)
{
	for (const struct ptl_policy *p = ptl_policies_start; p < ptl_policies_stop; p++)
		if (!strcmp(p->name, name))
			return p;
	return NULL;
}

void ptl_policies_print(void)
{
	for (const struct ptl_policy *p = ptl_policies_start; p < ptl_policies_stop; p++)
		printk("policy %-8s %s", p->name, p->what);
}
