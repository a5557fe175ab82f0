/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a CPU needs before it can take interrupts, and its description.
 *
 * Source: Power ISA 3.0B, book III, 4.3 (PVR).
 */
#include "arch/boot.h"
#include "arch/ppc64le/hcall.h"
#include "arch/ppc64le/internal.h"
#include "arch/ppc64le/offsets.h"
#include "arch/time.h"
#include "kernel/printk.h"

#define SPR_PVR 287
#define PVR_POWER9 0x4e
#define XICS_PRIORITY_NONE 0 /* lets no interrupt through */

#define ASSERT_OFFSET(member, offset)                                                              \
	_Static_assert(offsetof(struct cpu, arch.member) == (offset), "offsets.h")
ASSERT_OFFSET(self, CPU_SELF);
ASSERT_OFFSET(thread, CPU_CURRENT);
ASSERT_OFFSET(kstack_top, CPU_KSTACK_TOP);
ASSERT_OFFSET(user_sp, CPU_USER_SP);
ASSERT_OFFSET(scratch, CPU_SCRATCH);
ASSERT_OFFSET(nmi_scratch, CPU_NMI_SCRATCH);
ASSERT_OFFSET(nmi_stack_top, CPU_NMI_STACK_TOP);
ASSERT_OFFSET(start_sp, CPU_START_SP);

void arch_cpu_init(struct cpu *cpu)
{
	timer_init_cpu();
	if (cpu != &boot_cpu)
		mmu_secondary_init();
	traps_init_cpu(cpu);
	xics_init_cpu();
}

/* H_CEDE turns interrupts on: first nothing is left that could come, but for a system reset. */
void cpu_halt_forever(void)
{
	irq_disable();
	hcall(H_CPPR, XICS_PRIORITY_NONE, 0, 0, 0, NULL);
	for (;;) {
		arch_timer_off();
		cpu_idle_wait();
		irq_disable();
	}
}

void arch_describe(char *buf, size_t size)
{
	unsigned long pvr;

	__asm__("mfspr %0, %1" : "=r"(pvr) : "i"(SPR_PVR));
	snprintf(buf, size, "%s, PVR 0x%08lx: radix xics",
		 pvr >> 16 == PVR_POWER9 ? "POWER9" : "unnamed CPU", pvr);
}
