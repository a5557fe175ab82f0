/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Making an address space run a program: image, stack, and where everything lies.
 */
#pragma once

#include "kernel/initrd.h"

struct mm;

/* Where user mode starts. */
struct exec_start {
	unsigned long pc, sp;
};

/*
 * Loads @file into the empty @mm and builds the first stack from @path and @argv (NULL-terminated);
 * the environment is empty. @seed gives the 16 bytes of AT_RANDOM. Returns 0, -ENOEXEC, -ENOMEM,
 * or -E2BIG if the arguments are too long. May sleep.
 */
int exec_load(struct mm *mm, const struct initrd_file *file, const char *path,
	      const char *const *argv, u64 seed, struct exec_start *start);
