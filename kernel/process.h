/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes: one address space, its threads, and what they share.
 */
#pragma once

#include "kernel/mutex.h"
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

struct process {
	int pid;
	char name[THREAD_NAME_LEN];
	struct mm *mm;
	bool quiet;

	struct spinlock lock;
	/* Guarded by lock: */
	struct list_head threads;
	unsigned int nr_threads;
	bool exiting; /* exit_group or a deadly signal has begun */
	int exit_status, exit_signal;

	struct spinlock sig_lock;
	/* Guarded by sig_lock (interrupts off): */
	struct k_sigaction actions[NSIG + 1];

	struct wait_queue exit_wq; /* woken when nr_threads becomes 0 */
	bool finished;		   /* mm torn down, stats final */
	struct fault_stats faults; /* valid once finished */
	u64 start_ns;
	atomic_t refs;
};

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
/* Kills every thread of @process with SIGKILL's effect. */
void process_kill(struct process *process, int signal);
/* exit_group for the current thread's process; returns, the thread leaves at the user border. */
void process_begin_exit(int status, int signal);
/* The current thread leaves its process and ends: TW_EXIT at the border of user mode. */
void process_thread_exit(void) __noreturn;
