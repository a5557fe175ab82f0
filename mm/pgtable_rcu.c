/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Freeing page tables after a grace period: free=rcu.
 *
 * A walker has interrupts off from before it reads the first entry until after it has read the
 * last. So when every CPU has taken an interrupt since a table was unlinked, nobody is in it. A
 * worker interrupts every CPU once and sleeps until all have answered; the thread that unlinked the
 * table waits for nothing, so nothing can deadlock with it.
 *
 * The unlinking must be seen before the counts of interrupts are read (MO-11). That needs no
 * barrier here: every table was flushed before it was handed over, after a full barrier (MO-6), and
 * the lock hands over what came before.
 *
 * Owns the list of tables that wait, under deferred_lock, and the counts of those handed over and
 * freed. Source: the RCU-sched freeing that x86 Linux took up in 4.14; hazard 9.4, L-35.
 */
#include "arch/ipi.h"
#include "kernel/cpu.h"
#include "kernel/errno.h"
#include "kernel/thread.h"
#include "kernel/wait.h"
#include "lab/bug.h"
#include "lab/quarantine.h"
#include "lab/sync.h"
#include "lab/table_age.h"
#include "mm/pgtable.h"

enum pgtable_free_mode pgtable_free_mode;

static DEFINE_SPINLOCK(deferred_lock);
static struct list_head deferred = LIST_HEAD_INIT(deferred);
static u64 nr_deferred, nr_freed;
static u64 ipis_before[NR_CPUS]; /* the worker's */
static struct wait_queue worker_wq = WAIT_QUEUE_INIT(worker_wq);
static struct wait_queue barrier_wq = WAIT_QUEUE_INIT(barrier_wq);

#define GRACE_POLL_NS (100 * NSEC_PER_USEC)

void pgtable_free_deferred(struct mm *mm, struct list_head *tables)
{
	struct ptdesc *ptdesc;
	u64 n = 0;

	list_for_each_entry(ptdesc, tables, free_node)
		n++;
	atomic64_add(&mm->nr_tables, -(s64)n);
	spin_lock(&deferred_lock);
	list_splice_tail(tables, &deferred);
	WRITE_ONCE(nr_deferred, nr_deferred + n);
	spin_unlock(&deferred_lock);
	wake_up_all(&worker_wq);
}

/* Sleeps until @cpu has taken an interrupt since it had taken @before of them, or is gone. */
static void await_interrupt(unsigned int cpu, u64 before)
{
	u64 deadline = time_ns() + wait_limit_ns;

	while (READ_ONCE(cpus[cpu]->ipis) == before && cpumask_test(&cpus_online, cpu)) {
		BUG_ON_MSG(time_ns() > deadline, "CPU %u takes no interrupts", cpu);
		thread_sleep_ns(GRACE_POLL_NS);
	}
}

/* A CPU that comes online meanwhile is not asked, so it is not awaited either: it finds no table
 * that was unlinked before. This CPU sleeps below, or goes on here: it is in no walk. */
static void wait_for_walkers(void)
{
	unsigned int cpu, self = cpu_id();
	struct cpumask asked;

	cpumask_zero(&asked);
	for_each_online_cpu(cpu)
	{
		ipis_before[cpu] = READ_ONCE(cpus[cpu]->ipis);
		if (cpu != self)
			cpumask_set(&asked, cpu);
	}
	SYNC_POINT(tables_gp_sampled);
	arch_ipi_send_mask(&asked, IPI_WAKE);
	for_each_cpu(cpu, &asked)
		if (!(cpu == 1 && bug(tables_gp_skips_cpu)))
			await_interrupt(cpu, ipis_before[cpu]);
}

static void free_tables(struct list_head *tables)
{
	struct ptdesc *ptdesc, *tmp;
	u64 n = 0;

	table_age_round();
	list_for_each_entry_safe(ptdesc, tmp, tables, free_node)
	{
		list_del(&ptdesc->free_node);
		pgtable_release(ptdesc);
		n++;
	}
	quarantine_flush();
	spin_lock(&deferred_lock);
	WRITE_ONCE(nr_freed, nr_freed + n);
	spin_unlock(&deferred_lock);
	wake_up_all(&barrier_wq);
}

static void free_worker(void *arg)
{
	(void)arg;
	for (;;) {
		struct list_head tables = LIST_HEAD_INIT(tables);

		wait_event_until(&worker_wq, READ_ONCE(nr_deferred) != nr_freed, U64_MAX);
		spin_lock(&deferred_lock);
		list_splice_tail(&deferred, &tables);
		spin_unlock(&deferred_lock);
		if (!bug(tables_gp_at_once))
			wait_for_walkers();
		free_tables(&tables);
	}
}

void pgtable_free_barrier(void)
{
	u64 target = READ_ONCE(nr_deferred);

	wait_event(&barrier_wq, READ_ONCE(nr_freed) >= target);
}

void pgtable_free_init(void)
{
	struct thread *thread = thread_create("free_tables", free_worker, NULL, -1);

	if (IS_ERR(thread))
		panic("no memory for the worker that frees page tables");
	thread_start(thread);
}
