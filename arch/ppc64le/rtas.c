/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calling the run-time services.
 *
 * QEMU and KVM take them as a hypervisor call with the physical address of an argument block; the
 * code blob that other firmware needs is not there. Services must not run at the same time, which
 * rtas_lock sees to. It is no spinlock of the kernel, since a panic must get through whoever holds
 * it: after RTAS_LOCK_LIMIT_NS it is taken for abandoned.
 *
 * Source: LoPAPR 7.3 (the services); QEMU's hw/ppc/spapr_rtas.c.
 */
#include "arch/ppc64le/rtas.h"
#include "arch/page.h"
#include "arch/ppc64le/hcall.h"
#include "arch/ppc64le/internal.h"
#include "arch/time.h"
#include "kernel/errno.h"

#define RTAS_LOCK_LIMIT_NS (100 * NSEC_PER_MSEC)
#define RTAS_MAX_ARGS 3

/* All words big-endian; below 4 GiB, as all of the image is. */
struct rtas_block {
	u32 token, nargs, nret;
	u32 words[RTAS_MAX_ARGS + 1];
};

static const char *const rtas_names[NR_RTAS_SERVICES] = {
	[RTAS_POWER_OFF] = "power-off",
	[RTAS_OS_TERM] = "ibm,os-term",
	[RTAS_START_CPU] = "start-cpu",
};

static u32 rtas_tokens[NR_RTAS_SERVICES]; /* 0: not there */
static u32 rtas_lock;
static struct rtas_block rtas_block;

void rtas_init(const struct fdt *fdt)
{
	int node = fdt_find(fdt, fdt_root(fdt), "rtas");

	for (int i = 0; i < NR_RTAS_SERVICES; i++)
		rtas_tokens[i] = (u32)fdt_number(fdt, node, rtas_names[i], 0);
}

static void rtas_acquire(void)
{
	u64 deadline = arch_clock_ns() + RTAS_LOCK_LIMIT_NS;

	while (cmpxchg(&rtas_lock, 0, 1) && arch_clock_ns() < deadline)
		cpu_relax();
}

int rtas_call(enum rtas_service service, unsigned int nargs, u32 a, u32 b, u32 c)
{
	const u32 args[RTAS_MAX_ARGS] = { a, b, c };
	unsigned long flags;
	int result;

	if (!rtas_tokens[service])
		return -ENOSYS;
	flags = irq_save();
	rtas_acquire();
	rtas_block.token = __builtin_bswap32(rtas_tokens[service]);
	rtas_block.nargs = __builtin_bswap32(nargs);
	rtas_block.nret = __builtin_bswap32(1);
	for (unsigned int i = 0; i < nargs; i++)
		rtas_block.words[i] = __builtin_bswap32(args[i]);
	rtas_block.words[nargs] = ~0U;
	hcall(H_RTAS, image_to_phys(&rtas_block), 0, 0, 0, NULL);
	result = (int)__builtin_bswap32(READ_ONCE(rtas_block.words[nargs]));
	smp_store_release(&rtas_lock, 0);
	irq_restore(flags);
	return result;
}
