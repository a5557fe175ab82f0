/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Floating-point, vector and VSX state of user threads, and the TAR with it.
 *
 * The kernel has no such instructions, so the registers always belong to user mode. They are saved
 * eagerly when a user thread stops running and loaded when one starts, but for the case that they
 * still hold its state: after kernel threads only (the idle thread, mostly) and without a turn on
 * another CPU. fpu_live says that a thread's state is in the registers; it is true of the current
 * user thread from its switch on and of no thread that does not run, so memory is up to date
 * whenever another CPU looks at it. All fields are the thread's own; the CPU's fpu_owner is
 * compared, never followed.
 */
#include "kernel/errno.h"
#include "kernel/string.h"
#include "kernel/thread.h"
#include "mm/slab.h"
#include "arch/fpu.h"
#include "arch/ppc64le/fpu_state.h"
#include "arch/ppc64le/traps.h"

#define NO_CPU (~0U)

_Static_assert(offsetof(struct fpu_state, vscr) == FPU_VSCR, "fpu_state.h");
_Static_assert(offsetof(struct fpu_state, fpscr) == FPU_FPSCR, "fpu_state.h");
_Static_assert(offsetof(struct fpu_state, vrsave) == FPU_VRSAVE, "fpu_state.h");
_Static_assert(offsetof(struct fpu_state, tar) == FPU_TAR, "fpu_state.h");

/* Whose state the registers of each CPU hold; written and read by that CPU. */
static const struct fpu_state *fpu_owner[NR_CPUS];

void arch_fpu_save(struct thread *thread)
{
	if (!thread->arch.fpu || !thread->arch.fpu_live)
		return;
	fpu_regs_save(thread->arch.fpu);
	thread->arch.fpu_live = false;
}

void arch_fpu_restore(struct thread *thread)
{
	unsigned int cpu = cpu_id();

	if (!thread->arch.fpu || thread->arch.fpu_live)
		return;
	if (fpu_owner[cpu] != thread->arch.fpu || thread->arch.fpu_cpu != cpu) {
		fpu_regs_load(thread->arch.fpu);
		fpu_owner[cpu] = thread->arch.fpu;
		thread->arch.fpu_cpu = cpu;
	}
	thread->arch.fpu_live = true;
}

const struct fpu_state *fpu_sync(void)
{
	fpu_regs_save(current->arch.fpu);
	return current->arch.fpu;
}

void fpu_load(const struct fpu_state *state)
{
	*current->arch.fpu = *state;
	fpu_regs_load(state);
}

int fpu_alloc(struct thread *thread)
{
	struct fpu_state *fpu = kzalloc(sizeof(*fpu));

	if (!fpu)
		return -ENOMEM;
	thread->arch.fpu = fpu;
	thread->arch.fpu_cpu = NO_CPU; /* also where the memory was another thread's before */
	thread->arch.fpu_live = false;
	return 0;
}

void fpu_free(struct thread *thread)
{
	kfree(thread->arch.fpu);
	thread->arch.fpu = NULL;
}

void fpu_clone(struct thread *thread)
{
	*thread->arch.fpu = *fpu_sync();
}
