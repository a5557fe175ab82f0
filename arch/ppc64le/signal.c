/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entering signal handlers and coming back from them on ppc64le, in Linux's way.
 *
 * From high to low addresses: the red zone of the interrupted code (512 bytes), struct sigframe,
 * and a stack frame header for the handler. The handler's return address is sigreturn_page, which
 * calls rt_sigreturn with the stack pointer at the frame; a restorer is not used on this
 * architecture. A handler starts with the registers of the interrupted code but for those of its
 * arguments, and with FPSCR 0.
 *
 * A frame comes back from user mode with any content: the MSR is not taken from it, and all else is
 * harmless. A changed trap frame gets TRAP_CHANGED, so that system-call exit restores all of it.
 *
 * All state is the current thread's own; copies to and from the stack may sleep.
 *
 * Source: Linux UAPI headers asm/sigcontext.h, asm/ucontext.h; ELFv2 ABI, 2.2 and 2.3.2.1 (r12 at a
 * global entry point).
 */
#include "kernel/errno.h"
#include "kernel/signal.h"
#include "kernel/string.h"
#include "kernel/thread.h"
#include "arch/signal.h"
#include "arch/uaccess.h"
#include "arch/ppc64le/sigframe.h"
#include "arch/ppc64le/traps.h"

#define SYSCALL_INSN_SIZE 4

static bool sp_on_altstack(const struct k_sigstack *alt, u64 sp)
{
	return alt->size && sp > alt->sp && sp - alt->sp <= alt->size;
}

/* Where the frame goes; 0 if the alternate stack is full. */
static u64 sigframe_place(const struct trap_frame *regs, const struct k_sigaction *action)
{
	const struct k_sigstack *alt = &current->sig.altstack;
	bool on_alt = sp_on_altstack(alt, regs->gpr[1]);
	u64 sp = regs->gpr[1], frame;

	if (!on_alt && action->flags & SA_ONSTACK && alt->size) {
		sp = alt->sp + alt->size;
		on_alt = true;
	}
	frame = ALIGN_DOWN(sp - sizeof(struct sigframe), 16);
	return on_alt && !sp_on_altstack(alt, frame - SIGNAL_STACK_HEADER) ? 0 : frame;
}

static void sigframe_save_regs(struct sigframe_context *sc, const struct trap_frame *regs)
{
	memcpy(sc->gp_regs, regs->gpr, sizeof(regs->gpr));
	sc->gp_regs[SIGREG_NIP] = regs->nip;
	sc->gp_regs[SIGREG_MSR] = regs->msr;
	sc->gp_regs[SIGREG_ORIG_R3] = regs->orig_gpr3;
	sc->gp_regs[SIGREG_CTR] = regs->ctr;
	sc->gp_regs[SIGREG_LINK] = regs->lr;
	sc->gp_regs[SIGREG_XER] = regs->xer;
	sc->gp_regs[SIGREG_CCR] = regs->ccr;
	sc->gp_regs[SIGREG_SOFTE] = 1;
	sc->gp_regs[SIGREG_TRAP] = regs->trap & ~1UL; /* a restarted system call is still one */
	sc->gp_regs[SIGREG_DAR] = regs->dar;
	sc->gp_regs[SIGREG_DSISR] = regs->dsisr;
}

static void sigframe_save_fpu(struct sigframe_context *sc, const struct fpu_state *fpu)
{
	for (unsigned int i = 0; i < 32; i++) {
		sc->fp_regs[i] = fpu->vsr[i][1];
		sc->vector.vsx_low[i] = fpu->vsr[i][0];
	}
	sc->fpscr = fpu->fpscr;
	memcpy(sc->vector.vr, fpu->vsr[32], sizeof(sc->vector.vr));
	memcpy(sc->vector.vscr, fpu->vscr, sizeof(sc->vector.vscr));
	sc->vector.vrsave[0] = (u32)fpu->vrsave;
}

/* @at: the user address it will have. */
static void sigframe_fill(struct sigframe *frame, u64 at, const struct trap_frame *regs, int signo,
			  const struct k_sigaction *action, const struct k_siginfo *info)
{
	const struct k_sigstack *alt = &current->sig.altstack;
	struct sigframe_context *sc = &frame->uc.mcontext;

	memset(frame, 0, sizeof(*frame));
	frame->uc.stack = (struct k_sigstack){ .sp = alt->sp, .size = alt->size };
	sc->signal = signo;
	sc->handler = action->handler;
	sc->regs = at + offsetof(struct sigframe, uc.mcontext.gp_regs);
	sc->v_regs = at + offsetof(struct sigframe, uc.mcontext.vector);
	sigframe_save_regs(sc, regs);
	sigframe_save_fpu(sc, fpu_sync());
	frame->info_addr = at + offsetof(struct sigframe, info);
	frame->uc_addr = at + offsetof(struct sigframe, uc);
	frame->info = *info;
}

/* All but the red zone, and the header below with its back chain. */
static int sigframe_write(const struct sigframe *frame, u64 at, u64 old_sp)
{
	if (copy_to_user((void *)at, frame, offsetof(struct sigframe, red_zone)))
		return -EFAULT;
	return copy_to_user((void *)(at - SIGNAL_STACK_HEADER), &old_sp, sizeof(old_sp));
}

