/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Signals, with Linux's numbers and layouts.
 *
 * Pending signals, masks and actions of a process and its threads are guarded by
 * process->sig_lock. A signal is delivered when its thread goes back to user mode: the arch builds
 * the frame (arch/signal.h).
 */
#pragma once

#include "kernel/types.h"

#define NSIG 64
#define SIGHUP 1
#define SIGINT 2
#define SIGQUIT 3
#define SIGILL 4
#define SIGTRAP 5
#define SIGABRT 6
#define SIGBUS 7
#define SIGFPE 8
#define SIGKILL 9
#define SIGUSR1 10
#define SIGSEGV 11
#define SIGUSR2 12
#define SIGPIPE 13
#define SIGALRM 14
#define SIGTERM 15
#define SIGCHLD 17
#define SIGCONT 18
#define SIGSTOP 19
#define SIGTSTP 20
#define SIGTTIN 21
#define SIGTTOU 22
#define SIGURG 23
#define SIGWINCH 28

#define SEGV_MAPERR 1
#define SEGV_ACCERR 2
#define BUS_ADRERR 2
#define SI_USER 0
#define SI_KERNEL 0x80
#define SI_TKILL (-6)
#define FPE_INTDIV 1
#define ILL_ILLOPN 2
#define TRAP_BRKPT 1

#define SA_SIGINFO 0x00000004UL
#define SA_ONSTACK 0x08000000UL
#define SA_RESTART 0x10000000UL
#define SA_NODEFER 0x40000000UL
#define SA_RESETHAND 0x80000000UL
#define SA_RESTORER 0x04000000UL

#define SS_ONSTACK 1
#define SS_DISABLE 2
#define MINSIGSTKSZ 2048

#define SIG_BLOCK 0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

/* struct sigaction as rt_sigaction passes it. */
struct k_sigaction {
	u64 handler; /* 0 default, 1 ignore */
	u64 flags;
	u64 restorer;
	u64 mask;
};

/* The part of Linux's 128-byte siginfo_t that we fill; the rest is zero. */
struct k_siginfo {
	s32 signo, err, code, pad;
	union {
		u64 addr; /* SIGSEGV, SIGBUS, SIGFPE, SIGILL */
		struct {
			s32 pid;
			u32 uid;
		};
	};
	u64 rest[13];
};

/* stack_t */
struct k_sigstack {
	u64 sp;
	s32 flags, pad;
	u64 size;
};

/*
 * A thread's signals. A pending signal is one bit: a second one of the same number is lost, also
 * for numbers from 32 on, which Linux would queue. What goes with a signal follows from where it
 * came from: another thread (SI_TKILL), or the fault that fault_info describes.
 */
struct thread_signal {
	u64 blocked; /* bit n - 1 is signal n; changed by the thread itself */
	u64 pending;
	struct k_siginfo fault_info; /* of pending signal fault_info.signo, if that is not 0 */
	struct k_sigstack altstack;
};

struct thread;
struct process;
struct trap_frame;

/*
 * Sends @signo (1..NSIG) to @thread as tkill does, and wakes it if it sleeps interruptibly. The
 * thread's process->lock is held.
 */
void signal_send(struct thread *thread, int signo);
/*
 * For a fault of the current thread, @code and @addr as siginfo has them: cannot be blocked or
 * ignored, ends the process instead.
 */
void signal_force(int signo, int code, u64 addr);
/* Whether an unblocked signal waits, or the process is going. Exact for the current thread. */
bool signal_pending(struct thread *thread);
/* On the way to user mode: delivers what is pending. Interrupts on; may sleep. */
void signal_deliver(struct trap_frame *regs);
/* Sets TW_* bits of @thread and sees to it that it notices soon, wherever it is. */
void signal_kick(struct thread *thread, u32 work);

/* --- for the system calls; of the current thread and its process --- */
void signal_set_blocked(u64 mask);
/*
 * Copies signal @signo's action to *@old and then, if @action is not NULL, sets it. -EINVAL if it
 * cannot be set.
 */
int signal_set_action(int signo, const struct k_sigaction *action, struct k_sigaction *old);
/* Whether @sp lies on the alternate stack. */
bool signal_on_altstack(unsigned long sp);
