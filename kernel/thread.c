/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads as objects: creation, sleep, end, and the list of them all.
 *
 * Owns threads_list, guarded by threads_lock, under which nothing is taken; interrupts are off,
 * since the watchdog looks from them. A thread's fields are
 * guarded as kernel/thread.h says.
 */
#include "kernel/thread.h"
#include "kernel/errno.h"
#include "kernel/printk.h"
#include "kernel/process.h"
#include "kernel/string.h"
#include "mm/slab.h"

#define TID_BOOT_IDLE 0

static DEFINE_SPINLOCK(threads_lock);
struct list_head threads_list = LIST_HEAD_INIT(threads_list);
static atomic_t threads_last_tid;

static struct thread boot_idle;

/* --- creation --- */

static void thread_sleep_expired(struct timer *timer)
{
	thread_wake(container_of(timer, struct thread, sleep_timer));
}

/* Everything that needs no memory. */
static void thread_init(struct thread *thread, int tid, const char *name)
{
	unsigned long flags;

	thread->tid = tid;
	strlcpy(thread->name, name, sizeof(thread->name));
	spin_init(&thread->lock, "thread_lock");
	list_init(&thread->rq_node);
	list_init(&thread->process_node);
	timer_init(&thread->sleep_timer, thread_sleep_expired);
	wait_queue_init(&thread->exit_wq, "thread_exit");
	memset(&thread->affinity, 0xff, sizeof(thread->affinity));
	thread->cpu = cpu_id();
	atomic_set(&thread->refs, 2);
	flags = spin_lock_irqsave(&threads_lock);
	list_add_tail(&thread->all_node, &threads_list);
	spin_unlock_irqrestore(&threads_lock, flags);
}

static struct thread *thread_alloc(const char *name)
{
	struct thread *thread = kzalloc(sizeof(*thread));

	if (!thread)
		return NULL;
	thread->kstack = kstack_alloc();
	if (!thread->kstack) {
		kfree(thread);
		return NULL;
	}
	thread_init(thread, atomic_inc_return(&threads_last_tid), name);
	return thread;
}

static void thread_free(struct thread *thread)
{
	unsigned long flags = spin_lock_irqsave(&threads_lock);

	list_del(&thread->all_node);
	spin_unlock_irqrestore(&threads_lock, flags);
	if (thread->process)
		arch_thread_free(thread);
	kstack_free(thread->kstack);
	kfree(thread);
}

static void thread_pin(struct thread *thread, unsigned int cpu)
{
	cpumask_zero(&thread->affinity);
	cpumask_set(&thread->affinity, cpu);
	thread->cpu = cpu;
}

static void thread_run_func(void)
{
	struct thread *thread = current;

	thread->func(thread->arg);
	thread_exit();
}

struct thread *thread_create(const char *name, void (*func)(void *), void *arg, int cpu)
{
	struct thread *thread = thread_alloc(name);

	if (!thread)
		return ERR_PTR(-ENOMEM);
	thread->func = func;
	thread->arg = arg;
	if (cpu >= 0)
		thread_pin(thread, (unsigned int)cpu);
	arch_thread_init_kernel(thread, thread_run_func);
	return thread;
}

struct thread *thread_create_user(struct process *process, const char *name)
{
	struct thread *thread = thread_alloc(name);

	if (!thread)
		return ERR_PTR(-ENOMEM);
	if (arch_thread_alloc(thread)) {
		thread_free(thread);
		return ERR_PTR(-ENOMEM);
	}
	thread->sig.altstack.flags = SS_DISABLE;
	thread->process = process;
	thread->mm = process->mm;
	return thread;
}

struct thread *thread_create_idle(struct cpu *cpu)
{
	char name[THREAD_NAME_LEN];
	struct thread *thread;

	snprintf(name, sizeof(name), "idle/%u", cpu->id);
	thread = thread_alloc(name);
	if (!thread)
		return NULL;
	thread_pin(thread, cpu->id);
	thread->on_rq = true;
	thread->on_cpu = true;
	return thread;
}

void thread_discard(struct thread *thread)
{
	BUG_ON(thread->on_rq);
	thread_free(thread);
}

void sched_init_boot(void)
{
	struct cpu *cpu = this_cpu();

	sched_init_cpu(cpu);
	cpu->idle = &boot_idle;
	cpu->arch.thread = &boot_idle;
	thread_init(&boot_idle, TID_BOOT_IDLE, "idle/0");
	thread_pin(&boot_idle, cpu->id);
	boot_idle.on_rq = true;
	boot_idle.on_cpu = true;
	cpu->online = true;
	cpumask_set(&cpus_online, cpu->id);
}

/* --- end --- */

