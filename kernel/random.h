/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pseudo-random numbers that a seed determines: for AT_RANDOM and getrandom, so that a run can be
 * repeated. Of no use as secrets.
 *
 * Source: G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number Generators",
 * OOPSLA 2014 (SplitMix64).
 */
#pragma once

#include "kernel/atomic.h"

/* The next number of @state, which threads may share: each gets numbers of its own. */
static inline u64 random_next(atomic64_t *state)
{
	u64 z = (u64)atomic64_add_return(state, (s64)0x9e3779b97f4a7c15ULL);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}
