/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System calls: Linux's numbers (arch/syscall.h), arguments and errors. docs/syscalls.md has the
 * table and what differs from Linux.
 */
#pragma once

#include "kernel/types.h"
#include "arch/syscall.h"

struct trap_frame;

/* Calls of all architectures; each is sys_NAME. ARCH_SYSCALLS adds those of one. */
#define SYSCALL_LIST(X)                                                                            \
	X(read)                                                                                    \
	X(write)                                                                                   \
	X(open)                                                                                    \
	X(close)                                                                                   \
	X(mmap)                                                                                    \
	X(mprotect)                                                                                \
	X(munmap)                                                                                  \
	X(brk)                                                                                     \
	X(rt_sigaction)                                                                            \
	X(rt_sigprocmask)                                                                          \
	X(rt_sigreturn)                                                                            \
	X(ioctl)                                                                                   \
	X(readv)                                                                                   \
	X(writev)                                                                                  \
	X(sched_yield)                                                                             \
	X(madvise)                                                                                 \
	X(nanosleep)                                                                               \
	X(getpid)                                                                                  \
	X(clone)                                                                                   \
	X(exit)                                                                                    \
	X(uname)                                                                                   \
	X(gettimeofday)                                                                            \
	X(getrusage)                                                                               \
	X(getppid)                                                                                 \
	X(sigaltstack)                                                                             \
	X(prctl)                                                                                   \
	X(gettid)                                                                                  \
	X(tkill)                                                                                   \
	X(futex)                                                                                   \
	X(sched_setaffinity)                                                                       \
	X(sched_getaffinity)                                                                       \
	X(set_tid_address)                                                                         \
	X(clock_gettime)                                                                           \
	X(clock_nanosleep)                                                                         \
	X(exit_group)                                                                              \
	X(tgkill)                                                                                  \
	X(set_robust_list)                                                                         \
	X(get_robust_list)                                                                         \
	X(prlimit64)                                                                               \
	X(getcpu)                                                                                  \
	X(getrandom)

/*
 * The calls themselves: the arguments as user mode passed them, the value or -errno as result. For
 * the current user thread, interrupts on, no lock held; all may sleep.
 */
#define X(name) long sys_##name(const unsigned long args[6]);
SYSCALL_LIST(X)
ARCH_SYSCALLS(X)
#undef X

/*
 * From the arch's system-call entry: interrupts on, on the thread's kernel stack. Returns the
 * value or -errno; the arch puts it where user mode looks for it.
 */
long syscall_dispatch(struct trap_frame *regs, unsigned long nr, const unsigned long args[6]);
/* Unknown calls seen since boot, number by number: printed after a run. */
void syscall_print_unknown(void);
