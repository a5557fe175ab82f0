/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The futex system call: its operations and their arguments; the work is in kernel/futex.c.
 *
 * Owns nothing. Source: futex(2).
 */
#include "kernel/clock.h"
#include "kernel/errno.h"
#include "kernel/futex.h"
#include "kernel/syscall.h"
#include "kernel/thread.h"
#include "arch/uaccess.h"

#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_REQUEUE 3
#define FUTEX_CMP_REQUEUE 4
#define FUTEX_WAIT_BITSET 9
#define FUTEX_WAKE_BITSET 10
#define FUTEX_PRIVATE_FLAG 128
#define FUTEX_CLOCK_REALTIME 256

/*
 * @timeout is relative, or absolute for FUTEX_WAIT_BITSET. A wait with a limit that a signal
 * interrupts is not begun again: its limit would be too.
 */
static long futex_call_wait(unsigned long uaddr, u32 val, u32 bitset, unsigned long timeout,
			    bool absolute, bool realtime)
{
	u64 deadline = U64_MAX, ns;
	long ret;

	if (timeout) {
		ret = timespec_from_user(timeout, &ns);
		if (ret)
			return ret;
		deadline = clock_deadline(absolute ? ns : time_ns() + ns, realtime);
	}
	ret = futex_wait(uaddr, val, bitset, deadline);
	return ret == -ERESTARTSYS && timeout ? -EINTR : ret;
}

/*
 * The comparison is made before the queues are locked, since it may fault. Who changes the word
 * between the two may find waiters moved that Linux would have left; they are woken from where
 * they are then.
 */
static long futex_call_cmp_requeue(const unsigned long args[6])
{
	u32 word;

	if (args[0] & (sizeof(u32) - 1))
		return -EINVAL;
	if (user_read32((void *)args[0], &word))
		return -EFAULT;
	if (word != (u32)args[5])
		return -EAGAIN;
	return futex_requeue(args[0], args[4], (int)args[2], (int)args[3]);
}

/* args: address, operation, value, timeout or second value, second address, third value */
long sys_futex(const unsigned long args[6])
{
	int op = (int)args[1] & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
	bool realtime = args[1] & FUTEX_CLOCK_REALTIME;
	u32 val = (u32)args[2];

	if (realtime && op != FUTEX_WAIT_BITSET)
		return -ENOSYS;
	switch (op) {
	case FUTEX_WAIT:
		return futex_call_wait(args[0], val, FUTEX_BITSET_ANY, args[3], false, false);
	case FUTEX_WAIT_BITSET:
		return futex_call_wait(args[0], val, (u32)args[5], args[3], true, realtime);
	case FUTEX_WAKE:
		return futex_wake(args[0], (int)val, FUTEX_BITSET_ANY);
	case FUTEX_WAKE_BITSET:
		return futex_wake(args[0], (int)val, (u32)args[5]);
	case FUTEX_REQUEUE:
		return futex_requeue(args[0], args[4], (int)val, (int)args[3]);
	case FUTEX_CMP_REQUEUE:
		return futex_call_cmp_requeue(args);
	default:
		return -ENOSYS;
	}
}
