/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Starting the other CPUs.
 *
 * One broadcast starts them all, and they take the same way at the same time: the trampoline, long
 * mode, then smp_start[] by LAPIC id for the CPU's structure and idle stack, with which they call
 * secondary_main. Owns smp_start, written before the broadcast, and smp_door.
 *
 * CPUs that still wait for their first start-up IPI need no INIT, and under -icount an INIT costs a
 * second of virtual time; CPUs that a BIOS has used do need one. So the IPI is tried without. If
 * nobody has come in time, the boot CPU makes the door a place to wait, and only then sends INIT:
 * it finds CPUs that came late there, and not in the middle of the kernel. A CPU that takes INIT
 * with the first IPI still pending waits there too. At the end of the boot the door is shut.
 *
 * Source: Intel SDM volume 3, 8.4.4; platform measurements.
 */
#include "arch/boot.h"
#include "arch/page.h"
#include "arch/time.h"
#include "arch/x86_64/internal.h"
#include "boot/x86_64/boot.h"
#include "kernel/boot.h"
#include "kernel/string.h"
#include "kernel/thread.h"

#define DOOR_TRIAL_NS (200 * NSEC_PER_USEC)
#define INIT_DELAY_NS (200 * NSEC_PER_USEC)
#define POLL_NS (20 * NSEC_PER_USEC)

/* Assembly knows the layout: 16 bytes for each LAPIC id. */
struct smp_start {
	struct cpu *cpu;
	void *stack; /* its end */
};
_Static_assert(sizeof(struct smp_start) == 16, "see secondary_high in boot/x86_64/start.S");

struct smp_start smp_start[256];
u32 smp_door; /* SMP_DOOR_*; other CPUs change it from new to open, this one all else */

extern const char trampoline_start[], trampoline_end[];

void smp_init_boot(void)
{
	memcpy(phys_to_virt(TRAMPOLINE_PHYS), trampoline_start,
	       (size_t)(trampoline_end - trampoline_start));
}

int arch_cpu_prepare(struct cpu *cpu)
{
	int err = cpu_tables_alloc(cpu);

	if (err)
		return err;
	smp_start[boot_info.cpu_hwid[cpu->id]] = (struct smp_start){
		.cpu = cpu,
		.stack = (char *)cpu->idle->kstack + KSTACK_SIZE,
	};
	return 0;
}

/* Sleeps until the door is open or for @ns; interrupts are on. */
static void sleep_for_door(u64 ns)
{
	u64 end = arch_clock_ns() + ns;

	while (READ_ONCE(smp_door) != SMP_DOOR_OPEN && arch_clock_ns() < end) {
		irq_disable();
		arch_timer_arm(POLL_NS);
		cpu_idle_wait();
	}
}

void arch_cpu_start_all(void)
{
	if (nr_cpus == 1)
		return;
	apic_start_others(TRAMPOLINE_PHYS);
	sleep_for_door(DOOR_TRIAL_NS);
	if (cmpxchg(&smp_door, SMP_DOOR_NEW, SMP_DOOR_WAIT) != SMP_DOOR_NEW)
		return;
	apic_init_others();
	sleep_for_door(INIT_DELAY_NS);
	smp_store_release(&smp_door, SMP_DOOR_OPEN);
	apic_start_others(TRAMPOLINE_PHYS);
}

/* Also shuts out CPUs that come from now on. */
void arch_late_init(void)
{
	xchg(&smp_door, SMP_DOOR_SHUT);
}
