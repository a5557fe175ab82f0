/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Running a part of a test in a child process, which may die of it.
 */
#pragma once

#include <stddef.h>

/*
 * Runs @func(@arg) in a child for at most @limit_s seconds. What it printed goes to @output, cut to
 * @size. 0 if @func returned, else the status with which the child ended, 128 and more for signals.
 */
int child_run(void (*func)(void *arg), void *arg, unsigned int limit_s, char *output, size_t size);
/* Zeroed memory that parent and children share. */
void *child_shared(size_t bytes);