void thread_get(struct thread *thread)
{
	atomic_inc(&thread->refs);
}

void thread_put(struct thread *thread)
{
	if (atomic_dec_and_test(&thread->refs))
		thread_free(thread);
}

void thread_exit(void)
{
	struct thread *thread = current;
	unsigned long flags;

#if LAB
	BUG_ON_MSG(thread->srcu_depth, "thread %d (%s) ends inside SRCU, depth %u", thread->tid,
		   thread->name, thread->srcu_depth);
#endif
	lockdep_leave("a thread");
	flags = spin_lock_irqsave(&thread->lock);
	WRITE_ONCE(thread->state, THREAD_DEAD);
	spin_unlock_irqrestore(&thread->lock, flags);
	wake_up_all(&thread->exit_wq);
	schedule();
	panic("BUG: thread %d (%s) ran after its end", thread->tid, thread->name);
}

void thread_join(struct thread *thread)
{
	thread_wait_begin(WAIT_THREAD, thread, 0);
	wait_event(&thread->exit_wq, READ_ONCE(thread->state) == THREAD_DEAD);
	thread_wait_end();
	thread_put(thread);
}

/* --- sleep --- */

void thread_prepare_sleep(bool interruptible)
{
	struct thread *thread = current;
	unsigned long flags = spin_lock_irqsave(&thread->lock);

	WRITE_ONCE(thread->state, THREAD_SLEEPING);
	thread->interruptible = interruptible;
	thread->sleep_since_ns = time_ns();
	spin_unlock_irqrestore(&thread->lock, flags);
}

void thread_cancel_sleep(void)
{
	struct thread *thread = current;
	unsigned long flags = spin_lock_irqsave(&thread->lock);

	WRITE_ONCE(thread->state, THREAD_RUNNABLE);
	spin_unlock_irqrestore(&thread->lock, flags);
}

void thread_sleep_until(u64 deadline_ns)
{
	struct thread *thread = current;

	if (deadline_ns == U64_MAX) {
		schedule();
		return;
	}
	timer_set(&thread->sleep_timer, deadline_ns);
	schedule();
	timer_cancel(&thread->sleep_timer);
}

void thread_sleep_ns(u64 ns)
{
	u64 deadline = time_ns() + ns;

	while (time_ns() < deadline) {
		thread_prepare_sleep(false);
		thread_sleep_until(deadline);
	}
}

/* --- border of user mode --- */

void thread_exit_to_user(struct trap_frame *regs)
{
	struct thread *thread = current;

	for (;;) {
		u32 work;

		irq_disable();
		work = READ_ONCE(thread->work);
		if (!work)
			return;
		irq_enable();
		if (work & TW_EXIT)
			process_thread_exit();
		if (work & TW_RESCHED)
			schedule();
		if (work & TW_SIGNAL)
			signal_deliver(regs); /* clears it when nothing is left */
	}
}

/* --- reports --- */

static const char *thread_state_name(const struct thread *thread)
{
	switch (READ_ONCE(thread->state)) {
	case THREAD_SLEEPING:
		return thread->user_sleep ? "sleeps (user mode's wish)" : "sleeps";
	case THREAD_DEAD:
		return "dead";
	case THREAD_RUNNABLE:
		break;
	}
	if (READ_ONCE(thread->on_cpu))
		return "running";
	return thread->on_rq ? "queued" : "not started";
}

static void thread_print(const struct thread *thread, u64 now)
{
	bool sleeps = READ_ONCE(thread->state) == THREAD_SLEEPING;
	const char *reason = READ_ONCE(thread->sleep_reason);
	u64 slept_ns = sleeps ? now - thread->sleep_since_ns : 0;

	printk("  %5d %-15s CPU %3u %s%s%s, %llu ms", thread->tid, thread->name, thread->cpu,
	       thread_state_name(thread), sleeps ? " for " : "",
	       !sleeps ? "" : reason ? reason : "(unnamed)", slept_ns / NSEC_PER_MSEC);
}

bool threads_try_lock(void)
{
	return spin_trylock(&threads_lock);
}

void threads_unlock(void)
{
	spin_unlock(&threads_lock);
}

void threads_print(void)
{
	unsigned long flags = irq_save();
	u64 now = time_ns();
	struct thread *thread;
	bool locked = false;

	/* The holder may be what the report is about. */
	for (int n = 0; n < 1000 && !locked; n++) {
		locked = threads_try_lock();
		if (!locked)
			cpu_relax();
	}
	printk("threads:");
	for_each_thread(thread)
		if (thread != cpus[thread->cpu]->idle)
			thread_print(thread, now);
	if (locked)
		threads_unlock();
	irq_restore(flags);
}
