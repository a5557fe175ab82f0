/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of system calls, and what becomes of numbers that are not in it.
 *
 * Owns the record of unknown calls: how often, and by whom first. It has no lock: counts are
 * atomic, and who counts the first one writes the name, once.
 *
 * Source: Linux's system-call tables, by number, as arch/syscall.h lists them.
 */
#include "kernel/syscall.h"
#include "kernel/atomic.h"
#include "kernel/cpu.h"
#include "kernel/errno.h"
#include "kernel/printk.h"
#include "kernel/process.h"
#include "kernel/string.h"
#include "lab/lockdep.h"
#include "lab/trace.h"

typedef long (*syscall_fn)(const unsigned long args[6]);

static const syscall_fn syscall_table[NR_SYSCALL_MAX] = {
#define X(name) [__NR_##name] = sys_##name,
	SYSCALL_LIST(X)
	ARCH_SYSCALLS(X)
#undef X
};

struct unknown_call {
	atomic_t count;
	int first_pid;
	char first_name[THREAD_NAME_LEN];
};

/* The last one stands for all numbers beyond the table. */
static struct unknown_call unknown_calls[NR_SYSCALL_MAX + 1];

static __noinline long syscall_unknown(unsigned long nr)
{
	struct unknown_call *call = &unknown_calls[min(nr, (unsigned long)NR_SYSCALL_MAX)];
	const struct process *process = current->process;

	stat_inc(SYSCALLS_UNKNOWN);
	if (atomic_inc_return(&call->count) == 1) {
		call->first_pid = process->pid;
		strlcpy(call->first_name, process->name, sizeof(call->first_name));
	}
	return -ENOSYS;
}

static __noinline long syscall_traced(unsigned long nr, const unsigned long args[6])
{
	long result;

	trace(SYSCALL, SYSCALL_BEGIN, nr, args[0], args[1]);
	result = syscall_table[nr](args);
	trace(SYSCALL, SYSCALL_END, nr, result, 0);
	return result;
}

long syscall_dispatch(struct trap_frame *regs, unsigned long nr, const unsigned long args[6])
{
	long ret;

	(void)regs; /* calls that need it find it as arch_thread_regs(current) */
	stat_inc(SYSCALLS);
	if (unlikely(nr >= NR_SYSCALL_MAX || !syscall_table[nr]))
		return syscall_unknown(nr);
	ret = trace_wanted(SYSCALL) ? syscall_traced(nr, args) : syscall_table[nr](args);
	lockdep_leave("a system call");
	return ret;
}

void syscall_print_unknown(void)
{
	for (unsigned int nr = 0; nr <= NR_SYSCALL_MAX; nr++) {
		const struct unknown_call *call = &unknown_calls[nr];

		if (atomic_read(&call->count))
			printk("unknown system call %u%s: %d times, first by %s[%d]\n", nr,
			       nr == NR_SYSCALL_MAX ? " or higher" : "",
			       atomic_read(&call->count), call->first_name, call->first_pid);
	}
}
