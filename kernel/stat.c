/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading the per-CPU event counters. No locks: each is one word, written by its own CPU.
 */
#include "kernel/stat.h"
#include "kernel/cpu.h"

static const char *const stat_names[NR_STATS] = {
#define X(name) [STAT_##name] = #name,
	STAT_LIST(X)
#undef X
};

u64 stat_cpu(unsigned int cpu, enum stat stat)
{
	return cpus[cpu] ? READ_ONCE(cpus[cpu]->stat[stat]) : 0;
}

u64 stat_sum(enum stat stat)
{
	u64 sum = 0;

	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
		sum += stat_cpu(cpu, stat);
	return sum;
}

const char *stat_name(enum stat stat)
{
	return stat_names[stat];
}
