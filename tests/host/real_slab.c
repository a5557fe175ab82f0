/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests that fuzz with the kernel's own slab allocator: its objects never fail.
 */
#include "tests/host/fuzz.h"

void malloc_slab_fail(unsigned int nth)
{
	(void)nth;
}
