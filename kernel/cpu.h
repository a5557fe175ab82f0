/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel knows of each CPU.
 *
 * struct cpu is found through arch/cpu.h's this_cpu(), whose first member it is. Unless a group
 * says otherwise a field is written by its own CPU only; readers elsewhere use READ_ONCE. The
 * kernel is not preemptible: a thread stays on its CPU until it sleeps or goes back to user mode,
 * so this_cpu() may be kept over anything that does not sleep.
 */
#pragma once

#include "kernel/atomic.h"
#include "kernel/cpumask.h"
#include "kernel/list.h"
#include "kernel/spinlock_types.h"
#include "kernel/stat.h"
#include "lab/waits.h"
#include "arch/cpu.h" /* struct arch_cpu, this_cpu, irq_*, cpu_relax */

struct thread;
struct mm;
struct fault_stats;
struct timer;

#define MAX_HELD_LOCKS 16

struct cpu {
	struct arch_cpu arch; /* first: assembly finds it at fixed offsets */

	unsigned int id;
	bool online;
	u32 boot_state; /* enum cpu_boot_state; changed atomically by it and the boot CPU */
	struct thread *idle;

	/* Run queue; guarded by rq_lock, taken with interrupts off, also by other CPUs. */
	struct spinlock rq_lock;
	struct list_head rq;
	unsigned int rq_len;

	/* Timers of this CPU; guarded by timer_lock, taken with interrupts off. */
	struct spinlock timer_lock;
	struct list_head timers;
	struct timer *timer_running; /* whose function runs now */
	u64 next_tick_ns;	     /* the CPU's own; a tick is due then unless it is idle */
	u64 timer_armed_ns;	     /* for when the arch's timer is set; U64_MAX: not set */

	/* TLB: the address space loaded, and the generation up to which it is flushed. */
	struct mm *loaded_mm;
	struct fault_stats *fault_stats; /* this CPU's of loaded_mm; changes with it */
	u64 tlb_gen;
	struct cpumask tlb_inbox; /* CPUs with a request for us; set by them, atomically */

	/* Waiting, for the watchdog and for wake-ups of spinlocks. */
	struct wait_stack waits; /* LAB only */
	const struct spinlock *lock_halt; /* sleeps in hlt until this lock is freed */
	unsigned int nr_held; /* LAB only; may exceed the array */
	const struct spinlock *held[MAX_HELD_LOCKS];
	unsigned int irq_depth;
	u64 ipis; /* taken so far */
	u64 schedules; /* calls of schedule; LAB only */

	struct page_cache *page_cache; /* free pages of this CPU, mm/page_alloc.c */
	u64 rng;		       /* schedule perturbation, lab/perturb.c */
	u64 stat[NR_STATS];
};

extern struct cpu *cpus[NR_CPUS]; /* by id; NULL before smp_boot but for the boot CPU */
extern struct cpumask cpus_online;
extern struct cpumask cpus_idle; /* CPUs that sleep for want of threads; atomic, hints only */

#define for_each_online_cpu(cpu) for_each_cpu(cpu, &cpus_online)

#define stat_inc(s) (this_cpu()->stat[STAT_##s]++)
#define stat_add(s, n) (this_cpu()->stat[STAT_##s] += (n))

static inline unsigned int cpu_id(void)
{
	return this_cpu()->id;
}

static inline struct thread *current_thread(void)
{
	return this_cpu()->arch.thread;
}
#define current current_thread()

/* Boot CPU, once, after cmdline_parse: decides nr_cpus. */
void cpus_init(void);
/* Boot CPU, once: brings all others up; names the ones that do not come. Sleeps. */
void smp_boot(void);
/* Entry of a secondary CPU in C, on its idle stack, interrupts off; never returns. */
void secondary_main(struct cpu *cpu) __noreturn;

/* Last, since taking a lock writes to struct cpu. */
#include "kernel/spinlock.h"
