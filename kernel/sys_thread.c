/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System calls on threads: making and ending them, their ids, where they run.
 *
 * Owns nothing; membership of threads in processes is in kernel/process.c. There is one process
 * tree of depth one: no call makes a process.
 *
 * Source: clone(2), set_tid_address(2), exit_group(2), set_robust_list(2), sched_setaffinity(2).
 */
#include "kernel/errno.h"
#include "kernel/process.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "arch/trap.h"
#include "arch/uaccess.h"

#define CLONE_VM 0x00000100UL
#define CLONE_FS 0x00000200UL
#define CLONE_FILES 0x00000400UL
#define CLONE_SIGHAND 0x00000800UL
#define CLONE_THREAD 0x00010000UL
#define CLONE_SYSVSEM 0x00040000UL
#define CLONE_SETTLS 0x00080000UL
#define CLONE_PARENT_SETTID 0x00100000UL
#define CLONE_CHILD_CLEARTID 0x00200000UL
#define CLONE_DETACHED 0x00400000UL /* has no effect */
#define CLONE_CHILD_SETTID 0x01000000UL
#define CLONE_EXIT_SIGNAL 0xffUL /* has no effect for a thread */

/* What makes a thread, and what may go with it. */
#define CLONE_OF_THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define CLONE_OPTIONAL                                                                             \
	(CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID |               \
	 CLONE_DETACHED | CLONE_CHILD_SETTID | CLONE_EXIT_SIGNAL)

#define ROBUST_HEAD_SIZE 24

/* Errors as Linux gives them for what can never be, ENOSYS for what is not done here. */
static int clone_check(unsigned long flags)
{
	if (flags & CLONE_THREAD && !(flags & CLONE_SIGHAND))
		return -EINVAL;
	if (flags & CLONE_SIGHAND && !(flags & CLONE_VM))
		return -EINVAL;
	if ((flags & CLONE_OF_THREAD) != CLONE_OF_THREAD)
		return -ENOSYS;
	return flags & ~(CLONE_OF_THREAD | CLONE_OPTIONAL) ? -ENOSYS : 0;
}

/* What the new thread has from its creator. */
static void thread_inherit(struct thread *child, struct thread *parent)
{
	unsigned long flags = spin_lock_irqsave(&parent->lock);

	child->affinity = parent->affinity;
	spin_unlock_irqrestore(&parent->lock, flags);
	child->sig.blocked = parent->sig.blocked;
	child->sig.altstack.flags = SS_DISABLE;
}

/* Errors are not reported: Linux does not either. */
static void tid_store(unsigned long uaddr, int tid)
{
	if (copy_to_user((void *)uaddr, &tid, sizeof(tid)))
		return;
}

/* args: flags, stack, parent's tid address; TLS and the child's tid address where the arch says */
long sys_clone(const unsigned long args[6])
{
	struct trap_frame *regs = arch_thread_regs(current);
	unsigned long flags = args[0], ctid = args[ARCH_CLONE_CTID_ARG];
	int err = clone_check(flags), tid;
	struct thread *child;

	if (err)
		return err;
	child = thread_create_user(current->process, current->name);
	if (IS_ERR(child))
		return PTR_ERR(child);
	arch_thread_clone(child, regs, args[1] ? args[1] : trap_frame_sp(regs),
			  flags & CLONE_SETTLS, args[ARCH_CLONE_TLS_ARG]);
	thread_inherit(child, current);
	tid = child->tid;
	if (flags & CLONE_PARENT_SETTID)
		tid_store(args[2], tid);
	if (flags & CLONE_CHILD_SETTID)
		tid_store(ctid, tid);
	if (flags & CLONE_CHILD_CLEARTID)
		child->clear_child_tid = (u32 *)ctid;
	process_add_thread(current->process, child);
	thread_start(child);
	return tid;
}

/* The status of the first thread is the process's if no exit_group gives another. */
long sys_exit(const unsigned long args[6])
{
	struct process *process = current->process;

	spin_lock(&process->lock);
	if (!process->exiting && current->tid == process->pid)
		process->exit_status = args[0] & 0xff;
	spin_unlock(&process->lock);
	process_thread_exit();
}

