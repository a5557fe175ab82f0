/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Seeded perturbation of the schedule, and the hash that tells two schedules apart.
 *
 * In replay mode QEMU runs one CPU at a time and changes to the next at cpu_relax and at timer
 * events. perturb() at lock, IPI and sync points draws from a generator seeded by the boot word
 * seed= and now and then relaxes, so that every seed gives another interleaving, and the same
 * seed the same one. The hash takes in which CPU passed which kind of place in which order.
 * While schedules are explored (lab/explore.h) the sites tell the exploration instead.
 */
#pragma once

#include "kernel/types.h"

enum perturb_site {
	PERTURB_LOCK,
	PERTURB_UNLOCK,
	PERTURB_IPI,
	PERTURB_FAULT,
	PERTURB_SWITCH,
	PERTURB_SYNC
};

#if LAB
extern bool perturb_on;
void perturb_init(u64 seed, bool on);
void perturb_slow(enum perturb_site site);
u64 perturb_hash(void);
#define perturb(site)                                                                              \
	do {                                                                                       \
		if (unlikely(perturb_on))                                                          \
			perturb_slow(site);                                                        \
	} while (0)
#else
#define perturb(site) do { } while (0)
#endif
