/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The entry of every page fault: chooses the path, counts, and does what the field expects when a
 * path gives up or the access is not permitted.
 *
 * Owns the per-CPU counters of an mm, which each CPU writes for itself. No locks here.
 * Source: RFC v5, patches 08 and 10; invariant INV-9.
 */
#include "mm/fault.h"
#include "kernel/errno.h"
#include "kernel/process.h"
#include "kernel/string.h"
#include "lab/lockdep.h"
#include "lab/perturb.h"
#include "lab/shadow.h"
#include "lab/trace.h"
#include "mm/vm_fault.h"

static const char *const spf_reason_names[NR_SPF_REASONS] = {
	[SPF_OK] = "ok",
#define X(name, text) [SPF_##name] = text,
	SPF_REASON_LIST(X)
#undef X
};

static const char *const fault_path_names[NR_FAULT_PATHS] = {
	[FAULT_PATH_CLASSIC] = "classic",
	[FAULT_PATH_SPF] = "spf",
};

const char *spf_reason_name(enum spf_reason reason)
{
	return spf_reason_names[reason];
}

const char *fault_path_name(enum fault_path path)
{
	return fault_path_names[path];
}

int fault_path_by_name(const char *name, enum fault_path *path)
{
	for (unsigned int i = 0; i < NR_FAULT_PATHS; i++)
		if (!strcmp(name, fault_path_names[i])) {
			*path = (enum fault_path)i;
			return 0;
		}
	return -EINVAL;
}

void fault_stats_sum(struct mm *mm, struct fault_stats *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
		const u64 *from = (const u64 *)&mm->stats[cpu];
		u64 *to = (u64 *)sum;

		for (unsigned int i = 0; i < sizeof(*sum) / sizeof(u64); i++)
			to[i] += READ_ONCE(from[i]);
	}
}

/* An address space that cannot grow any more ends, as by the OOM killer: nothing else is hurt. */
static void fault_out_of_memory(struct fault fault)
{
	printk("%s[%d]: killed, out of memory at fault address %lx", current->name, current->tid,
	       fault.addr);
	process_begin_exit(0, SIGKILL);
}

void fault_failed(struct mm *mm, struct fault fault, enum fault_result result)
{
	if (result == FAULT_OOM) {
		shadow_fault_given_up();
		fault_out_of_memory(fault);
		return;
	}
	fault_stats_here(mm)->signals++;
	shadow_fault_refused(mm, fault.addr, fault.flags, result == FAULT_SEGV_ACCERR);
	signal_force(SIGSEGV, result == FAULT_SEGV_MAPERR ? SEGV_MAPERR : SEGV_ACCERR, fault.addr);
}

void handle_user_fault(struct mm *mm, struct fault fault)
{
	stat_inc(USER_FAULTS);
	this_cpu()->fault_stats->faults++;
	trace(FAULT, FAULT_BEGIN, fault.flags, fault.addr, 0);
	perturb(PERTURB_FAULT);
	shadow_fault_begin(mm);
	if (READ_ONCE(mm->fault_path) == FAULT_PATH_SPF)
		spf_user_fault(mm, fault);
	else
		classic_user_fault(mm, fault);
	trace(FAULT, FAULT_END, 0, 0, 0);
	shadow_fault_done(current->mm, fault.addr, fault.flags);
	lockdep_leave("a page fault");
}

int handle_uaccess_fault(struct mm *mm, struct fault fault)
{
	enum fault_result result;

	if (!mm)
		return -EFAULT;
	stat_inc(UACCESS_FAULTS);
	fault_stats_here(mm)->uaccess++;
	trace(FAULT, FAULT_BEGIN, fault.flags, fault.addr, 0);
	result = classic_handle_fault(mm, fault);
	if (result == FAULT_OOM)
		fault_out_of_memory(fault);
	trace(FAULT, FAULT_CLASSIC, result, 0, 0);
	trace(FAULT, FAULT_END, 0, 0, 0);
	return result == FAULT_DONE ? 0 : -EFAULT;
}
