/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Signals: sending, and what is done with them at the border of user mode.
 *
 * Owns masks, pending signals and actions. TW_SIGNAL in a thread's work means that it has a pending
 * signal that is not blocked; others set it, only the thread itself clears it, so a system
 * call that gave up because of it always meets signal_deliver, which restarts it or not.
 * signal_deliver runs in a loop with the other work of thread_exit_to_user, until none is left.
 *
 * Locking: process->sig_lock, interrupts off, guards all of it; a thread's lock is taken by
 * signal_kick, with sig_lock dropped. The message about a killed process is printed with no lock.
 *
 * Source: signal(7), sigaction(2), sigaltstack(2); POSIX.1-2017, XSH 2.4.
 */
#include "kernel/signal.h"
#include "kernel/errno.h"
#include "kernel/printk.h"
#include "kernel/process.h"
#include "kernel/string.h"
#include "arch/ipi.h"
#include "arch/signal.h"
#include "arch/trap.h"

#define SIG_DFL 0
#define SIG_IGN 1
#define SIG_MASK(n) (1ULL << ((n) - 1))
#define SIGS_UNBLOCKABLE (SIG_MASK(SIGKILL) | SIG_MASK(SIGSTOP))
#define SIGS_SYNCHRONOUS                                                                           \
	(SIG_MASK(SIGSEGV) | SIG_MASK(SIGBUS) | SIG_MASK(SIGILL) | SIG_MASK(SIGTRAP) |             \
	 SIG_MASK(SIGFPE))
/* By default these do nothing. Nobody can continue a stopped process here, so none stops. */
#define SIGS_DEFAULT_IGNORE                                                                        \
	(SIG_MASK(SIGCHLD) | SIG_MASK(SIGURG) | SIG_MASK(SIGWINCH) | SIG_MASK(SIGCONT) |           \
	 SIG_MASK(SIGSTOP) | SIG_MASK(SIGTSTP) | SIG_MASK(SIGTTIN) | SIG_MASK(SIGTTOU))
#define SA_NOCLDSTOP 0x1UL
#define SA_NOCLDWAIT 0x2UL
#define SA_KNOWN                                                                                   \
	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER |         \
	 SA_RESETHAND | SA_RESTORER)

static const char *const signal_names[] = {
	[SIGHUP] = "SIGHUP",	[SIGINT] = "SIGINT",   [SIGQUIT] = "SIGQUIT", [SIGILL] = "SIGILL",
	[SIGTRAP] = "SIGTRAP",	[SIGABRT] = "SIGABRT", [SIGBUS] = "SIGBUS",   [SIGFPE] = "SIGFPE",
	[SIGKILL] = "SIGKILL",	[SIGUSR1] = "SIGUSR1", [SIGSEGV] = "SIGSEGV", [SIGUSR2] = "SIGUSR2",
	[SIGPIPE] = "SIGPIPE",	[SIGALRM] = "SIGALRM", [SIGTERM] = "SIGTERM",
};

static const char *signal_name(int signo)
{
	if ((size_t)signo < ARRAY_SIZE(signal_names) && signal_names[signo])
		return signal_names[signo];
	return "signal";
}

/* Why a fault could not be resolved, as far as siginfo tells; NULL for no fault. */
static const char *fault_reason(const struct k_siginfo *info)
{
	if (info->signo == SIGSEGV && info->code == SEGV_MAPERR)
		return "no mapping";
	if (info->signo == SIGSEGV && info->code == SEGV_ACCERR)
		return "not permitted";
	if (info->signo == SIGBUS && info->code == BUS_ADRERR)
		return "no memory behind it";
	if (info->signo == SIGFPE)
		return "arithmetic";
	if (info->signo == SIGILL)
		return "invalid instruction";
	return NULL;
}

static void kill_report(const struct k_siginfo *info)
{
	struct process *process = current->process;
	unsigned long pc = trap_frame_pc(arch_thread_regs(current));
	const char *reason = fault_reason(info);

	if (reason)
		printk("%s[%d]: killed by %s at %#lx pc %#lx (%s)\n", process->name, process->pid,
		       signal_name(info->signo), (unsigned long)info->addr, pc, reason);
	else
		printk("%s[%d]: killed by %s (%d) pc %#lx\n", process->name, process->pid,
		       signal_name(info->signo), info->signo, pc);
}

