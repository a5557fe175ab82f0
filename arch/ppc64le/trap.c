/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exceptions and interrupts of ppc64le: what each of them means to generic code.
 *
 * entry.S calls in with interrupts off. Work for user mode runs with them on; a return to user
 * mode goes through trap_leave_user, so that nobody leaves with current->work set.
 *
 * Owns nothing, locks nothing.
 *
 * Source: Power ISA 3.0B, book III, 6.5; Linux's signals for each (arch/powerpc, as seen by
 * programs).
 */
#include "kernel/errno.h"
#include "kernel/process.h"
#include "kernel/signal.h"
#include "kernel/thread.h"
#include "kernel/time.h"
#include "lab/quarantine.h"
#include "lab/watchdog.h"
#include "mm/fault.h"
#include "arch/ppc64le/internal.h"
#include "arch/ppc64le/traps.h"

/* DSISR of a data storage interrupt; SRR1 of an instruction storage interrupt has most of them. */
#define FAULT_CAUSE_NO_EXEC 0x10000000UL /* SRR1 only */
#define FAULT_CAUSE_PROTECTION 0x08000000UL
#define FAULT_CAUSE_STORE 0x02000000UL /* DSISR only */
#define FAULT_CAUSE_BAD_TREE 0x000a0000UL /* malformed tree, no process table entry */

/* What an interrupt puts into SRR1 beside the MSR. */
#define SRR1_CAUSE 0x783f0000UL
#define SRR1_PROGRAM_PRIVILEGED 0x00040000UL
#define SRR1_PROGRAM_TRAP 0x00020000UL

#define TRAP_TRACE 2
#define BUS_ADRALN 1
#define ILL_ILLOPC 1
#define ILL_PRVOPC 5
#define SEGV_BNDERR 3 /* an address wider than the page tables, as Linux says it */

_Static_assert(offsetof(struct trap_frame, nip) == TF_NIP, "frame.h");
_Static_assert(offsetof(struct trap_frame, msr) == TF_MSR, "frame.h");
_Static_assert(offsetof(struct trap_frame, orig_gpr3) == TF_ORIG_GPR3, "frame.h");
_Static_assert(offsetof(struct trap_frame, ctr) == TF_CTR, "frame.h");
_Static_assert(offsetof(struct trap_frame, lr) == TF_LR, "frame.h");
_Static_assert(offsetof(struct trap_frame, xer) == TF_XER, "frame.h");
_Static_assert(offsetof(struct trap_frame, ccr) == TF_CCR, "frame.h");
_Static_assert(offsetof(struct trap_frame, trap) == TF_TRAP, "frame.h");
_Static_assert(offsetof(struct trap_frame, dar) == TF_DAR, "frame.h");
_Static_assert(offsetof(struct trap_frame, dsisr) == TF_DSISR, "frame.h");
_Static_assert(sizeof(struct trap_frame) == TF_SIZE && ENTRY_FRAME % 16 == 0, "frame.h");
_Static_assert(TRAP_SYSCALL == VEC_SYSCALL && TRAP_MSR_PR == MSR_PR, "frame.h");

/* Gives entry.S the offset of thread->work as an absolute symbol; never called. */
static void __attribute__((used)) trap_export_offsets(void)
{
	__asm__(".globl THREAD_WORK\n\t.set THREAD_WORK, %c0" ::"i"(offsetof(struct thread, work)));
}

/* The end of every handler for a frame from user mode. Interrupts off on return. */
static __always_inline void trap_leave_user(struct trap_frame *regs)
{
	irq_disable();
	if (unlikely(READ_ONCE(current->work))) {
		irq_enable();
		thread_exit_to_user(regs);
	}
}

static struct fault fault_decode(const struct trap_frame *regs)
{
	bool fetch = regs->trap == VEC_INSN;
	u64 cause = fetch ? regs->msr : regs->dsisr;
	struct fault fault = { fetch ? regs->nip : regs->dar, 0 };

	if (fetch)
		fault.flags |= FAULT_EXEC;
	else if (cause & FAULT_CAUSE_STORE)
		fault.flags |= FAULT_WRITE;
	if (cause & (FAULT_CAUSE_PROTECTION | (fetch ? FAULT_CAUSE_NO_EXEC : 0)))
		fault.flags |= FAULT_PRESENT;
	if (unlikely(cause & FAULT_CAUSE_BAD_TREE))
		fault.flags |= FAULT_RESERVED;
	if (regs->msr & MSR_PR)
		fault.flags |= FAULT_USER;
	return fault;
}

/*
 * The kernel faulted. An instruction of the exception table may: the access is repeated if the
 * fault could be handled, which needs interrupts on; else it goes on at its fixup.
 */
