/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System calls on time: clocks, sleeps, times used.
 *
 * Owns nothing. Clocks are time_ns with an offset; a sleep is on no queue, it ends by the thread's
 * timer or by a signal.
 *
 * Source: clock_gettime(2), gettimeofday(2), nanosleep(2), clock_nanosleep(2), getrusage(2).
 */
#include "kernel/clock.h"
#include "kernel/errno.h"
#include "kernel/process.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "arch/uaccess.h"

#define TIMER_ABSTIME 1
#define NS_MAX (U64_MAX / 2)
#define RUSAGE_SELF 0
#define RUSAGE_CHILDREN (-1)
#define RUSAGE_THREAD 1

int timespec_from_user(unsigned long uaddr, u64 *ns)
{
	struct k_timespec ts;

	if (copy_from_user(&ts, (void *)uaddr, sizeof(ts)))
		return -EFAULT;
	if (ts.sec < 0 || ts.nsec < 0 || ts.nsec >= (s64)NSEC_PER_SEC)
		return -EINVAL;
	if ((u64)ts.sec >= NS_MAX / NSEC_PER_SEC)
		*ns = NS_MAX;
	else
		*ns = (u64)ts.sec * NSEC_PER_SEC + (u64)ts.nsec;
	return 0;
}

int timespec_to_user(unsigned long uaddr, u64 ns)
{
	struct k_timespec ts = { (s64)(ns / NSEC_PER_SEC), (s64)(ns % NSEC_PER_SEC) };

	return copy_to_user((void *)uaddr, &ts, sizeof(ts));
}

u64 clock_deadline(u64 ns, bool realtime)
{
	if (ns >= NS_MAX)
		return U64_MAX;
	if (!realtime)
		return ns;
	return ns > CLOCK_EPOCH_NS ? ns - CLOCK_EPOCH_NS : 0;
}

/* Time used is what the scheduler has counted, in ticks. */
static int clock_read(int clock, u64 *ns)
{
	struct process_usage usage;

	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		*ns = CLOCK_EPOCH_NS + time_ns();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		*ns = time_ns();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		process_usage_sum(current->process, &usage);
		*ns = usage.utime_ns;
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		*ns = current->utime_ns;
		return 0;
	default:
		return -EINVAL;
	}
}

/* args: clock, timespec */
long sys_clock_gettime(const unsigned long args[6])
{
	u64 ns;
	int err = clock_read((int)args[0], &ns);

	return err ? err : timespec_to_user(args[1], ns);
}

/* args: timeval, timezone (UTC); both may be NULL */
long sys_gettimeofday(const unsigned long args[6])
{
	u64 ns = CLOCK_EPOCH_NS + time_ns();
	s64 tv[2] = { (s64)(ns / NSEC_PER_SEC), (s64)(ns % NSEC_PER_SEC / NSEC_PER_USEC) };
	s32 tz[2] = { 0, 0 };

	if (args[0] && copy_to_user((void *)args[0], tv, sizeof(tv)))
		return -EFAULT;
	if (args[1] && copy_to_user((void *)args[1], tz, sizeof(tz)))
		return -EFAULT;
	return 0;
}

/* Sleeps until @deadline_ns; false if a signal ended it before. */
static bool sleep_until(u64 deadline_ns)
{
	bool done;

	current->user_sleep = true;
	current->sleep_reason = "nanosleep";
	for (;;) {
		thread_prepare_sleep(true);
		done = time_ns() >= deadline_ns;
		if (done || signal_pending(current))
			break;
		thread_sleep_until(deadline_ns);
	}
	thread_cancel_sleep();
	current->user_sleep = false;
	current->sleep_reason = NULL;
	return done;
}

/* Sleeps for @ns; what was left goes to @rem if a signal ends it. */
static long sleep_for(u64 ns, unsigned long rem)
{
	u64 deadline = ns >= NS_MAX ? U64_MAX : time_ns() + ns;
	u64 now;

	if (sleep_until(deadline))
		return 0;
	now = time_ns();
	if (rem && timespec_to_user(rem, deadline > now ? deadline - now : 0))
		return -EFAULT;
	return -EINTR;
}

/* args: duration, where the rest goes */
long sys_nanosleep(const unsigned long args[6])
{
	u64 ns;
	int err = timespec_from_user(args[0], &ns);

	return err ? err : sleep_for(ns, args[1]);
}

/* 0 if one can sleep by @clock. */
static int clock_check_sleep(int clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
		return -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
}

/* args: clock, flags, time, where the rest goes (not for absolute times) */
long sys_clock_nanosleep(const unsigned long args[6])
{
	int clock = (int)args[0];
	u64 ns;
	int err = clock_check_sleep(clock);

	if (!err)
		err = timespec_from_user(args[2], &ns);
	if (err)
		return err;
	if (!(args[1] & TIMER_ABSTIME))
		return sleep_for(ns, args[3]);
	return sleep_until(clock_deadline(ns, clock == CLOCK_REALTIME)) ? 0 : -EINTR;
}

/* struct rusage of 64-bit Linux; what is not counted is 0. */
struct k_rusage {
	s64 utime[2], stime[2]; /* seconds, microseconds */
	s64 maxrss, ixrss, idrss, isrss;
	s64 minflt, majflt, rest[8];
};

/* args: whose, struct rusage */
long sys_getrusage(const unsigned long args[6])
{
	struct process_usage usage = { 0, 0, 0 };
	struct k_rusage rusage;

	switch ((int)args[0]) {
	case RUSAGE_SELF:
		process_usage_sum(current->process, &usage);
		break;
	case RUSAGE_THREAD:
		usage = (struct process_usage){ current->utime_ns, current->minflt,
						current->majflt };
		break;
	case RUSAGE_CHILDREN: /* there are none */
		break;
	default:
		return -EINVAL;
	}
	memset(&rusage, 0, sizeof(rusage));
	rusage.utime[0] = (s64)(usage.utime_ns / NSEC_PER_SEC);
	rusage.utime[1] = (s64)(usage.utime_ns % NSEC_PER_SEC / NSEC_PER_USEC);
	rusage.minflt = (s64)usage.minflt;
	rusage.majflt = (s64)usage.majflt;
	return copy_to_user((void *)args[1], &rusage, sizeof(rusage)) ? -EFAULT : 0;
}
