/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * x87 and SSE state of user threads.
 *
 * The kernel has no FPU instructions, so the registers always belong to user mode. They are saved
 * eagerly when a user thread stops running and loaded when one starts, but for the case that they
 * still hold its state: after kernel threads only (the idle thread, mostly) and without a turn on
 * another CPU. fpu_live says that a thread's state is in the registers; it is true of the current
 * user thread from its switch on and of no thread that does not run, so memory is up to date
 * whenever another CPU looks at it. All fields are the thread's own; the CPU's fpu_owner is
 * compared, never followed.
 *
 * Source: Intel SDM volume 1, 10.5 "FXSAVE and FXRSTOR".
 */
#include "kernel/errno.h"
#include "kernel/string.h"
#include "kernel/thread.h"
#include "mm/slab.h"
#include "arch/fpu.h"
#include "arch/x86_64/traps.h"

#define FCW_INIT 0x37f
#define MXCSR_INIT 0x1f80
#define MXCSR_MASK_DEFAULT 0xffbf /* where FXSAVE stores 0 as its mask */
#define NO_CPU (~0U)

#define FPE_FLTDIV 3
#define FPE_FLTOVF 4
#define FPE_FLTUND 5
#define FPE_FLTRES 6
#define FPE_FLTINV 7

_Static_assert(sizeof(struct fpu_state) == 512, "FXSAVE");
_Static_assert(offsetof(struct fpu_state, mxcsr) == 24, "FXSAVE");

static const struct fpu_state fpu_initial = { .fcw = FCW_INIT, .mxcsr = MXCSR_INIT };
static u32 mxcsr_mask;

static inline void fxsave(struct fpu_state *state)
{
	__asm__ __volatile__("fxsaveq %0" : "=m"(*state));
}

static inline void fxrstor(const struct fpu_state *state)
{
	__asm__ __volatile__("fxrstorq %0" ::"m"(*state));
}

void fpu_init(void)
{
	struct fpu_state state;

	memset(&state, 0, sizeof(state));
	fxsave(&state);
	mxcsr_mask = state.mxcsr_mask ? state.mxcsr_mask : MXCSR_MASK_DEFAULT;
}

void arch_fpu_save(struct thread *thread)
{
	if (!thread->arch.fpu || !thread->arch.fpu_live)
		return;
	fxsave(thread->arch.fpu);
	thread->arch.fpu_live = false;
}

void arch_fpu_restore(struct thread *thread)
{
	struct cpu *cpu = this_cpu();

	if (!thread->arch.fpu || thread->arch.fpu_live)
		return;
	if (cpu->arch.fpu_owner != thread->arch.fpu || thread->arch.fpu_cpu != cpu->id) {
		fxrstor(thread->arch.fpu);
		cpu->arch.fpu_owner = thread->arch.fpu;
		thread->arch.fpu_cpu = cpu->id;
	}
	thread->arch.fpu_live = true;
}

const struct fpu_state *fpu_sync(void)
{
	fxsave(current->arch.fpu);
	return current->arch.fpu;
}

bool fpu_state_ok(const struct fpu_state *state)
{
	return !(state->mxcsr & ~mxcsr_mask);
}

void fpu_load(const struct fpu_state *state)
{
	*current->arch.fpu = *state;
	fxrstor(state);
}

void fpu_reset(void)
{
	fpu_load(&fpu_initial);
}

/* Linux's order: of several exceptions at once the first here counts. */
int fpu_exception_code(bool simd)
{
	const struct fpu_state *fpu = fpu_sync();
	u32 raised = simd ? fpu->mxcsr & ~(fpu->mxcsr >> 7) : (u32)fpu->fsw & ~(u32)fpu->fcw;

	if (raised & 0x01)
		return FPE_FLTINV;
	if (raised & 0x04)
		return FPE_FLTDIV;
	if (raised & 0x08)
		return FPE_FLTOVF;
	if (raised & 0x12)
		return FPE_FLTUND;
	return raised & 0x20 ? FPE_FLTRES : 0;
}

int fpu_alloc(struct thread *thread)
{
	struct fpu_state *fpu = kmalloc(sizeof(*fpu));

	if (!fpu)
		return -ENOMEM;
	*fpu = fpu_initial;
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
