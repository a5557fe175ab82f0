/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entering signal handlers and coming back from them on x86_64, in Linux's way.
 *
 * From high to low addresses: the red zone of the interrupted code (128 bytes), FXSAVE state,
 * struct sigframe. The stack pointer at the handler is as after a call: 8 modulo 16. A handler
 * starts with the FPU state of a new program.
 *
 * A frame comes back from user mode with any content: selectors are forced, flags are cut,
 * and what iretq or FXRSTOR would refuse is an error. A changed trap frame gets the vector
 * TRAP_VECTOR_CHANGED, so that system-call exit restores all of it.
 *
 * All state is the current thread's own; copies to and from the stack may sleep.
 *
 * Source: Linux UAPI headers asm/sigcontext.h, asm/ucontext.h; System V ABI, x86_64, 3.2.2.
 */
#include "kernel/errno.h"
#include "kernel/signal.h"
#include "kernel/string.h"
#include "kernel/thread.h"
#include "arch/signal.h"
#include "arch/uaccess.h"
#include "arch/x86_64/offsets.h"
#include "arch/x86_64/sigframe.h"
#include "arch/x86_64/traps.h"

#define RED_ZONE 128
#define FPSTATE_ALIGN 64
#define SYSCALL_INSN_SIZE 2

/* What sigreturn may set: RFLAGS_USER without ID, as Linux. */
#define RFLAGS_SIGRETURN 0x50dd5UL

static bool sp_on_altstack(const struct k_sigstack *alt, u64 sp)
{
	return alt->size && sp > alt->sp && sp - alt->sp <= alt->size;
}

/* Where the FXSAVE state goes; the frame is placed below it. 0 if the alternate stack is full. */
static u64 sigframe_place(const struct trap_frame *regs, const struct k_sigaction *action,
			  u64 *frame)
{
	const struct k_sigstack *alt = &current->sig.altstack;
	bool on_alt = sp_on_altstack(alt, regs->rsp);
	u64 sp = regs->rsp - RED_ZONE;
	u64 fpstate;

	if (!on_alt && action->flags & SA_ONSTACK && alt->size) {
		sp = alt->sp + alt->size;
		on_alt = true;
	}
	fpstate = ALIGN_DOWN(sp - sizeof(struct fpu_state), FPSTATE_ALIGN);
	*frame = ALIGN_DOWN(fpstate - sizeof(struct sigframe), 16) - 8;
	return on_alt && !sp_on_altstack(alt, *frame) ? 0 : fpstate;
}

static void sigframe_save_regs(struct sigframe_context *sc, const struct trap_frame *regs)
{
	sc->r8 = regs->r8;
	sc->r9 = regs->r9;
	sc->r10 = regs->r10;
	sc->r11 = regs->r11;
	sc->r12 = regs->r12;
	sc->r13 = regs->r13;
	sc->r14 = regs->r14;
	sc->r15 = regs->r15;
	sc->rdi = regs->rdi;
	sc->rsi = regs->rsi;
	sc->rbp = regs->rbp;
	sc->rbx = regs->rbx;
	sc->rdx = regs->rdx;
	sc->rax = regs->rax;
	sc->rcx = regs->rcx;
	sc->rsp = regs->rsp;
	sc->rip = regs->rip;
	sc->rflags = regs->rflags;
	sc->cs = SEL_USER_CODE;
	sc->ss = SEL_USER_DATA;
}

/*
 * Every frame tells of the thread's latest exception that became a signal. @regs is still as that
 * exception left it if this is the first frame since; what faults is delivered before all else.
 */
static void sigframe_note_exception(const struct trap_frame *regs, const struct k_siginfo *info)
{
	struct arch_thread *arch = &current->arch;

	if (regs->vector >= NR_EXCEPTIONS || info->code <= 0)
		return;
	if (regs->vector == VECTOR_PAGE_FAULT) {
		if (info->code == SI_KERNEL)
			return; /* not the page fault's */
		arch->fault_addr = info->addr;
	}
	arch->fault_vector = regs->vector;
	arch->fault_error = regs->error;
}

