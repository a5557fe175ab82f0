/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System calls on signals: arguments and results; the work is in kernel/signal.c.
 *
 * Owns the alternate stack's description, which only its own thread touches.
 *
 * Source: sigaction(2), sigprocmask(2), sigaltstack(2), sigreturn(2), tkill(2).
 */
#include "kernel/errno.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "arch/signal.h"
#include "arch/trap.h"
#include "arch/uaccess.h"

/* args: signal, new action, old action, size of a signal set */
long sys_rt_sigaction(const unsigned long args[6])
{
	struct k_sigaction new, old;
	int err;

	if (args[3] != sizeof(u64))
		return -EINVAL;
	if (args[1] && copy_from_user(&new, (void *)args[1], sizeof(new)))
		return -EFAULT;
	err = signal_set_action((int)args[0], args[1] ? &new : NULL, &old);
	if (err)
		return err;
	return args[2] && copy_to_user((void *)args[2], &old, sizeof(old)) ? -EFAULT : 0;
}

static int mask_change(int how, u64 set)
{
	u64 blocked = current->sig.blocked;

	switch (how) {
	case SIG_BLOCK:
		signal_set_blocked(blocked | set);
		return 0;
	case SIG_UNBLOCK:
		signal_set_blocked(blocked & ~set);
		return 0;
	case SIG_SETMASK:
		signal_set_blocked(set);
		return 0;
	default:
		return -EINVAL;
	}
}

/* args: how, new set, old set, size of a signal set */
long sys_rt_sigprocmask(const unsigned long args[6])
{
	u64 old = current->sig.blocked, set;
	int err;

	if (args[3] != sizeof(u64))
		return -EINVAL;
	if (args[1]) {
		if (copy_from_user(&set, (void *)args[1], sizeof(set)))
			return -EFAULT;
		err = mask_change((int)args[0], set);
		if (err)
			return err;
	}
	return args[2] && copy_to_user((void *)args[2], &old, sizeof(old)) ? -EFAULT : 0;
}

long sys_rt_sigreturn(const unsigned long args[6])
{
	struct trap_frame *regs = arch_thread_regs(current);
	u64 mask;

	(void)args;
	if (arch_signal_return(regs, &mask))
		signal_force(SIGSEGV, SI_KERNEL, 0);
	else
		signal_set_blocked(mask);
	return arch_syscall_return_value(regs); /* not changed by a result of this call */
}

static int altstack_set(const struct k_sigstack *new)
{
	if (new->flags != SS_DISABLE && new->flags != SS_ONSTACK && new->flags != 0)
		return -EINVAL;
	if (new->flags == SS_DISABLE) {
		current->sig.altstack = (struct k_sigstack){ .flags = SS_DISABLE };
		return 0;
	}
	if (new->size < MINSIGSTKSZ)
		return -ENOMEM;
	current->sig.altstack = (struct k_sigstack){ .sp = new->sp, .size = new->size };
	return 0;
}

/* args: new stack, old stack */
long sys_sigaltstack(const unsigned long args[6])
{
	bool on_it = signal_on_altstack(trap_frame_sp(arch_thread_regs(current)));
	struct k_sigstack old = current->sig.altstack, new;
	int err;

	if (on_it)
		old.flags = SS_ONSTACK;
	if (args[0]) {
		if (copy_from_user(&new, (void *)args[0], sizeof(new)))
			return -EFAULT;
		err = on_it ? -EPERM : altstack_set(&new);
		if (err)
			return err;
	}
	return args[1] && copy_to_user((void *)args[1], &old, sizeof(old)) ? -EFAULT : 0;
}

/* Signal 0 only asks whether the thread is there. Only threads of the own process are seen. */
static long thread_signal(int tid, int signo)
{
	struct process *process = current->process;
	struct thread *thread;
	long ret = 0;

	spin_lock(&process->lock);
	thread = process_find_thread(process, tid);
	if (!thread)
		ret = -ESRCH;
	else if (signo < 0 || signo > NSIG)
		ret = -EINVAL;
	else if (signo)
		signal_send(thread, signo);
	spin_unlock(&process->lock);
	return ret;
}

/* args: tid, signal */
long sys_tkill(const unsigned long args[6])
{
	int tid = (int)args[0];

	return tid <= 0 ? -EINVAL : thread_signal(tid, (int)args[1]);
}

/* args: pid, tid, signal */
long sys_tgkill(const unsigned long args[6])
{
	int pid = (int)args[0], tid = (int)args[1];

	if (pid <= 0 || tid <= 0)
		return -EINVAL;
	return pid == current->process->pid ? thread_signal(tid, (int)args[2]) : -ESRCH;
}
