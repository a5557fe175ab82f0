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

struct thread_signal {
	u64 blocked;
	u64 pending;
	struct k_siginfo *info; /* NSIG + 1 of them, allocated with the thread */
	struct k_sigstack altstack;
};

struct thread;
struct process;
struct trap_frame;

/* Queues @info for @thread, waking it if it sleeps interruptibly. Any context but NMI. */
void signal_send(struct thread *thread, const struct k_siginfo *info);
/* For a fault of the current thread: cannot be blocked or ignored, kills instead. */
void signal_force(int signo, int code, u64 addr);
/* Whether an unblocked signal waits, or the process is going. */
bool signal_pending(struct thread *thread);
/* On the way to user mode: delivers what is pending. Interrupts on. */
void signal_deliver(struct trap_frame *regs);