static __noinline void trap_kernel_fault(struct trap_frame *regs, const struct fault *fault)
{
	struct thread *thread = current;
	unsigned long fixup = uaccess_fixup(regs->nip);
	int ret = -EFAULT;

	if (regs->trap & TRAP_OVERFLOW)
		trap_kernel_died(regs, "kernel stack overflow");
	if (quarantine_fault(regs, fault->addr, fault->flags & FAULT_WRITE))
		return;
	if (!fixup || fault->addr >= USER_TOP || fault->flags & FAULT_RESERVED)
		trap_kernel_died(regs, "page fault in the kernel");
	if (trap_frame_irqs_on(regs) && thread->mm) {
		irq_enable();
		ret = handle_uaccess_fault(thread->mm, *fault);
		irq_disable();
	}
	if (ret)
		regs->nip = fixup;
}

/* Data and instruction storage interrupts: kept free of what the others need. */
void trap_page_fault(struct trap_frame *regs)
{
	struct fault fault = fault_decode(regs);

	if (unlikely(!trap_frame_is_user(regs))) {
		trap_kernel_fault(regs, &fault);
		return;
	}
	regs->msr &= ~SRR1_CAUSE;
	irq_enable();
	if (unlikely(fault.addr >= USER_TOP))
		signal_force(SIGSEGV, SEGV_MAPERR, fault.addr);
	else if (unlikely(fault.flags & FAULT_RESERVED))
		trap_kernel_died(regs, "malformed page tables");
	else
		handle_user_fault(current->mm, fault);
	trap_leave_user(regs);
}

static void trap_user_exception(struct trap_frame *regs)
{
	u64 cause = regs->msr & SRR1_CAUSE;

	regs->msr &= ~SRR1_CAUSE;
	irq_enable();
	switch (regs->trap) {
	case VEC_DATA_SEGMENT:
		signal_force(SIGSEGV, SEGV_BNDERR, regs->dar);
		break;
	case VEC_INSN_SEGMENT:
		signal_force(SIGSEGV, SEGV_BNDERR, regs->nip);
		break;
	case VEC_ALIGNMENT:
		signal_force(SIGBUS, BUS_ADRALN, regs->dar);
		break;
	case VEC_PROGRAM:
		if (cause & SRR1_PROGRAM_TRAP)
			signal_force(SIGTRAP, TRAP_BRKPT, regs->nip);
		else
			signal_force(SIGILL, cause & SRR1_PROGRAM_PRIVILEGED ? ILL_PRVOPC :
							ILL_ILLOPC, regs->nip);
		break;
	case VEC_TRACE:
		signal_force(SIGTRAP, TRAP_TRACE, regs->nip);
		break;
	case VEC_FACILITY:
		signal_force(SIGILL, ILL_ILLOPC, regs->nip);
		break;
	default:
		trap_kernel_died(regs, trap_name(regs->trap));
	}
}

void trap_exception(struct trap_frame *regs)
{
	if (!trap_frame_is_user(regs))
		trap_kernel_died(regs, regs->trap & TRAP_OVERFLOW ? "kernel stack overflow" :
								     trap_name(regs->trap));
	trap_user_exception(regs);
	trap_leave_user(regs);
}

void trap_interrupt(struct trap_frame *regs)
{
	if (unlikely(regs->trap & TRAP_OVERFLOW))
		trap_kernel_died(regs, "kernel stack overflow");
	if (regs->trap == VEC_DECREMENTER)
		platform_decrementer(trap_frame_is_user(regs));
	else
		platform_external_interrupt(regs);
	if (trap_frame_is_user(regs))
		trap_leave_user(regs);
}

void trap_nmi(struct trap_frame *regs)
{
	if (regs->trap == VEC_MACHINE_CHECK)
		trap_kernel_died(regs, "machine check");
	platform_nmi(regs);
	if (!(regs->msr & MSR_RI))
		trap_kernel_died(regs, "system reset where there is no way back");
}

const char *trap_name(u64 trap)
{
	switch (trap & ~(u64)TRAP_OVERFLOW) {
	case VEC_RESET:
		return "system reset";
	case VEC_MACHINE_CHECK:
		return "machine check";
	case VEC_DATA:
		return "data storage interrupt";
	case VEC_DATA_SEGMENT:
		return "data segment interrupt";
	case VEC_INSN:
		return "instruction storage interrupt";
	case VEC_INSN_SEGMENT:
		return "instruction segment interrupt";
	case VEC_ALIGNMENT:
		return "alignment interrupt";
	case VEC_PROGRAM:
		return "program interrupt";
	case VEC_FP_UNAVAILABLE:
	case VEC_VEC_UNAVAILABLE:
	case VEC_VSX_UNAVAILABLE:
		return "floating-point or vector instruction";
	case VEC_SYSCALL:
		return "system call";
	case VEC_TRACE:
		return "trace interrupt";
	case VEC_FACILITY:
		return "facility unavailable";
	}
	return "interrupt";
}