static void sigframe_fill(struct sigframe *frame, const struct trap_frame *regs,
			  const struct k_sigaction *action, const struct k_siginfo *info,
			  u64 oldmask)
{
	const struct thread *thread = current;
	const struct k_sigstack *alt = &thread->sig.altstack;

	sigframe_note_exception(regs, info);
	memset(frame, 0, sizeof(*frame));
	frame->return_addr = action->restorer;
	frame->uc.flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
	frame->uc.stack = (struct k_sigstack){ .sp = alt->sp, .size = alt->size };
	sigframe_save_regs(&frame->uc.mcontext, regs);
	frame->uc.mcontext.error = thread->arch.fault_error;
	frame->uc.mcontext.vector = thread->arch.fault_vector;
	frame->uc.mcontext.cr2 = thread->arch.fault_addr;
	frame->uc.mcontext.oldmask = oldmask;
	frame->uc.mask = oldmask;
	frame->info = *info;
}

int arch_signal_setup(struct trap_frame *regs, int signo, const struct k_sigaction *action,
		      const struct k_siginfo *info, u64 oldmask)
{
	struct sigframe frame;
	u64 sp, fpstate = sigframe_place(regs, action, &sp);

	if (!fpstate || !(action->flags & SA_RESTORER) || !addr_is_canonical(action->handler))
		return -EFAULT;
	sigframe_fill(&frame, regs, action, info, oldmask);
	frame.uc.mcontext.fpstate = fpstate;
	if (copy_to_user((void *)fpstate, fpu_sync(), sizeof(struct fpu_state)) ||
	    copy_to_user((void *)sp, &frame, sizeof(frame)))
		return -EFAULT;
	fpu_reset();
	regs->rdi = (u64)signo;
	regs->rsi = sp + offsetof(struct sigframe, info);
	regs->rdx = sp + offsetof(struct sigframe, uc);
	regs->rax = 0;
	regs->rip = action->handler;
	regs->rsp = sp;
	regs->rflags &= ~(RFLAGS_DF | RFLAGS_RF | RFLAGS_TF);
	regs->vector = TRAP_VECTOR_CHANGED;
	return 0;
}

static void sigframe_restore_regs(const struct sigframe_context *sc, struct trap_frame *regs)
{
	regs->r8 = sc->r8;
	regs->r9 = sc->r9;
	regs->r10 = sc->r10;
	regs->r11 = sc->r11;
	regs->r12 = sc->r12;
	regs->r13 = sc->r13;
	regs->r14 = sc->r14;
	regs->r15 = sc->r15;
	regs->rdi = sc->rdi;
	regs->rsi = sc->rsi;
	regs->rbp = sc->rbp;
	regs->rbx = sc->rbx;
	regs->rdx = sc->rdx;
	regs->rax = sc->rax;
	regs->rcx = sc->rcx;
	regs->rsp = sc->rsp;
	regs->rip = sc->rip;
	regs->rflags = (regs->rflags & ~RFLAGS_SIGRETURN) | (sc->rflags & RFLAGS_SIGRETURN);
	regs->cs = SEL_USER_CODE;
	regs->ss = SEL_USER_DATA;
	regs->vector = TRAP_VECTOR_CHANGED;
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
	struct sigframe frame;
	struct fpu_state fpu;
	const struct sigframe_context *sc = &frame.uc.mcontext;

	/* The handler's return has taken the restorer's address off the stack. */
	if (copy_from_user(&frame, (void *)(regs->rsp - 8), sizeof(frame)))
		return -EFAULT;
	if (!addr_is_canonical(sc->rip) || !addr_is_canonical(sc->rsp))
		return -EFAULT;
	if (sc->fpstate && (copy_from_user(&fpu, (void *)sc->fpstate, sizeof(fpu)) ||
			    !fpu_state_ok(&fpu)))
		return -EFAULT;
	if (sc->fpstate)
		fpu_load(&fpu);
	else
		fpu_reset();
	sigframe_restore_regs(sc, regs);
	altstack_restore(&frame.uc.stack, regs->rsp);
	*mask = frame.uc.mask;
	return 0;
}

bool arch_in_syscall(const struct trap_frame *regs)
{
	long value = (long)regs->rax;

	return regs->vector == TRAP_VECTOR_SYSCALL &&
	       (value == -ERESTARTSYS || value == -ERESTARTNOINTR);
}

void arch_syscall_restart(struct trap_frame *regs)
{
	regs->rax = regs->error; /* the number */
	regs->rip -= SYSCALL_INSN_SIZE;
	regs->vector = TRAP_VECTOR_CHANGED;
}

void arch_syscall_set_return(struct trap_frame *regs, long value)
{
	regs->rax = (u64)value;
}

long arch_syscall_return_value(const struct trap_frame *regs)
{
	return (long)regs->rax;
}
