/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `syscalls`: what every implemented system call answers to bad arguments: Linux's error numbers.
 *
 * The calls that change the address space are in mmapcalls.c.
 *
 * One table, a line a call: number, arguments, expected result: an error number, or 0 for any
 * success. BAD is an address of user space where nothing is mapped, KERNEL one that user mode may
 * not even name. Standard output must not be /dev/null, which accepts bad addresses.
 */
#include "tests/user/util.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#define BAD 0x10000L
#define KERNEL 0xffff800000000000L
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)
#define NO_FD 1000L
#define NO_TID 0x3ffffff0L

static uint64_t buffer[64];
static const uint64_t zeroes[16];
static uint32_t word;
static const struct timespec bad_time = {.tv_nsec = 1000000000};
static const struct timespec negative_time = {.tv_sec = -1};
static const struct timespec no_time = {0};
static const stack_t small_stack = {.ss_sp = buffer, .ss_size = 16};
static const stack_t bad_stack = {.ss_sp = buffer, .ss_size = 65536, .ss_flags = 0x40};

struct expectation {
	const char *what;
	long nr, args[6];
	int error;
};

#define P(object) ((long)(uintptr_t)(object))

static const struct expectation table[] = {
	{"no such call", 500, {0}, ENOSYS},

	{"read of no file", SYS_read, {NO_FD, P(buffer), 8}, EBADF},
	{"write to no file", SYS_write, {NO_FD, P(buffer), 8}, EBADF},
	{"write from nowhere", SYS_write, {1, BAD, 8}, EFAULT},
	{"readv of no file", SYS_readv, {NO_FD, P(buffer), 1}, EBADF},
	{"writev to no file", SYS_writev, {NO_FD, P(buffer), 1}, EBADF},
	{"writev, vector nowhere", SYS_writev, {1, BAD, 1}, EFAULT},
	{"writev, count -1", SYS_writev, {1, P(buffer), -1}, EINVAL},
	{"writev, count 1025", SYS_writev, {1, P(buffer), 1025}, EINVAL},
	{"writev, count 0", SYS_writev, {1, P(buffer), 0}, 0},
	{"open of nothing", SYS_open, {P("/no/such/file"), O_RDONLY}, ENOENT},
	{"open, name nowhere", SYS_open, {BAD, O_RDONLY}, EFAULT},
	{"close of no file", SYS_close, {NO_FD}, EBADF},
	{"close of -1", SYS_close, {-1}, EBADF},
	{"ioctl on no file", SYS_ioctl, {NO_FD, TIOCGWINSZ, P(buffer)}, EBADF},

	{"sigaction, signal 0", SYS_rt_sigaction, {0, 0, P(buffer), 8}, EINVAL},
	{"sigaction, signal 65", SYS_rt_sigaction, {65, 0, P(buffer), 8}, EINVAL},
	{"sigaction of SIGKILL", SYS_rt_sigaction, {SIGKILL, P(buffer), 0, 8}, EINVAL},
	{"sigaction, mask of 4", SYS_rt_sigaction, {SIGUSR1, 0, P(buffer), 4}, EINVAL},
	{"sigaction from nowhere", SYS_rt_sigaction, {SIGUSR1, BAD, 0, 8}, EFAULT},
	{"sigaction to nowhere", SYS_rt_sigaction, {SIGUSR1, 0, BAD, 8}, EFAULT},
	{"sigprocmask, how 9", SYS_rt_sigprocmask, {9, P(zeroes), 0, 8}, EINVAL},
	{"sigprocmask, how 9, no set", SYS_rt_sigprocmask, {9, 0, P(buffer), 8}, 0},
	{"sigprocmask, mask of 4", SYS_rt_sigprocmask, {0, P(buffer), 0, 4}, EINVAL},
	{"sigprocmask from nowhere", SYS_rt_sigprocmask, {0, BAD, 0, 8}, EFAULT},
	{"sigprocmask to nowhere", SYS_rt_sigprocmask, {0, 0, BAD, 8}, EFAULT},
	{"sigaltstack, 16 bytes", SYS_sigaltstack, {P(&small_stack), 0}, ENOMEM},
	{"sigaltstack, flag 0x40", SYS_sigaltstack, {P(&bad_stack), 0}, EINVAL},
	{"sigaltstack from nowhere", SYS_sigaltstack, {BAD, 0}, EFAULT},
	{"sigaltstack to nowhere", SYS_sigaltstack, {0, BAD}, EFAULT},
	{"tkill of -1", SYS_tkill, {-1, 0}, EINVAL},
	{"tkill of nobody", SYS_tkill, {NO_TID, 0}, ESRCH},
	{"tgkill of group 0", SYS_tgkill, {0, 1, 0}, EINVAL},
	{"tgkill in no group", SYS_tgkill, {NO_TID, NO_TID, 0}, ESRCH},

	{"nanosleep of 1e9 ns", SYS_nanosleep, {P(&bad_time), 0}, EINVAL},
	{"nanosleep of -1 s", SYS_nanosleep, {P(&negative_time), 0}, EINVAL},
	{"nanosleep of nothing", SYS_nanosleep, {P(&no_time), 0}, 0},
	{"nanosleep from nowhere", SYS_nanosleep, {BAD, 0}, EFAULT},
	{"clock_nanosleep, clock 99", SYS_clock_nanosleep, {99, 0, P(&no_time), 0}, EINVAL},
	{"clock_nanosleep of 1e9 ns", SYS_clock_nanosleep, {1, 0, P(&bad_time), 0}, EINVAL},
	{"clock_nanosleep, nowhere", SYS_clock_nanosleep, {1, 0, BAD, 0}, EFAULT},
	{"clock_gettime, clock 99", SYS_clock_gettime, {99, P(buffer)}, EINVAL},
	{"clock_gettime to nowhere", SYS_clock_gettime, {CLOCK_MONOTONIC, BAD}, EFAULT},
	{"gettimeofday to nowhere", SYS_gettimeofday, {BAD, 0}, EFAULT},

	{"clone: thread, no handlers", SYS_clone, {CLONE_THREAD | CLONE_VM}, EINVAL},
	{"clone: handlers, no memory", SYS_clone, {CLONE_SIGHAND}, EINVAL},
	{"futex, operation 127", SYS_futex, {P(&word), 0x7f}, ENOSYS},
	{"futex at odd address", SYS_futex, {P(&word) + 1, FUTEX_WAIT_PRIVATE, 0, 0}, EINVAL},
	{"futex, other value", SYS_futex, {P(&word), FUTEX_WAIT_PRIVATE, 1, 0}, EAGAIN},
	{"futex nowhere", SYS_futex, {BAD, FUTEX_WAIT_PRIVATE, 0, 0}, EFAULT},
	{"futex in the kernel", SYS_futex, {KERNEL, FUTEX_WAKE_PRIVATE, 1}, EFAULT},
	{"futex wakes nobody", SYS_futex, {P(&word), FUTEX_WAKE_PRIVATE, 1}, 0},
	{"futex for 1e9 ns", SYS_futex, {P(&word), FUTEX_WAIT_PRIVATE, 0, P(&bad_time)}, EINVAL},
	{"futex for 0 ns", SYS_futex, {P(&word), FUTEX_WAIT_PRIVATE, 0, P(&no_time)}, ETIMEDOUT},
	{"robust list of 3", SYS_set_robust_list, {P(buffer), 3}, EINVAL},
	{"set no affinity", SYS_sched_setaffinity, {0, 8, P(zeroes)}, EINVAL},
	{"set affinity from nowhere", SYS_sched_setaffinity, {0, 8, BAD}, EFAULT},
	{"affinity of nobody", SYS_sched_getaffinity, {NO_TID, 128, P(buffer)}, ESRCH},
	{"affinity of 4 bytes", SYS_sched_getaffinity, {0, 4, P(buffer)}, EINVAL},
	{"affinity to nowhere", SYS_sched_getaffinity, {0, 128, BAD}, EFAULT},
	{"getcpu to nowhere", SYS_getcpu, {BAD, 0, 0}, EFAULT},

	{"uname to nowhere", SYS_uname, {BAD}, EFAULT},
	{"getrusage of 9", SYS_getrusage, {9, P(buffer)}, EINVAL},
	{"getrusage to nowhere", SYS_getrusage, {RUSAGE_SELF, BAD}, EFAULT},
	{"prlimit of 99", SYS_prlimit64, {0, 99, 0, P(buffer)}, EINVAL},
	{"prlimit to nowhere", SYS_prlimit64, {0, RLIMIT_STACK, 0, BAD}, EFAULT},
	{"prctl of nothing", SYS_prctl, {0x7fff0000}, EINVAL},
	{"getrandom to nowhere", SYS_getrandom, {BAD, 8, 0}, EFAULT},
	{"getrandom, flag 0x100", SYS_getrandom, {P(buffer), 8, 0x100}, EINVAL},
#ifdef SYS_arch_prctl
	{"arch_prctl of nothing", SYS_arch_prctl, {0x7fff, 0}, EINVAL},
	{"arch_prctl, kernel FS", SYS_arch_prctl, {0x1002, KERNEL}, EPERM},
	{"arch_prctl to nowhere", SYS_arch_prctl, {0x1003, BAD}, EFAULT},
#endif
};

static void check_expectation(const struct expectation *e)
{
	long result = syscall(e->nr, e->args[0], e->args[1], e->args[2], e->args[3], e->args[4],
			      e->args[5]);
	int error = result < 0 ? errno : 0;

	check(error == e->error, "%s: '%s' instead of '%s'", e->what, strerror(error),
	      strerror(e->error));
}

static int syscalls_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		check_expectation(&table[i]);
	if (!isatty(STDOUT_FILENO))
		check(errno == ENOTTY, "ioctl(TIOCGWINSZ): %s", strerror(errno));
	check(syscall(SYS_gettid) == getpid(), "the first thread's id is not the process's");
	check(getppid() != getpid(), "the process is its own parent");
	return 0;
}

USER_PROGRAM("syscalls", syscalls_main, "every system call's errors for bad arguments");
