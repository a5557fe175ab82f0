/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System-call numbers of x86_64, those that are implemented.
 */
#pragma once

#include "kernel/types.h"

#define ARCH_UNAME_MACHINE "x86_64"

#define __NR_read 0
#define __NR_write 1
#define __NR_open 2
#define __NR_close 3
#define __NR_mmap 9
#define __NR_mprotect 10
#define __NR_munmap 11
#define __NR_brk 12
#define __NR_rt_sigaction 13
#define __NR_rt_sigprocmask 14
#define __NR_rt_sigreturn 15
#define __NR_ioctl 16
#define __NR_readv 19
#define __NR_writev 20
#define __NR_sched_yield 24
#define __NR_madvise 28
#define __NR_nanosleep 35
#define __NR_getpid 39
#define __NR_clone 56
#define __NR_exit 60
#define __NR_uname 63
#define __NR_gettimeofday 96
#define __NR_getrusage 98
#define __NR_getppid 110
#define __NR_sigaltstack 131
#define __NR_prctl 157
#define __NR_arch_prctl 158
#define __NR_gettid 186
#define __NR_tkill 200
#define __NR_futex 202
#define __NR_sched_setaffinity 203
#define __NR_sched_getaffinity 204
#define __NR_set_tid_address 218
#define __NR_clock_gettime 228
#define __NR_clock_nanosleep 230
#define __NR_exit_group 231
#define __NR_tgkill 234
#define __NR_set_robust_list 273
#define __NR_get_robust_list 274
#define __NR_prlimit64 302
#define __NR_getcpu 309
#define __NR_getrandom 318
#define NR_SYSCALL_MAX 512

/* Which arguments of clone are the TLS pointer and the child's tid address. */
#define ARCH_CLONE_CTID_ARG 3
#define ARCH_CLONE_TLS_ARG 4

/* Calls that only this architecture has. */
#define ARCH_SYSCALLS(X) X(arch_prctl)
/* arch_prctl(code, addr): the FS base alone. 0, -EPERM: no user address, -EFAULT, -EINVAL. */
long sys_arch_prctl(const unsigned long args[6]);
