/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System calls that tell about the system, and prctl with our own extension (kernel/uapi.h).
 *
 * Owns nothing. Limits are constants. Random numbers come from the boot word seed= and the
 * program's name, so that a run can be repeated.
 *
 * Source: uname(2), getrlimit(2), getrandom(2), prctl(2).
 */
#include "kernel/errno.h"
#include "kernel/process.h"
#include "kernel/random.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "kernel/uapi.h"
#include "lab/sync.h"
#include "lab/trace.h"
#include "lab/watchdog.h"
#include "mm/mm.h"
#include "mm/ptl.h"
#include "arch/uaccess.h"

struct utsname {
	char sysname[65], nodename[65], release[65], version[65], machine[65], domain[65];
};

/* C libraries look at name and release to learn which calls to expect. */
long sys_uname(const unsigned long args[6])
{
	static const struct utsname name = {
		.sysname = "Linux",
		.nodename = "faultline",
		.release = "6.1.0-faultline",
		.version = "#1 Faultline",
		.machine = ARCH_UNAME_MACHINE,
		.domain = "(none)",
	};

	return copy_to_user((void *)args[0], &name, sizeof(name)) ? -EFAULT : 0;
}

#define RLIMIT_STACK 3
#define RLIMIT_CORE 4
#define RLIMIT_NOFILE 7
#define RLIM_NLIMITS 16
#define RLIM_INFINITY U64_MAX

struct rlimit {
	u64 cur, max;
};

static struct rlimit rlimit_get(unsigned int resource)
{
	switch (resource) {
	case RLIMIT_STACK:
		return (struct rlimit){ 8UL << 20, RLIM_INFINITY };
	case RLIMIT_CORE:
		return (struct rlimit){ 0, RLIM_INFINITY };
	case RLIMIT_NOFILE:
		return (struct rlimit){ 1024, 4096 };
	default:
		return (struct rlimit){ RLIM_INFINITY, RLIM_INFINITY };
	}
}

/* args: pid, resource, new limit, old limit. A limit can be set to what it is. */
long sys_prlimit64(const unsigned long args[6])
{
	struct rlimit limit, new;
	int pid = (int)args[0];

	if ((u32)args[1] >= RLIM_NLIMITS)
		return -EINVAL;
	limit = rlimit_get((u32)args[1]);
	if (args[2] && copy_from_user(&new, (void *)args[2], sizeof(new)))
		return -EFAULT;
	if (pid && pid != current->process->pid)
		return -ESRCH;
	if (args[2] && new.cur > new.max)
		return -EINVAL;
	if (args[2] && memcmp(&new, &limit, sizeof(new)))
		return -EPERM;
	return args[3] && copy_to_user((void *)args[3], &limit, sizeof(limit)) ? -EFAULT : 0;
}

#define GRND_NONBLOCK 1
#define GRND_RANDOM 2
#define GRND_INSECURE 4
#define GETRANDOM_MAX 4096 /* in one call; more is given in part, which getrandom(2) allows */

/* args: buffer, length, flags */
long sys_getrandom(const unsigned long args[6])
{
	size_t len = min(args[1], (unsigned long)GETRANDOM_MAX);
	u32 flags = (u32)args[2];

	if (flags & ~(u32)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE) ||
	    (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	for (size_t done = 0; done < len; done += sizeof(u64)) {
		u64 bytes = random_next(&current->process->random);

		if (copy_to_user((char *)args[0] + done, &bytes, min(len - done, sizeof(bytes))))
			return done ? (long)done : -EFAULT;
	}
	return (long)len;
}

#define PR_SET_NAME 15
#define PR_GET_NAME 16

/* A name that is too long is cut. */
static long prctl_set_name(unsigned long uaddr)
{
	char name[THREAD_NAME_LEN] = "";
	long len = strncpy_from_user(name, (void *)uaddr, sizeof(name));

	if (len == -EFAULT)
		return -EFAULT;
	name[sizeof(name) - 1] = 0;
	strlcpy(current->name, name, sizeof(current->name));
	return 0;
}

static long fl_set_ptl(unsigned long uaddr)
{
	const struct ptl_policy *policy;
	char name[32];
	long len = strncpy_from_user(name, (void *)uaddr, sizeof(name));

	if (len == -EFAULT)
		return -EFAULT;
	policy = len < 0 ? NULL : ptl_policy_find(name);
	if (!policy)
		return -EINVAL;
	WRITE_ONCE(current->mm->ptl_policy, policy);
	return 0;
}

static long fl_set_path(unsigned long path)
{
	if (path >= NR_FAULT_PATHS)
		return -EINVAL;
	WRITE_ONCE(current->mm->fault_path, (enum fault_path)path);
	return 0;
}

static long fl_sync_wait(unsigned long uaddr, u64 count)
{
	char name[48];
	long len = strncpy_from_user(name, (void *)uaddr, sizeof(name));

	if (len < 0)
		return len == -EFAULT ? -EFAULT : -EINVAL;
	return sync_wait(name, count);
}

static long fl_counts(unsigned long uaddr)
{
	struct fault_stats stats;
	struct fl_counts counts;

	_Static_assert(NR_SPF_REASONS - 1 <= ARRAY_SIZE(counts.aborts), "fl_counts.aborts");
	fault_stats_sum(current->mm, &stats);
	memset(&counts, 0, sizeof(counts));
	counts.faults = stats.faults;
	counts.spf_ok = stats.spf[SPF_OK];
	counts.spf_attempts = stats.spf_attempts;
	counts.classic = stats.classic;
	counts.signals = stats.signals;
	for (int i = SPF_OK + 1; i < NR_SPF_REASONS; i++)
		counts.aborts[i - 1] = stats.spf[i];
	return copy_to_user((void *)uaddr, &counts, sizeof(counts)) ? -EFAULT : 0;
}

static long prctl_faultline(const unsigned long args[6])
{
	switch (args[1]) {
	case FL_SET_PATH:
		return fl_set_path(args[2]);
	case FL_GET_PATH:
		return READ_ONCE(current->mm->fault_path);
	case FL_SET_PTL:
		return fl_set_ptl(args[2]);
	case FL_SYNC_GO:
		return sync_go();
	case FL_SYNC_PASS:
		SYNC_POINT(prctl_pass);
		return 0;
	case FL_SYNC_END:
		return sync_end();
	case FL_COUNTS:
		return fl_counts(args[2]);
	case FL_TRACE_DUMP:
		return trace_dump("the program asked for it");
	case FL_SYNC_WAIT:
		return fl_sync_wait(args[2], args[3]);
	case FL_HANG_REPORT:
		watchdog_hang_report();
		return 0;
	default:
		return -EINVAL;
	}
}

/* args: operation, and what it takes */
long sys_prctl(const unsigned long args[6])
{
	switch ((int)args[0]) {
	case PR_SET_NAME:
		return prctl_set_name(args[1]);
	case PR_GET_NAME:
		return copy_to_user((void *)args[1], current->name, THREAD_NAME_LEN) ? -EFAULT : 0;
	case PR_FAULTLINE:
		return prctl_faultline(args);
	default:
		return -EINVAL;
	}
}
