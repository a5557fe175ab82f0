/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory and string functions with their standard meaning.
 */
#pragma once

#include "kernel/types.h"

void *memset(void *dst, int c, size_t n);
void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);

/* Copies @src, cut to @size - 1 characters and always ended by a zero; the length of @src. */
size_t strlcpy(char *dst, const char *src, size_t size);

/* Whether @name matches the shell pattern @glob ('*' and '?'). */
bool glob_match(const char *glob, const char *name);

/*
 * Parses an unsigned number, decimal or 0x-hexadecimal, with an optional suffix k, m or g, that
 * fills all of @s. Returns 0, or -EINVAL on anything else or on overflow.
 */
int parse_u64(const char *s, u64 *value);