static void fpscr_clear(void)
{
	struct fpu_state *fpu = current->arch.fpu;

	fpu->fpscr = 0;
	fpu_load(fpu);
}

int arch_signal_setup(struct trap_frame *regs, int signo, const struct k_sigaction *action,
		      const struct k_siginfo *info, u64 oldmask)
{
	u64 at = sigframe_place(regs, action);
	struct sigframe frame;

	if (!at)
		return -EFAULT;
	sigframe_fill(&frame, at, regs, signo, action, info);
	frame.uc.mcontext.oldmask = oldmask;
	frame.uc.mask = oldmask;
	if (sigframe_write(&frame, at, regs->gpr[1]))
		return -EFAULT;
	fpscr_clear();
	regs->gpr[1] = at - SIGNAL_STACK_HEADER;
	regs->gpr[3] = (u64)signo;
	regs->gpr[4] = frame.info_addr;
	regs->gpr[5] = frame.uc_addr;
	regs->gpr[6] = at;
	regs->gpr[12] = action->handler;
	regs->lr = (u64)sigreturn_page;
	regs->nip = ALIGN_DOWN(action->handler, 4UL);
	regs->trap = TRAP_CHANGED;
	return 0;
}

static void sigframe_restore_regs(const struct sigframe_context *sc, struct trap_frame *regs)
{
	memcpy(regs->gpr, sc->gp_regs, sizeof(regs->gpr));
	regs->nip = ALIGN_DOWN(sc->gp_regs[SIGREG_NIP], 4UL);
	regs->ctr = sc->gp_regs[SIGREG_CTR];
	regs->lr = sc->gp_regs[SIGREG_LINK];
	regs->xer = sc->gp_regs[SIGREG_XER];
	regs->ccr = sc->gp_regs[SIGREG_CCR];
	regs->trap = TRAP_CHANGED;
}

/* Without vector state in the frame those registers become 0, as on Linux. */
static int sigframe_restore_fpu(const struct sigframe_context *sc)
{
	struct sigframe_vector vector;
	struct fpu_state *fpu = current->arch.fpu;

	memset(&vector, 0, sizeof(vector));
	if (sc->v_regs && copy_from_user(&vector, (void *)sc->v_regs, sizeof(vector)))
		return -EFAULT;
	for (unsigned int i = 0; i < 32; i++) {
		fpu->vsr[i][1] = sc->fp_regs[i];
		fpu->vsr[i][0] = vector.vsx_low[i];
	}
	memcpy(fpu->vsr[32], vector.vr, sizeof(vector.vr));
	memcpy(fpu->vscr, vector.vscr, sizeof(vector.vscr));
	fpu->vrsave = vector.vrsave[0];
	fpu->fpscr = sc->fpscr;
	fpu_load(fpu);
	return 0;
}

/*
 * A handler may have changed uc_stack. What sigaltstack would refuse is ignored, as on Linux: so a
 * frame made without alternate stack leaves alone what its handler has set up since.
 */
static void altstack_restore(const struct k_sigstack *stack, u64 sp)
{
	struct k_sigstack *alt = &current->sig.altstack;

	if (sp_on_altstack(alt, sp))
		return;
	if (stack->flags == SS_DISABLE)
		*alt = (struct k_sigstack){ .flags = SS_DISABLE };
	else if (!stack->flags && stack->size >= MINSIGSTKSZ)
		*alt = (struct k_sigstack){ .sp = stack->sp, .size = stack->size };
}

int arch_signal_return(struct trap_frame *regs, u64 *mask)
{
	struct sigframe_ucontext uc;

	if (copy_from_user(&uc, (void *)regs->gpr[1], sizeof(uc)))
		return -EFAULT;
	(void)fpu_sync(); /* the TAR is not in the frame and stays */
	if (sigframe_restore_fpu(&uc.mcontext))
		return -EFAULT;
	sigframe_restore_regs(&uc.mcontext, regs);
	altstack_restore(&uc.stack, regs->gpr[1]);
	*mask = uc.mask;
	return 0;
}

/* The result of a system call: a negative errno is shown by CR0.SO and the errno itself. */
void arch_syscall_set_return(struct trap_frame *regs, long value)
{
	bool error = value < 0 && value >= -SYSCALL_ERRNO_MAX;

	regs->ccr = error ? regs->ccr | CCR_SO : regs->ccr & ~(u64)CCR_SO;
	regs->gpr[3] = (u64)(error ? -value : value);
}

long arch_syscall_return_value(const struct trap_frame *regs)
{
	return regs->ccr & CCR_SO ? -(long)regs->gpr[3] : (long)regs->gpr[3];
}

bool arch_in_syscall(const struct trap_frame *regs)
{
	long value = arch_syscall_return_value(regs);

	return regs->trap == TRAP_SYSCALL && (value == -ERESTARTSYS || value == -ERESTARTNOINTR);
}

/* The number is still in r0. */
void arch_syscall_restart(struct trap_frame *regs)
{
	regs->gpr[3] = regs->orig_gpr3;
	regs->nip -= SYSCALL_INSN_SIZE;
	regs->trap = TRAP_CHANGED;
}
