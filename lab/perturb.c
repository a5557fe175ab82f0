/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Seeded perturbation and the schedule hash.
 *
 * Each CPU draws from a generator of its own (xorshift, seeded from the boot seed and its number),
 * so that what it does depends on its own path alone. The hash is one word that all CPUs change
 * without a lock: in replay mode one CPU runs at a time, and only there it is used.
 */
#include "lab/perturb.h"

#if LAB
#include "kernel/cpu.h"
#include "lab/explore.h"

bool perturb_on;
static u64 perturb_seed, hash;

static u64 mix(u64 x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdULL;
	x ^= x >> 29;
	return x;
}

static u64 perturb_draw(struct cpu *cpu)
{
	u64 x = cpu->rng;

	if (!x)
		x = mix(perturb_seed + (cpu->id + 1) * 0x9e3779b97f4a7c15ULL) | 1;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	cpu->rng = x;
	return x;
}

void perturb_init(u64 seed, bool on)
{
	perturb_seed = seed;
	hash = 0;
	perturb_on = on;
	hook_listen(HOOK_PERTURB, on);
}

u64 perturb_hash(void)
{
	return hash;
}

void perturb_slow(enum perturb_site site)
{
	struct cpu *cpu = this_cpu();

	if (explore_is_open()) { /* which draws by itself */
		explore_site(site);
		return;
	}
	hash = mix(hash * 31 + cpu->id * 16 + site + 1);
	if ((perturb_draw(cpu) & 15) == 0)
		cpu_relax();
}
#endif