/* Ends the current process by a signal. */
static void signal_kill(const struct k_siginfo *info)
{
	if (process_begin_exit(0, info->signo) && !current->process->quiet)
		kill_report(info);
}

void signal_kick(struct thread *thread, u32 work)
{
	unsigned long flags;
	bool sleeps, runs;
	unsigned int cpu;

	/*
	 * The thread marks itself sleeping under its lock and then looks at its work. Either it
	 * came to the lock before us, and we see it sleeping, or after us, and it sees the work.
	 */
	__atomic_fetch_or(&thread->work, work, __ATOMIC_SEQ_CST);
	flags = spin_lock_irqsave(&thread->lock);
	sleeps = thread->state == THREAD_SLEEPING && thread->interruptible;
	runs = READ_ONCE(thread->on_cpu);
	cpu = thread->cpu;
	spin_unlock_irqrestore(&thread->lock, flags);
	if (sleeps)
		thread_wake(thread);
	else if (runs && cpu != cpu_id())
		arch_ipi_send(cpu, IPI_RESCHED);
}

bool signal_pending(struct thread *thread)
{
	return READ_ONCE(thread->work) & (TW_SIGNAL | TW_EXIT);
}

/* sig_lock held; current thread only. */
static void work_update(struct thread *thread)
{
	if (thread->sig.pending & ~thread->sig.blocked)
		__atomic_fetch_or(&thread->work, TW_SIGNAL, __ATOMIC_SEQ_CST);
	else
		__atomic_fetch_and(&thread->work, ~(u32)TW_SIGNAL, __ATOMIC_SEQ_CST);
}

/* Whether @signo with @action has no effect at all. */
static bool action_ignores(int signo, const struct k_sigaction *action)
{
	if (action->handler == SIG_DFL)
		return SIG_MASK(signo) & SIGS_DEFAULT_IGNORE;
	return action->handler == SIG_IGN;
}

void signal_send(struct thread *thread, int signo)
{
	struct process *process = thread->process;
	u64 bit = SIG_MASK(signo);
	unsigned long flags;
	bool kick;

	flags = spin_lock_irqsave(&process->sig_lock);
	kick = !(thread->sig.blocked & bit);
	if (kick && action_ignores(signo, &process->actions[signo]))
		kick = false;
	else
		thread->sig.pending |= bit;
	spin_unlock_irqrestore(&process->sig_lock, flags);
	if (kick)
		signal_kick(thread, TW_SIGNAL);
}

void signal_force(int signo, int code, u64 addr)
{
	struct k_siginfo info = { .signo = signo, .code = code, .addr = addr };
	struct process *process = current->process;
	struct thread_signal *sig = &current->sig;
	unsigned long flags;
	bool handled;

	flags = spin_lock_irqsave(&process->sig_lock);
	handled = process->actions[signo].handler > SIG_IGN && !(sig->blocked & SIG_MASK(signo));
	if (handled) {
		sig->fault_info = info;
		sig->pending |= SIG_MASK(signo);
		work_update(current);
	}
	spin_unlock_irqrestore(&process->sig_lock, flags);
	if (!handled)
		signal_kill(&info);
}

/* The next signal to deliver, those of faults first; 0 if there is none. sig_lock held. */
static int signal_next(const struct thread_signal *sig)
{
	u64 ready = sig->pending & ~sig->blocked;

	if (ready & SIGS_SYNCHRONOUS)
		ready &= SIGS_SYNCHRONOUS;
	return ready ? __builtin_ctzll(ready) + 1 : 0;
}

/* sig_lock held. */
static void info_take(struct thread_signal *sig, int signo, struct k_siginfo *info)
{
	if (sig->fault_info.signo == signo) {
		*info = sig->fault_info;
		sig->fault_info.signo = 0;
		return;
	}
	memset(info, 0, sizeof(*info));
	info->signo = signo;
	info->code = SI_TKILL;
	info->pid = current->process->pid;
}