long sys_exit_group(const unsigned long args[6])
{
	process_begin_exit(args[0] & 0xff, 0);
	return 0;
}

long sys_set_tid_address(const unsigned long args[6])
{
	current->clear_child_tid = (u32 *)args[0];
	return current->tid;
}

long sys_set_robust_list(const unsigned long args[6])
{
	if (args[1] != ROBUST_HEAD_SIZE)
		return -EINVAL;
	current->robust_list = (void *)args[0];
	return 0;
}

long sys_gettid(const unsigned long args[6])
{
	(void)args;
	return current->tid;
}

long sys_getpid(const unsigned long args[6])
{
	(void)args;
	return current->process->pid;
}

/* The kernel started it: as in Linux for a parent that the process cannot see. */
long sys_getppid(const unsigned long args[6])
{
	(void)args;
	return 0;
}

long sys_sched_yield(const unsigned long args[6])
{
	(void)args;
	thread_yield();
	return 0;
}

/* The thread @tid of this process, 0 the current one, with a reference; NULL: none. */
static struct thread *thread_by_tid(int tid)
{
	struct process *process = current->process;
	struct thread *thread = current;

	spin_lock(&process->lock);
	if (tid)
		thread = process_find_thread(process, tid);
	if (thread)
		thread_get(thread);
	spin_unlock(&process->lock);
	return thread;
}

/* args: tid, where to store the list's address, where its size. musl asks whether there are any. */
long sys_get_robust_list(const unsigned long args[6])
{
	u64 size = ROBUST_HEAD_SIZE;
	struct thread *thread = thread_by_tid((int)args[0]);
	void *list;

	if (!thread)
		return -ESRCH;
	list = READ_ONCE(thread->robust_list);
	thread_put(thread);
	if (copy_to_user((void *)args[2], &size, sizeof(size)))
		return -EFAULT;
	return copy_to_user((void *)args[1], &list, sizeof(list)) ? -EFAULT : 0;
}

/* args: tid, length, mask */
long sys_sched_setaffinity(const unsigned long args[6])
{
	struct cpumask mask;
	struct thread *thread;
	long ret;

	memset(&mask, 0, sizeof(mask));
	if (copy_from_user(&mask, (void *)args[2], min(args[1], sizeof(mask))))
		return -EFAULT;
	thread = thread_by_tid((int)args[0]);
	if (!thread)
		return -ESRCH;
	ret = thread_set_affinity(thread, &mask);
	thread_put(thread);
	return ret;
}

/* args: tid, length, mask; the bytes written as result, which glibc and musl expect */
long sys_sched_getaffinity(const unsigned long args[6])
{
	size_t size = cpumask_words() * sizeof(u64);
	struct cpumask mask;
	struct thread *thread;
	unsigned long flags;

	if (args[1] * 8 < nr_cpus || args[1] & (sizeof(u64) - 1))
		return -EINVAL;
	thread = thread_by_tid((int)args[0]);
	if (!thread)
		return -ESRCH;
	flags = spin_lock_irqsave(&thread->lock);
	mask = thread->affinity;
	spin_unlock_irqrestore(&thread->lock, flags);
	thread_put(thread);
	for (unsigned int i = 0; i < cpumask_words(); i++)
		mask.bits[i] &= READ_ONCE(cpus_online.bits[i]);
	size = min(size, (size_t)args[1]);
	return copy_to_user((void *)args[2], &mask, size) ? -EFAULT : (long)size;
}

/* args: where to store the CPU, where the node; both may be NULL */
long sys_getcpu(const unsigned long args[6])
{
	u32 cpu = cpu_id(), node = 0;

	if (args[0] && copy_to_user((void *)args[0], &cpu, sizeof(cpu)))
		return -EFAULT;
	if (args[1] && copy_to_user((void *)args[1], &node, sizeof(node)))
		return -EFAULT;
	return 0;
}
