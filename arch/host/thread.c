/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel threads on the host: what kernel/thread.c and kernel/sched.c do on a machine, Linux does
 * here. Each thread has a CPU of its own, so nothing is ever scheduled; sleeping is
 * sleeping in the CPU's parker, in which interrupts are taken.
 *
 * Owns thread->state, which changes atomically: the sleeper makes it THREAD_SLEEPING, and whoever
 * makes it THREAD_RUNNABLE again has woken it. Threads that the kernel makes never end; the process
 * ends without them.
 */
#include "kernel/thread.h"
#include "arch/host/machine.h"
#include "arch/host/os.h"
#include "kernel/errno.h"

static unsigned int nr_made;

struct thread *thread_create(const char *name, void (*func)(void *), void *arg, int cpu)
{
	struct thread *thread;

	(void)cpu;
	if (nr_made + 1 >= nr_cpus)
		return ERR_PTR(-ENOMEM);
	thread = cpus[nr_cpus - ++nr_made]->idle;
	snprintf(thread->name, sizeof(thread->name), "%s", name);
	thread->func = func;
	thread->arg = arg;
	return thread;
}

static void *thread_main(void *arg)
{
	struct thread *thread = arg;

	host_set_cpu(thread->cpu);
	thread->func(thread->arg);
	return NULL;
}

void thread_start(struct thread *thread)
{
	os_thread_forget(os_thread_start(thread_main, thread));
}

/* None is ever freed. */
void thread_get(struct thread *thread)
{
	(void)thread;
}

void thread_put(struct thread *thread)
{
	(void)thread;
}

void thread_prepare_sleep(bool interruptible)
{
	(void)interruptible;
	(void)xchg(&current->state, THREAD_SLEEPING);
}

void thread_cancel_sleep(void)
{
	(void)xchg(&current->state, THREAD_RUNNABLE);
}

void thread_sleep_until(u64 deadline_ns)
{
	struct thread *self = current;
	u64 now;

	BUG_ON(!irq_enabled() || this_cpu()->nr_held);
	while (smp_load_acquire(&self->state) == THREAD_SLEEPING) {
		now = time_ns();
		if (now >= deadline_ns)
			break;
		os_park(this_cpu()->arch.idle, min(deadline_ns - now, NSEC_PER_SEC));
		host_interrupts();
	}
	thread_cancel_sleep();
}

void thread_sleep_ns(u64 ns)
{
	u64 deadline = time_ns() + ns;

	thread_prepare_sleep(false);
	thread_sleep_until(deadline);
}

bool thread_wake(struct thread *thread)
{
	enum thread_state sleeping = THREAD_SLEEPING;

	if (!try_cmpxchg(&thread->state, &sleeping, THREAD_RUNNABLE))
		return false;
	os_unpark(cpus[thread->cpu]->arch.idle);
	return true;
}

void threads_print(void)
{
	for (unsigned int i = 0; i < nr_cpus; i++) {
		const struct thread *thread = cpus[i]->arch.thread;
		bool sleeps = READ_ONCE(thread->state) == THREAD_SLEEPING;

		printk("CPU %u, thread %s: %s%s", i, thread->name, sleeps ? "sleeps" : "runs",
		       cpumask_test(&cpus_online, i) ? "" : ", offline");
	}
}
