/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sets of CPUs. Single bits are changed atomically, so that several CPUs may share a mask.
 */
#pragma once

#include "kernel/atomic.h"
#include "kernel/string.h"
#include "arch/layout.h" /* NR_CPUS */

#define CPUMASK_WORDS DIV_ROUND_UP(NR_CPUS, 64)

struct cpumask {
	u64 bits[CPUMASK_WORDS];
};

extern unsigned int nr_cpus; /* CPUs found at boot, online or not; ids are 0..nr_cpus-1 */

/* Where the bit of @cpu is in @mask, and what it is there. */
static inline u64 *cpumask_word(struct cpumask *mask, unsigned int cpu)
{
	return &mask->bits[cpu / 64];
}

static inline u64 cpumask_bit(unsigned int cpu)
{
	return 1ULL << (cpu % 64);
}

/* Words of a mask that can hold a bit on this machine; loops go no further. */
static inline unsigned int cpumask_words(void)
{
	return DIV_ROUND_UP(nr_cpus, 64u);
}

static inline bool cpumask_test(const struct cpumask *mask, unsigned int cpu)
{
	return READ_ONCE(mask->bits[cpu / 64]) >> (cpu % 64) & 1;
}

/* Set and clear are full barriers (MO-6: the bit is seen before what follows is loaded). */
static inline void cpumask_set(struct cpumask *mask, unsigned int cpu)
{
	(void)fetch_or(cpumask_word(mask, cpu), cpumask_bit(cpu));
}

static inline void cpumask_clear(struct cpumask *mask, unsigned int cpu)
{
	(void)fetch_and(cpumask_word(mask, cpu), ~cpumask_bit(cpu));
}

/* Full barrier; whether the bit was set, so that of several callers one gets it. */
static inline bool cpumask_test_and_clear(struct cpumask *mask, unsigned int cpu)
{
	return fetch_and(cpumask_word(mask, cpu), ~cpumask_bit(cpu)) & cpumask_bit(cpu);
}

static inline void cpumask_zero(struct cpumask *mask)
{
	memset(mask, 0, sizeof(*mask));
}

static inline bool cpumask_empty(const struct cpumask *mask)
{
	for (unsigned int i = 0; i < cpumask_words(); i++)
		if (READ_ONCE(mask->bits[i]))
			return false;
	return true;
}

static inline unsigned int cpumask_weight(const struct cpumask *mask)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < cpumask_words(); i++)
		for (u64 w = READ_ONCE(mask->bits[i]); w; w &= w - 1)
			n++;
	return n;
}

/* The first CPU of @mask at or after @from; nr_cpus or more if there is none. */
static inline unsigned int cpumask_next(const struct cpumask *mask, unsigned int from)
{
	while (from < nr_cpus) {
		u64 w = READ_ONCE(mask->bits[from / 64]) >> (from % 64);

		if (w)
			return from + (unsigned int)__builtin_ctzll(w);
		from = (from / 64 + 1) * 64;
	}
	return nr_cpus;
}

#define for_each_cpu(cpu, mask)                                                                    \
	for ((cpu) = cpumask_next((mask), 0); (cpu) < nr_cpus;                                     \
	     (cpu) = cpumask_next((mask), (cpu) + 1))
