/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System-call numbers of ppc64le, those that are implemented.
 */
#pragma once

#include "kernel/types.h"

#define ARCH_UNAME_MACHINE "ppc64le"

#define __NR_exit 1
#define __NR_read 3
#define __NR_write 4
#define __NR_open 5
#define __NR_close 6
#define __NR_getpid 20
#define __NR_brk 45
#define __NR_ioctl 54
#define __NR_getppid 64
#define __NR_getrusage 77
#define __NR_gettimeofday 78
#define __NR_mmap 90
#define __NR_munmap 91
#define __NR_clone 120
#define __NR_uname 122
#define __NR_mprotect 125
#define __NR_readv 145
#define __NR_writev 146
#define __NR_sched_yield 158
#define __NR_nanosleep 162
#define __NR_prctl 171
#define __NR_rt_sigreturn 172
#define __NR_rt_sigaction 173
#define __NR_rt_sigprocmask 174
#define __NR_sigaltstack 185
#define __NR_madvise 205
#define __NR_gettid 207
#define __NR_tkill 208
#define __NR_futex 221
#define __NR_sched_setaffinity 222
#define __NR_sched_getaffinity 223
#define __NR_set_tid_address 232
#define __NR_exit_group 234
#define __NR_clock_gettime 246
#define __NR_clock_nanosleep 248
#define __NR_tgkill 250
#define __NR_get_robust_list 299
#define __NR_set_robust_list 300
#define __NR_getcpu 302
#define __NR_prlimit64 325
#define __NR_getrandom 359
#define NR_SYSCALL_MAX 512

/* Which arguments of clone are the TLS pointer and the child's tid address. */
#define ARCH_CLONE_TLS_ARG 3
#define ARCH_CLONE_CTID_ARG 4

/* Calls that only this architecture has: none. */
#define ARCH_SYSCALLS(X)