/* Takes the next signal out, with the action that is set for it. Its number, or 0. */
static int signal_dequeue(struct k_siginfo *info, struct k_sigaction *action)
{
	struct process *process = current->process;
	struct thread_signal *sig = &current->sig;
	unsigned long flags = spin_lock_irqsave(&process->sig_lock);
	int signo = signal_next(sig);

	if (signo) {
		sig->pending &= ~SIG_MASK(signo);
		info_take(sig, signo, info);
		*action = process->actions[signo];
		if (action->handler > SIG_IGN && action->flags & SA_RESETHAND)
			process->actions[signo].handler = SIG_DFL;
	}
	work_update(current);
	spin_unlock_irqrestore(&process->sig_lock, flags);
	return signo;
}

void signal_set_blocked(u64 mask)
{
	struct process *process = current->process;
	unsigned long flags = spin_lock_irqsave(&process->sig_lock);

	current->sig.blocked = mask & ~SIGS_UNBLOCKABLE;
	work_update(current);
	spin_unlock_irqrestore(&process->sig_lock, flags);
}

/* An interrupted system call before its handler runs: again afterwards, or EINTR. */
static void syscall_interrupted(struct trap_frame *regs, const struct k_sigaction *action)
{
	if (!arch_in_syscall(regs))
		return;
	if (arch_syscall_return_value(regs) == -ERESTARTNOINTR || action->flags & SA_RESTART)
		arch_syscall_restart(regs);
	else
		arch_syscall_set_return(regs, -EINTR);
}

static void handler_start(struct trap_frame *regs, const struct k_siginfo *info,
			  const struct k_sigaction *action)
{
	u64 oldmask = current->sig.blocked;
	u64 mask = oldmask | action->mask;

	stat_inc(SIGNALS);
	syscall_interrupted(regs, action);
	if (arch_signal_setup(regs, info->signo, action, info, oldmask)) {
		struct k_siginfo failed = { .signo = SIGSEGV, .code = SI_KERNEL };

		/* A handler for SIGSEGV may have a stack that works; if it was that one, no. */
		if (info->signo == SIGSEGV)
			signal_kill(&failed);
		else
			signal_force(SIGSEGV, SI_KERNEL, 0);
		return;
	}
	if (!(action->flags & SA_NODEFER))
		mask |= SIG_MASK(info->signo);
	signal_set_blocked(mask);
}

void signal_deliver(struct trap_frame *regs)
{
	struct k_siginfo info;
	struct k_sigaction action;

	while (!(READ_ONCE(current->work) & TW_EXIT) && signal_dequeue(&info, &action)) {
		if (action.handler > SIG_IGN)
			handler_start(regs, &info, &action);
		else if (!action_ignores(info.signo, &action))
			signal_kill(&info);
	}
	if (arch_in_syscall(regs))
		arch_syscall_restart(regs);
}

/* Signals that are ignored from now on are not pending any more, in any thread. sig_lock held. */
static void signal_discard(struct process *process, int signo)
{
	struct thread *thread;

	list_for_each_entry(thread, &process->threads, process_node)
		thread->sig.pending &= ~SIG_MASK(signo);
}

int signal_set_action(int signo, const struct k_sigaction *action, struct k_sigaction *old)
{
	struct process *process = current->process;
	unsigned long flags;

	if (signo < 1 || signo > NSIG || (action && SIG_MASK(signo) & SIGS_UNBLOCKABLE))
		return -EINVAL;
	spin_lock(&process->lock); /* for the list of threads */
	flags = spin_lock_irqsave(&process->sig_lock);
	*old = process->actions[signo];
	if (action) {
		process->actions[signo] = *action;
		process->actions[signo].mask &= ~SIGS_UNBLOCKABLE;
		process->actions[signo].flags &= SA_KNOWN;
		if (action_ignores(signo, action))
			signal_discard(process, signo);
	}
	spin_unlock_irqrestore(&process->sig_lock, flags);
	spin_unlock(&process->lock);
	return 0;
}

bool signal_on_altstack(unsigned long sp)
{
	const struct k_sigstack *stack = &current->sig.altstack;

	return sp > stack->sp && sp - stack->sp <= stack->size;
}
