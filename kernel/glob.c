/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the words of the command line are made of: name patterns and numbers. No state.
 */
#include "kernel/errno.h"
#include "kernel/string.h"

/*
 * Without recursion: on a mismatch only the latest '*' need take one character more, since what
 * an earlier one could take instead, the latest can as well.
 */
bool glob_match(const char *glob, const char *name)
{
	const char *star = NULL, *taken = NULL;

	while (*name) {
		if (*glob == '*') {
			star = glob++;
			taken = name;
		} else if (*glob == '?' || *glob == *name) {
			glob++;
			name++;
		} else if (star) {
			glob = star + 1;
			name = ++taken;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return !*glob;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* Bits that the suffix @c shifts a number by; -1 if it is none. */
static int suffix_shift(char c)
{
	switch (c) {
	case '\0':
		return 0;
	case 'k':
	case 'K':
		return 10;
	case 'm':
	case 'M':
		return 20;
	case 'g':
	case 'G':
		return 30;
	default:
		return -1;
	}
}

int parse_u64(const char *s, u64 *value)
{
	u64 base = 10, n = 0;
	int shift;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	}
	if ((u64)digit_value(*s) >= base)
		return -EINVAL;
	for (; (u64)digit_value(*s) < base; s++)
		if (__builtin_mul_overflow(n, base, &n) ||
		    __builtin_add_overflow(n, (u64)digit_value(*s), &n))
			return -EINVAL;
	shift = suffix_shift(*s);
	if (shift < 0 || (*s && s[1]) || (n << shift) >> shift != n)
		return -EINVAL;
	*value = n << shift;
	return 0;
}
