/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads and the scheduler.
 *
 * Every CPU has a round-robin run queue. The kernel is not preemptible: a thread gives its CPU up
 * by sleeping, by thread_yield, or on the way back to user mode when need_resched is set. A thread
 * that wakes goes to the CPU it ran on last if its affinity allows; an idle CPU takes from the
 * longest queue. State changes happen under the thread's lock, which is inside no other but may
 * be taken under a wait queue's lock; the run-queue lock is inside it. Interrupts are off for
 * both.
 */
#pragma once

#include "kernel/cpu.h"
#include "kernel/list.h"
#include "kernel/time.h"
#include "kernel/signal.h"
#include "kernel/wait.h"
#include "lab/lockdep.h"
#include "lab/waits.h"
#include "arch/context.h" /* struct arch_thread, struct trap_frame forward */

struct mm;
struct process;

enum thread_state { THREAD_RUNNABLE, THREAD_SLEEPING, THREAD_DEAD };

#define THREAD_NAME_LEN 16
#define KSTACK_SIZE (1 << KSTACK_SHIFT)

struct thread {
	struct arch_thread arch; /* saved context, FS base, FPU state; the thread's own */

	/* Set at creation, then constant. */
	int tid;
	char name[THREAD_NAME_LEN];
	void *kstack; /* lowest address; KSTACK_SIZE bytes */
	struct process *process; /* NULL for kernel threads */
	/* NULL for kernel threads. A user thread that leaves its address space makes it NULL itself
	 * before it calls mm_switch(NULL), for it is loaded again whenever the thread runs. */
	struct mm *mm;
	void (*func)(void *arg); /* kernel threads */
	void *arg;

	/* Guarded by lock (interrupts off). */
	struct spinlock lock;
	enum thread_state state;
	bool on_rq;	  /* queued, running, or just being switched away from */
	bool interruptible; /* a signal may end the present sleep */
	u64 sleep_since_ns;
	/* Changed under lock and the rq_lock of the CPU named by @cpu; either is enough to read. */
	struct cpumask affinity;
	/* Guarded by that rq_lock while queued, by lock and the thread itself while not. */
	unsigned int cpu; /* where it is queued, runs, or ran last */
	struct list_head rq_node;
	struct timer sleep_timer;

	bool on_cpu; /* its stack is in use; for reports */

	/* Work to do before user mode; bits set atomically by others, see TW_*. */
	u32 work;

	/* The thread's own. */
	u64 shadow_version, shadow_begin; /* of the fault it is in, lab/shadow.c */
	unsigned int srcu_depth;
	u64 utime_ns, minflt, majflt;
	u32 *clear_child_tid; /* user address */
	void *robust_list;    /* user address */
	struct thread_signal sig; /* kernel/signal.h, guarded by process->sig_lock */
	const char *sleep_reason; /* shown in hang reports */
	bool user_sleep;	  /* a sleep that user mode asked for: no limit applies */

	struct list_head process_node; /* guarded by process->lock */
	struct list_head all_node;     /* guarded by threads_lock */
	atomic_t refs;
	struct wait_queue exit_wq; /* who waits in thread_join */
#if LAB
	struct thread_lab lab; /* lab/waits.h */
	struct lockdep_stack locks; /* held, lab/lockdep.h */
#endif
};

#define TW_RESCHED BIT(0)
#define TW_SIGNAL BIT(1)
#define TW_EXIT BIT(2) /* the process is going: leave at the border of user mode */

/* --- creation and end --- */
/*
 * A kernel thread that runs func(arg) on @cpu (pinned), or anywhere if @cpu is -1. It does not
 * start before thread_start. Returns ERR_PTR(-ENOMEM) without memory. May sleep.
 */
struct thread *thread_create(const char *name, void (*func)(void *), void *arg, int cpu);
/*
 * A user thread of @process, in its mm, without context yet (arch_thread_init_user or
 * arch_thread_clone fills it). ERR_PTR(-ENOMEM) without memory. May sleep.
 *
 * A new thread has two references: its own, dropped when it has ended, and the creator's, dropped
 * by thread_join or thread_put. One that is never started is given back with thread_discard.
 */
struct thread *thread_create_user(struct process *process, const char *name);
void thread_start(struct thread *thread);
/* Frees a thread that was not started, with both its references. */
void thread_discard(struct thread *thread);
/* The idle thread of @cpu, with a stack on which the arch starts the CPU; NULL without memory. */
struct thread *thread_create_idle(struct cpu *cpu);
/* Ends the current thread. */
void thread_exit(void) __noreturn;
/* Waits for a kernel thread's end and drops the creator's reference. May sleep. */
void thread_join(struct thread *thread);
void thread_get(struct thread *thread);
void thread_put(struct thread *thread);

/* --- scheduling --- */
void schedule(void);
void thread_yield(void);
/* Marks the current thread sleeping (then re-check, then schedule or thread_sleep_until). */
void thread_prepare_sleep(bool interruptible);
/* Back to runnable without having slept. */
void thread_cancel_sleep(void);
/* Sleeps, after thread_prepare_sleep, until woken or until @deadline_ns (U64_MAX: no limit). */
void thread_sleep_until(u64 deadline_ns);
/* Sleeps for @ns in any case. */
void thread_sleep_ns(u64 ns);
/* Makes a sleeping thread runnable; false if it was not sleeping. Any context but NMI. */
bool thread_wake(struct thread *thread);
/* Moves to a CPU of @mask before it returns, if it is the current thread. -EINVAL: none online. */
int thread_set_affinity(struct thread *thread, const struct cpumask *mask);

/* --- from the arch --- */
/* Does what current->work asks for before user mode. Interrupts on, off on return. */
struct trap_frame;
void thread_exit_to_user(struct trap_frame *regs);
/* First code of every new thread, after the switch to it, interrupts off: finishes the switch and
 * turns interrupts on. */
void thread_switch_finish(struct thread *prev);
/* Idle thread body; secondary CPUs end here. */
void idle_loop(void) __noreturn;

/* Sets TW_* bits of @thread, and interrupts the CPU it runs on so that they are seen soon. Any
 * context but NMI. */
void thread_set_work(struct thread *thread, u32 work);
/* From the tick of a CPU that is not idle. */
void sched_tick(void);
/* Empty queues and timers, for any CPU before it starts. */
void sched_init_cpu(struct cpu *cpu);
/* Boot CPU, once: makes its idle thread out of what runs now. Then thread_create works. */
void sched_init_boot(void);
/* Lists every thread with state, sleep reason and duration: for hang reports. */
void threads_print(void);
/*
 * For instruments: holds the list of all threads still, from any context; false if somebody else
 * does at this moment. Nothing is waited for while it is held.
 */
bool threads_try_lock(void);
void threads_unlock(void);
extern struct list_head threads_list;
#define for_each_thread(thread) list_for_each_entry(thread, &threads_list, all_node)
