/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System resets, which come whatever a CPU's interrupt state is.
 *
 * They are not masked while one is handled, and a second one would overwrite the saved state of
 * the first. So nmi_busy of the target is set until it has answered, and nmi_sending lets one CPU
 * send at a time: under QEMU two that reset each other at the same moment wait for each other.
 * QEMU resets a CPU after it has begun to take what interrupts are pending, so one that could take
 * some, and had no time to, is lost.
 * The runner's inject-nmi does not know of this; it is a last resort and is sent once.
 *
 * Source: PAPR+ 14.5 (H_SIGNAL_SYS_RESET); platform measurements.
 */
#include "arch/nmi.h"
#include "arch/time.h"
#include "arch/ppc64le/hcall.h"
#include "arch/ppc64le/internal.h"
#include "kernel/boot.h"
#include "lab/watchdog.h"

#define NMI_LIMIT_NS NSEC_PER_SEC

static u32 nmi_sending;

static bool nmi_sending_begin(void)
{
	u64 deadline = arch_clock_ns() + NMI_LIMIT_NS;

	while (cmpxchg(&nmi_sending, 0, 1)) {
		if (arch_clock_ns() > deadline)
			return false;
		cpu_relax();
	}
	return true;
}

/* It sets a mode that is set already: what counts is that QEMU does it CPU by CPU, each by itself
 * when it runs, and comes back when all have. */
void arch_nmi_await_turns(void)
{
	if (!nmi_sending_begin())
		return;
	hcall(H_SET_MODE, MODE_LITTLE_ENDIAN, 0, 0, NULL);
	smp_store_release(&nmi_sending, 0);
}

void arch_nmi_send(unsigned int cpu)
{
	if (!nmi_sending_begin())
		return;
	if (!cmpxchg(&cpus[cpu]->arch.nmi_busy, 0, 1))
		hcall(H_SIGNAL_SYS_RESET, boot_info.cpu_hwid[cpu], 0, 0, 0, NULL);
	smp_store_release(&nmi_sending, 0);
}

void platform_nmi(struct trap_frame *regs)
{
	nmi_handle(regs);
	smp_store_release(&this_cpu()->arch.nmi_busy, 0);
}
