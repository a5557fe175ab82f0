/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A shadow of a range of pages: whether each is mapped, how, and what its first word must hold.
 *
 * The operations make the system call or the access and say what the shadow thinks of the result.
 * A strict range belongs to one thread: each result must be what the shadow, kept as Linux would
 * have it, foretells. In a range that others change too the shadow foretells nothing; there only
 * impossible errors, and signals for another address than the one accessed, are violations.
 */
#pragma once

#include "tests/user/util.h"

struct shadow_page {
	bool mapped;
	int prot;
	uint64_t value;
};

struct shadow_range {
	char *base;
	bool strict;
	struct shadow_page *pages;
};

/* A range just mapped readable and writable. */
void shadow_init(struct shadow_range *range, unsigned long pages);
/* False if the access got SIGSEGV, as it should have; sets @value otherwise. */
bool shadow_read(struct shadow_range *range, unsigned long index, uint64_t *value);
void shadow_write(struct shadow_range *range, unsigned long index, uint64_t value);

/* Changes of @n pages from @first on. */
typedef void shadow_change(struct shadow_range *range, unsigned long first, unsigned long n,
			   int prot);
shadow_change shadow_map, shadow_unmap, shadow_protect, shadow_discard;
