/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes: one address space, its threads, and what they share.
 *
 * A process lives from process_spawn until its last thread has gone and who spawned it has waited:
 * one reference each. A thread on its list is alive and may be signalled under lock; from
 * elsewhere thread->process must not be followed, since a thread that ends leaves its process
 * before it is gone itself. Lock order: lock, then sig_lock, then a thread's lock. No lock of mm is
 * taken under any of them.
 */
#pragma once

#include "kernel/atomic.h"
#include "kernel/console_out.h"
#include "kernel/signal.h"
#include "kernel/thread.h"
#include "kernel/wait.h"
#include "mm/fault.h"

/* What a test or --exec wants of a program. */
struct process_spec {
	const char *path;	     /* in the initrd */
	const char *const *argv;     /* NULL-terminated */
	enum fault_path fault_path;  /* of the mm */
	const struct ptl_policy *ptl_policy; /* NULL: the boot word's */
	bool quiet;		     /* output is thrown away */
};

/* How it ended, and what its faults did; filled by process_wait. */
struct process_result {
	int exit_status; /* 0..255 if signal is 0 */
	int signal;
	struct fault_stats faults;
	u64 elapsed_ns;
};

/* What the threads that have gone used; guarded by process->lock. */
struct process_usage {
	u64 utime_ns, minflt, majflt;
};

struct process {
	int pid;
	char name[THREAD_NAME_LEN];
	struct mm *mm;
	bool quiet;
	u64 start_ns, end_ns;
	u32 open_fds; /* bit n: descriptor n is open; changed atomically */
	atomic64_t random; /* state of getrandom */
	struct console_out out; /* kernel/console_out.h */

	struct spinlock lock;
	/* Guarded by lock: */
	struct list_head threads;
	unsigned int nr_threads;
	bool exiting; /* exit_group or a deadly signal has begun */
	int exit_status, exit_signal;
	struct process_usage gone;

	struct spinlock sig_lock;
	/* Guarded by sig_lock (interrupts off): */
	struct k_sigaction actions[NSIG + 1];

	struct wait_queue exit_wq; /* woken when the last thread has gone */
	bool finished;		   /* mm torn down, faults final; set with release */
	struct fault_stats faults; /* valid once finished */
	atomic_t refs;
};

/* Once at boot, before the first process. */
void process_subsystem_init(void);
/*
 * Loads the program and starts its first thread. Returns the process, or ERR_PTR: -ENOENT,
 * -ENOEXEC (not a static ELF for this machine), -ENOMEM, -E2BIG. May sleep.
 */
struct process *process_spawn(const struct process_spec *spec);
/*
 * Waits until the process has ended and its address space is gone, at most until @deadline_ns;
 * -ETIMEDOUT then, else 0. Drops the caller's reference in any case. May sleep.
 */
int process_wait(struct process *process, struct process_result *result, u64 deadline_ns);
/* Kills every thread of @process with SIGKILL's effect; it counts as ended by @signal. */
void process_kill(struct process *process, int signal);
/*
 * exit_group for the current thread's process; returns, the thread leaves at the user border.
 * @status 0..255 counts if @signal is 0. False if the end had begun before.
 */
bool process_begin_exit(int status, int signal);
/*
 * Ends the current user thread: robust futexes, clear_child_tid, and with the last thread the
 * address space. From the border of user mode or a system call, no lock held.
 */
void process_thread_exit(void) __noreturn;

/* Makes @thread, new and not yet started, one of @process's. */
void process_add_thread(struct process *process, struct thread *thread);
/* The live thread @tid of @process, or NULL. process->lock held. */
struct thread *process_find_thread(struct process *process, int tid);
static inline bool process_fd_is_open(const struct process *process, u32 fd)
{
	return fd < 32 && READ_ONCE(process->open_fds) >> fd & 1;
}

/* What all threads of @process, gone or not, have used. */
void process_usage_sum(struct process *process, struct process_usage *usage);
