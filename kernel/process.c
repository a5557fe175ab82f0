/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Life and end of processes.
 *
 * Owns struct process and the membership of threads in it. The end has three steps: somebody marks
 * the process as exiting, which sets TW_EXIT in every thread, now and to come, and wakes those
 * that sleep interruptibly; each thread leaves on its way to user mode (process_thread_exit);
 * the last one takes the address space down and wakes who waits for the process.
 *
 * Locking: kernel/process.h. process->lock is never taken from interrupts.
 *
 * Source: exit_group(2), _exit(2), set_tid_address(2).
 */
#include "kernel/process.h"
#include "kernel/cmdline.h"
#include "kernel/errno.h"
#include "kernel/exec.h"
#include "kernel/futex.h"
#include "kernel/initrd.h"
#include "kernel/printk.h"
#include "kernel/random.h"
#include "kernel/string.h"
#include "mm/mm.h"
#include "mm/slab.h"

#define STANDARD_FDS 7 /* 0, 1 and 2 are open */

void process_subsystem_init(void)
{
	futex_subsystem_init();
	console_out_subsystem_init();
}

static void process_put(struct process *process)
{
	if (atomic_dec_and_test(&process->refs))
		kfree(process);
}

static const char *path_basename(const char *path)
{
	const char *name = path;

	for (; *path; path++)
		if (path[0] == '/' && path[1])
			name = path + 1;
	return name;
}

/* The same for every run of a program, whatever ran before it. FNV-1a. */
static u64 process_seed(const char *path)
{
	u64 hash = 0xcbf29ce484222325ULL ^ cmdline.seed;

	for (; *path; path++)
		hash = (hash ^ (u8)*path) * 0x100000001b3ULL;
	return hash;
}

static struct process *process_alloc(const struct process_spec *spec)
{
	struct process *process = kzalloc(sizeof(*process));

	if (!process)
		return NULL;
	strlcpy(process->name, path_basename(spec->path), sizeof(process->name));
	process->quiet = spec->quiet;
	process->open_fds = STANDARD_FDS;
	atomic64_set(&process->random, (s64)process_seed(spec->path));
	console_out_init(&process->out);
	spin_init(&process->lock, "process_lock");
	list_init(&process->threads);
	spin_init(&process->sig_lock, "sig_lock");
	wait_queue_init(&process->exit_wq, "process_exit");
	atomic_set(&process->refs, 2); /* the caller's and the threads' */
	return process;
}

static int process_load(struct process *process, const struct process_spec *spec,
			struct exec_start *start)
{
	struct initrd_file file;
	int ret = initrd_find(spec->path, &file);

	if (ret)
		return ret;
	process->mm = mm_create();
	if (!process->mm)
		return -ENOMEM;
	WRITE_ONCE(process->mm->fault_path, spec->fault_path);
	if (spec->ptl_policy)
		WRITE_ONCE(process->mm->ptl_policy, spec->ptl_policy);
	return exec_load(process->mm, &file, spec->path, spec->argv, random_next(&process->random),
			 start);
}

static struct thread *process_first_thread(struct process *process, const struct exec_start *start)
{
	struct thread *thread = thread_create_user(process, process->name);

	if (IS_ERR(thread))
		return thread;
	arch_thread_init_user(thread, start->pc, start->sp);
	thread->sig.altstack.flags = SS_DISABLE;
	process->pid = thread->tid;
	process_add_thread(process, thread);
	return thread;
}

struct process *process_spawn(const struct process_spec *spec)
{
	struct process *process = process_alloc(spec);
	struct exec_start start;
	struct thread *thread;
	int ret;

	if (!process)
		return ERR_PTR(-ENOMEM);
	ret = process_load(process, spec, &start);
	if (!ret) {
		thread = process_first_thread(process, &start);
		ret = IS_ERR(thread) ? (int)PTR_ERR(thread) : 0;
	}
	if (ret) {
		if (process->mm)
			mm_put(process->mm);
		kfree(process);
		return ERR_PTR(ret);
	}
	process->start_ns = time_ns();
	thread_start(thread);
	return process;
}

int process_wait(struct process *process, struct process_result *result, u64 deadline_ns)
{
	bool finished = wait_event_until(&process->exit_wq,
					 smp_load_acquire(&process->finished), deadline_ns);

	if (finished) {
		result->exit_status = process->exit_status;
		result->signal = process->exit_signal;
		result->faults = process->faults;
		result->elapsed_ns = process->end_ns - process->start_ns;
	}
	process_put(process);
	return finished ? 0 : -ETIMEDOUT;
}

void process_add_thread(struct process *process, struct thread *thread)
{
	spin_lock(&process->lock);
	list_add_tail(&thread->process_node, &process->threads);
	process->nr_threads++;
	if (process->exiting)
		__atomic_fetch_or(&thread->work, TW_EXIT, __ATOMIC_SEQ_CST);
	spin_unlock(&process->lock);
}

struct thread *process_find_thread(struct process *process, int tid)
{
	struct thread *thread;

	list_for_each_entry(thread, &process->threads, process_node)
		if (thread->tid == tid)
			return thread;
	return NULL;
}

static void usage_add(struct process_usage *usage, const struct thread *thread)
{
	usage->utime_ns += READ_ONCE(thread->utime_ns);
	usage->minflt += READ_ONCE(thread->minflt);
	usage->majflt += READ_ONCE(thread->majflt);
}

void process_usage_sum(struct process *process, struct process_usage *usage)
{
	struct thread *thread;

	spin_lock(&process->lock);
	*usage = process->gone;
	list_for_each_entry(thread, &process->threads, process_node)
		usage_add(usage, thread);
	spin_unlock(&process->lock);
}

/* Marks @process as exiting and calls its threads off; false if somebody else was first. */
static bool process_end(struct process *process, int status, int signal)
{
	struct thread *thread;
	bool first;

	spin_lock(&process->lock);
	first = !process->exiting;
	if (first) {
		process->exiting = true;
		process->exit_status = signal ? 0 : status;
		process->exit_signal = signal;
		list_for_each_entry(thread, &process->threads, process_node)
			signal_kick(thread, TW_EXIT);
	}
	spin_unlock(&process->lock);
	return first;
}

void process_kill(struct process *process, int signal)
{
	process_end(process, 0, signal);
}

bool process_begin_exit(int status, int signal)
{
	return process_end(current->process, status, signal);
}

/* From here on this CPU and this thread have nothing to do with the address space. */
static void thread_leave_mm(struct thread *thread)
{
	unsigned long flags = irq_save();

	thread->mm = NULL;
	mm_switch(NULL);
	irq_restore(flags);
}

/* True for the last thread. */
static bool process_remove_thread(struct process *process, struct thread *thread)
{
	bool last;

	spin_lock(&process->lock);
	list_del(&thread->process_node);
	usage_add(&process->gone, thread);
	last = --process->nr_threads == 0;
	spin_unlock(&process->lock);
	return last;
}

static void process_finish(struct process *process)
{
	fault_stats_sum(process->mm, &process->faults);
	mm_put(process->mm);
	console_out_flush(&process->out);
	process->end_ns = time_ns();
	smp_store_release(&process->finished, true);
	wake_up_all(&process->exit_wq);
	process_put(process);
}

void process_thread_exit(void)
{
	struct thread *thread = current;
	struct process *process = thread->process;

	futex_thread_exit(thread);
	thread_leave_mm(thread);
	if (process_remove_thread(process, thread))
		process_finish(process);
	thread_put(thread); /* the reference of its creator */
	thread_exit();
}
