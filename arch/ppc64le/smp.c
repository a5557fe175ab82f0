/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Starting the other CPUs, one call of RTAS each.
 *
 * A CPU starts at secondary_start with its number in r3, and finds its structure in cpus[] and its
 * stack there. Its interrupt mode and MMU registers are those of the CPU that starts it.
 */
#include "arch/boot.h"
#include "arch/page.h"
#include "arch/ppc64le/internal.h"
#include "arch/ppc64le/rtas.h"
#include "kernel/boot.h"
#include "kernel/errno.h"
#include "kernel/printk.h"
#include "kernel/thread.h"
#include "mm/slab.h"

extern const char secondary_start[];

int arch_cpu_prepare(struct cpu *cpu)
{
	char *nmi_stack = kzalloc(NMI_STACK_SIZE);

	if (!nmi_stack)
		return -ENOMEM;
	cpu->arch.nmi_stack_top = (unsigned long)nmi_stack + NMI_STACK_SIZE;
	cpu->arch.start_sp = (unsigned long)cpu->idle->kstack + KSTACK_SIZE;
	return 0;
}

/* One that RTAS refuses is missed by smp_boot. */
void arch_cpu_start_all(void)
{
	for (unsigned int id = 1; id < nr_cpus; id++) {
		int err = rtas_call(RTAS_START_CPU, 3, boot_info.cpu_hwid[id],
				    (u32)image_to_phys(secondary_start), id);

		if (err)
			printk("smp: start-cpu for CPU %u (hardware id %u): error %d", id,
			       boot_info.cpu_hwid[id], err);
	}
}

void arch_late_init(void)
{
}
