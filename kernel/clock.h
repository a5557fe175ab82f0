/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Time as user mode sees it: seconds and nanoseconds, and a date.
 *
 * There is no clock chip to ask: every boot begins on 2026-01-01, 0:00 UTC, so that runs can be
 * repeated.
 */
#pragma once

#include "kernel/time.h"

#define CLOCK_EPOCH_NS (1767225600ULL * NSEC_PER_SEC)

#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 1
#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID 3
#define CLOCK_MONOTONIC_RAW 4
#define CLOCK_REALTIME_COARSE 5
#define CLOCK_MONOTONIC_COARSE 6
#define CLOCK_BOOTTIME 7

/* struct timespec of 64-bit Linux. */
struct k_timespec {
	s64 sec, nsec;
};

/* Reads a timespec; *@ns saturates at U64_MAX / 2. 0, -EFAULT, -EINVAL if it is not a time. */
int timespec_from_user(unsigned long uaddr, u64 *ns);
int timespec_to_user(unsigned long uaddr, u64 ns);
/*
 * The deadline in time_ns's terms of @ns, absolute by CLOCK_REALTIME if @realtime. U64_MAX, no
 * limit, for times that the clock will not reach.
 */
u64 clock_deadline(u64 ns, bool realtime);
