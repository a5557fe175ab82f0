/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The initial ram disk: a cpio archive ("newc", several may follow each other), read in place.
 */
#pragma once

#include "kernel/types.h"

struct initrd_file {
	const void *data;
	size_t size;
};

/* Finds @path (leading '/' ignored; in the last archive that has it). Returns 0 or -ENOENT. */
int initrd_find(const char *path, struct initrd_file *file);
/* Checks the archive's headers once at boot. Returns the number of files, or -EINVAL. */
int initrd_init(void);
