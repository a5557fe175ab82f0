/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPUs that are threads of a process: interrupts, idling, time.
 *
 * Owns cpus[], cpus_online and struct arch_cpu. A CPU is online while a thread is it. An interrupt
 * is a bit in irqs_pending; who sets it wakes the thread if it sleeps.
 */
#include "arch/ipi.h"
#include "arch/host/machine.h"
#include "arch/host/os.h"
#include "kernel/cpu.h"
#include "kernel/printk.h"
#include "kernel/thread.h"
#include "kernel/time.h"

#define TICK_LIMIT_NS (10 * NSEC_PER_MSEC)

struct cpu *cpus[NR_CPUS];
struct cpumask cpus_online;
unsigned int nr_cpus = 1;
__thread struct cpu *host_cpu;
char *host_ram;
u64 wait_limit_ns = 60 * NSEC_PER_SEC;

void host_ram_init(u64 bytes)
{
	host_ram = os_reserve(bytes);
}

static void cpu_make(unsigned int id)
{
	struct cpu *cpu = os_zalloc(sizeof(*cpu));
	struct thread *thread = os_zalloc(sizeof(*thread));

	cpu->id = thread->cpu = id;
	cpu->arch.self = cpu;
	cpu->arch.thread = cpu->idle = thread;
	cpu->arch.idle = os_parker_create();
	thread->tid = (int)id;
	snprintf(thread->name, sizeof(thread->name), "cpu%u", id);
	WRITE_ONCE(cpus[id], cpu);
}

void host_cpus_init(unsigned int n)
{
	for (unsigned int id = 0; id < n; id++)
		if (!cpus[id])
			cpu_make(id);
	nr_cpus = max(nr_cpus, n);
}

void host_set_cpu(unsigned int id)
{
	if (host_cpu)
		cpumask_clear(&cpus_online, host_cpu->id);
	if (!READ_ONCE(cpus[id]))
		host_cpus_init(id + 1);
	host_cpu = cpus[id];
	cpumask_set(&cpus_online, id);
}

struct cpu_start {
	unsigned int id;
	void *(*func)(void *);
	void *thread;
};

static void *cpu_main(void *arg)
{
	struct cpu_start *start = arg;
	void *ret;

	host_set_cpu(start->id);
	ret = start->func(NULL);
	host_interrupts();
	cpumask_clear(&cpus_online, start->id);
	return ret;
}

void host_run_cpus(unsigned int n, void *(*func)(void *))
{
	struct cpu_start start[NR_CPUS];
	unsigned int self = cpu_id();

	cpumask_clear(&cpus_online, self);
	host_cpus_init(n);
	for (unsigned int i = 0; i < n; i++) {
		start[i] = (struct cpu_start){ i, func, NULL };
		start[i].thread = os_thread_start(cpu_main, &start[i]);
	}
	for (unsigned int i = 0; i < n; i++)
		os_thread_join(start[i].thread);
	host_set_cpu(self);
}

/* --- interrupts --- */
void host_interrupts(void)
{
	struct cpu *cpu = this_cpu();
	u32 pending;

	while (!cpu->arch.irqs_off && READ_ONCE(cpu->arch.irqs_pending)) {
		cpu->arch.irqs_off = true;
		pending = xchg(&cpu->arch.irqs_pending, 0);
		for (unsigned int kind = 0; kind < NR_IPIS; kind++)
			if (pending & BIT(kind))
				ipi_handle((enum ipi_kind)kind);
		cpu->arch.irqs_off = false;
	}
}

bool irq_enabled(void)
{
	return !this_cpu()->arch.irqs_off;
}

void irq_disable(void)
{
	this_cpu()->arch.irqs_off = true;
}

void irq_enable(void)
{
	this_cpu()->arch.irqs_off = false;
	host_interrupts();
}

unsigned long irq_save(void)
{
	unsigned long flags = irq_enabled();

	irq_disable();
	return flags;
}

void irq_restore(unsigned long flags)
{
	if (irq_flags_enabled(flags))
		irq_enable();
}

void arch_ipi_send(unsigned int cpu, enum ipi_kind kind)
{
	__atomic_fetch_or(&cpus[cpu]->arch.irqs_pending, (u32)BIT(kind), __ATOMIC_SEQ_CST);
	os_unpark(cpus[cpu]->arch.idle);
}

void arch_ipi_send_mask(const struct cpumask *mask, enum ipi_kind kind)
{
	unsigned int cpu;

	for_each_cpu(cpu, mask)
		if (cpu != cpu_id())
			arch_ipi_send(cpu, kind);
}

void cpu_relax(void)
{
	host_interrupts();
	os_yield();
}

void cpu_idle_wait(void)
{
	if (!READ_ONCE(this_cpu()->arch.irqs_pending))
		os_park(this_cpu()->arch.idle, TICK_LIMIT_NS);
	irq_enable();
}

void cpu_halt_forever(void)
{
	for (;;) /* bounded: whoever stopped the others ends the process */
		os_park(this_cpu()->arch.idle, TICK_LIMIT_NS);
}

u64 time_ns(void)
{
	return os_clock_ns();
}
