/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access to user memory from the kernel (arch/README.md has the meanings).
 *
 * An instruction that may fault has an entry in the exception table.
 */
#pragma once

#include "kernel/types.h"

int __must_check copy_from_user(void *dst, const void *uaddr, size_t n);
int __must_check copy_to_user(void *uaddr, const void *src, size_t n);
int __must_check clear_user(void *uaddr, size_t n);
long strncpy_from_user(char *dst, const void *uaddr, size_t size);
int __must_check user_read32(const void *uaddr, u32 *value);
int __must_check user_cmpxchg32(void *uaddr, u32 old, u32 new, u32 *prev);
