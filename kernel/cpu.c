/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPUs of the machine, and bringing them up.
 *
 * Owns cpus[], cpus_online and cpu->boot_state. The boot CPU makes every struct cpu, has the arch
 * start them all and sleeps until they have come. One that has not come in time is given up: its
 * boot_state says so, and should it come later it halts. Both sides change boot_state by
 * compare-and-exchange, so that they agree.
 */
#include "kernel/cpu.h"
#include "kernel/boot.h"
#include "kernel/cmdline.h"
#include "kernel/exit.h"
#include "kernel/printk.h"
#include "kernel/thread.h"
#include "lab/watchdog.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "arch/boot.h"

#define SMP_BOOT_LIMIT_NS (10 * NSEC_PER_SEC)

enum cpu_boot_state { CPU_STARTING, CPU_CAME, CPU_GIVEN_UP };

struct cpu *cpus[NR_CPUS];
struct cpumask cpus_online;
unsigned int nr_cpus = 1;

static atomic_t smp_missing; /* CPUs that were started and have not come */
static struct wait_queue smp_wq = WAIT_QUEUE_INIT(smp_wq);

void cpus_init(void)
{
	unsigned int limit = cmdline.cpus ? (unsigned int)cmdline.cpus : NR_CPUS;

	nr_cpus = min(max(boot_info.nr_cpus_found, 1U), limit);
}

/* A CPU ready to be started, or NULL without memory. Boot time only: nothing is given back. */
static struct cpu *cpu_create(unsigned int id)
{
	char *memory = kzalloc(sizeof(struct cpu) + CACHE_LINE);
	struct cpu *cpu;

	if (!memory)
		return NULL;
	cpu = (struct cpu *)ALIGN_UP((uintptr_t)memory, CACHE_LINE);
	cpu->id = id;
	cpu->arch.self = cpu;
	sched_init_cpu(cpu);
	cpu->idle = thread_create_idle(cpu);
	if (!cpu->idle || page_alloc_init_cpu(cpu))
		return NULL;
	cpu->arch.thread = cpu->idle;
	return cpu;
}

static void cpus_create(void)
{
	for (unsigned int id = 1; id < nr_cpus; id++) {
		struct cpu *cpu = cpu_create(id);

		if (!cpu || arch_cpu_prepare(cpu))
			panic_with(EXIT_PANIC, "too little memory for CPU %u of %u", id, nr_cpus);
		WRITE_ONCE(cpus[id], cpu);
	}
}

static void cpus_give_up_missing(void)
{
	for (unsigned int id = 1; id < nr_cpus; id++)
		if (cmpxchg(&cpus[id]->boot_state, CPU_STARTING, CPU_GIVEN_UP) == CPU_STARTING)
			printk("smp: CPU %u (hardware id %u) did not come up", id,
			       boot_info.cpu_hwid[id]);
}

void smp_boot(void)
{
	bool all_came;

	cpus_create();
	atomic_set(&smp_missing, (int)nr_cpus - 1);
	arch_cpu_start_all();
	all_came = wait_event_until(&smp_wq, atomic_read(&smp_missing) == 0,
				    time_ns() + min(wait_limit_ns, SMP_BOOT_LIMIT_NS));
	if (WARN_ON(!all_came))
		cpus_give_up_missing();
	printk("smp: %u of %u CPUs", cpumask_weight(&cpus_online), nr_cpus);
}

void secondary_main(struct cpu *cpu)
{
	arch_cpu_init(cpu);
	if (cmpxchg(&cpu->boot_state, CPU_STARTING, CPU_CAME) != CPU_STARTING)
		cpu_halt_forever();
	cpu->online = true;
	watchdog_init_cpu();
	cpumask_set(&cpus_online, cpu->id);
	if (atomic_dec_and_test(&smp_missing))
		wake_up_all(&smp_wq);
	idle_loop();
}
