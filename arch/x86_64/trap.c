/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exceptions and interrupts of x86_64: what each of them means to generic code.
 *
 * entry.S calls in with interrupts off. Work for user mode runs with them on; a return to user
 * mode goes through trap_leave_user, so that nobody leaves with current->work set. Interrupts are
 * acknowledged before they are handled: they stay off until the end of the handler, so nothing
 * can nest, and a handler that never returns (IPI_STOP, a panic) leaves no vector blocked.
 *
 * Owns nothing, locks nothing.
 *
 * Source: Intel SDM volume 3, 4.7 "Page-fault exceptions", 6.15.
 */
#include "kernel/errno.h"
#include "kernel/ipi.h"
#include "kernel/printk.h"
#include "kernel/process.h"
#include "kernel/signal.h"
#include "kernel/syscall.h"
#include "kernel/thread.h"
#include "kernel/time.h"
#include "lab/quarantine.h"
#include "lab/watchdog.h"
#include "mm/fault.h"
#include "arch/x86_64/internal.h"
#include "arch/x86_64/offsets.h"
#include "arch/x86_64/traps.h"

#define PF_PRESENT BIT(0)
#define PF_WRITE BIT(1)
#define PF_USER BIT(2)
#define PF_RESERVED BIT(3)
#define PF_FETCH BIT(4)
#define PF_DECODED 0x1f

/* What a system call looks like where it arrives as a fault: see trap_is_syscall. */
#define PF_SYSCALL (PF_PRESENT | PF_USER | PF_FETCH)

#define DR6_SINGLE_STEP BIT(14)
#define DR6_CLEAR 0xffff0ff0UL
#define TRAP_TRACE 2
#define BUS_ADRALN 1

_Static_assert(offsetof(struct trap_frame, rax) == TF_RAX, "offsets.h");
_Static_assert(offsetof(struct trap_frame, rdi) == TF_RDI, "offsets.h");
_Static_assert(offsetof(struct trap_frame, vector) == TF_VECTOR, "offsets.h");
_Static_assert(offsetof(struct trap_frame, rip) == TF_RIP, "offsets.h");
_Static_assert(offsetof(struct trap_frame, cs) == TF_CS, "offsets.h");
_Static_assert(offsetof(struct trap_frame, rsp) == TF_RSP, "offsets.h");
_Static_assert(offsetof(struct trap_frame, r11) == TF_CALLEE_SAVED_SIZE, "offsets.h");
_Static_assert(sizeof(struct trap_frame) == TF_SIZE, "offsets.h");
_Static_assert(TRAP_VECTOR_SYSCALL == SYSCALL_VECTOR, "offsets.h");

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

/* FAULT_* for each value of the error code's low five bits, so that decoding is one load. */
#define DECODE(e)                                                                                  \
	(((e) & PF_PRESENT ? FAULT_PRESENT : 0) | ((e) & PF_WRITE ? FAULT_WRITE : 0) |             \
	 ((e) & PF_USER ? FAULT_USER : 0) | ((e) & PF_RESERVED ? FAULT_RESERVED : 0) |             \
	 ((e) & PF_FETCH ? FAULT_EXEC : 0))
#define DECODE4(e) DECODE(e), DECODE((e) + 1), DECODE((e) + 2), DECODE((e) + 3)

static const u8 fault_flags[PF_DECODED + 1] = {
	DECODE4(0),  DECODE4(4),  DECODE4(8),  DECODE4(12),
	DECODE4(16), DECODE4(20), DECODE4(24), DECODE4(28),
};

/*
 * Under a KVM without hardware virtualisation `syscall` does not enter ring 0: it arrives as the
 * fault of fetching the system-call entry itself from user mode, with the registers as `syscall`
 * leaves them. User mode can jump there on any machine, which gives it nothing but a system call
 * with a return address and flags of its own choice; so both are checked.
 */
static bool trap_is_syscall(const struct trap_frame *regs, unsigned long addr)
{
	return regs->error == PF_SYSCALL && addr == (unsigned long)entry_syscall &&
	       regs->rip == addr && regs->rcx < USER_TOP;
}

static void trap_syscall(struct trap_frame *regs)
{
	unsigned long args[6] = { regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8, regs->r9 };
	long ret;

	regs->vector = TRAP_VECTOR_SYSCALL;
	regs->error = regs->rax;
	regs->rip = regs->rcx;
	regs->rflags = (regs->r11 & RFLAGS_USER) | RFLAGS_FIXED | X86_FLAGS_IF;
	irq_enable();
	ret = syscall_dispatch(regs, regs->error, args);
	if (regs->vector == TRAP_VECTOR_SYSCALL)
		regs->rax = (u64)ret;
}

/*
 * User mode touched a kernel address. Whether something is there is none of its business. A KVM
 * with shadow page tables may say that reserved bits were set, which means nothing here.
 */
static __noinline void trap_user_kernel_addr(struct trap_frame *regs, unsigned long addr)
{
	if (trap_is_syscall(regs, addr)) {
		trap_syscall(regs);
		entry_return_frame(regs);
	}
	irq_enable();
	regs->error = (regs->error | PF_PRESENT) & ~PF_RESERVED;
	signal_force(SIGSEGV, SEGV_MAPERR, addr);
}

static __always_inline struct fault trap_decode_fault(const struct trap_frame *regs)
{
	return (struct fault){ reg_cr2_read(), fault_flags[regs->error & PF_DECODED] };
}

void trap_user_page_fault(struct trap_frame *regs)
{
	struct fault fault = trap_decode_fault(regs);

	if (unlikely(fault.addr >= USER_TOP)) {
		trap_user_kernel_addr(regs, fault.addr);
		return;
	}
	if (unlikely(fault.flags & FAULT_RESERVED))
		trap_kernel_died(regs, "malformed page tables");
	irq_enable();
	handle_user_fault(current->mm, fault);
}

/*
 * The kernel faulted. An instruction of the exception table may: the access is repeated if the
 * fault could be handled, which needs interrupts on; else it goes on at its fixup.
 */
void trap_kernel_page_fault(struct trap_frame *regs)
{
	struct fault fault = trap_decode_fault(regs);
	struct thread *thread = current;
	unsigned long fixup = uaccess_fixup(regs->rip);
	int ret = -EFAULT;

	if (quarantine_fault(regs, fault.addr, fault.flags & FAULT_WRITE))
		return;
	if (!fixup || fault.addr >= USER_TOP || fault.flags & FAULT_RESERVED)
		trap_kernel_died(regs, "page fault in the kernel");
	if (trap_frame_irqs_on(regs) && thread->mm) {
		irq_enable();
		ret = handle_uaccess_fault(thread->mm, fault);
		irq_disable();
	}
	if (ret)
		regs->rip = fixup;
}

/* What an exception of user mode becomes, as Linux has it. Signal 0: it cannot happen. */
static const struct {
	const char *name;
	s16 signo, code;
} exceptions[NR_EXCEPTIONS] = {
	[0] = { "divide error", SIGFPE, FPE_INTDIV },
	[1] = { "debug exception", SIGTRAP, TRAP_BRKPT },
	[2] = { "NMI", 0, 0 },
	[3] = { "breakpoint", SIGTRAP, SI_KERNEL },
	[4] = { "overflow", SIGSEGV, SI_KERNEL },
	[5] = { "bound range exceeded", SIGSEGV, SI_KERNEL },
	[6] = { "invalid opcode", SIGILL, ILL_ILLOPN },
	[7] = { "device not available", 0, 0 },
	[8] = { "double fault", 0, 0 },
	[10] = { "invalid TSS", SIGSEGV, SI_KERNEL },
	[11] = { "segment not present", SIGBUS, SI_KERNEL },
	[12] = { "stack segment fault", SIGBUS, SI_KERNEL },
	[13] = { "general protection", SIGSEGV, SI_KERNEL },
	[14] = { "page fault", 0, 0 },
	[16] = { "x87 exception", SIGFPE, 0 },
	[17] = { "alignment check", SIGBUS, BUS_ADRALN },
	[18] = { "machine check", 0, 0 },
	[19] = { "SIMD exception", SIGFPE, 0 },
};

const char *trap_vector_name(u64 vector)
{
	if (vector == TRAP_VECTOR_SYSCALL)
		return "system call";
	if (vector >= ARRAY_SIZE(exceptions))
		return "interrupt";
	return exceptions[vector].name ? exceptions[vector].name : "reserved exception";
}

static int trap_debug_code(void)
{
	unsigned long dr6;

	__asm__ __volatile__("movq %%dr6, %0; movq %1, %%dr6" : "=&r"(dr6) : "r"(DR6_CLEAR));
	return dr6 & DR6_SINGLE_STEP ? TRAP_TRACE : TRAP_BRKPT;
}

static void trap_user_exception(struct trap_frame *regs)
{
	int signo = exceptions[regs->vector].signo, code = exceptions[regs->vector].code;
	u64 addr = 0;

	switch (regs->vector) {
	case 1:
		code = trap_debug_code();
		addr = regs->rip;
		break;
	case 0:
	case 6:
		addr = regs->rip;
		break;
	case 16:
	case 19:
		code = fpu_exception_code(regs->vector == 19);
		if (!code)
			return; /* gone by itself */
		addr = regs->rip;
		break;
	}
	irq_enable();
	signal_force(signo, code, addr);
}

void trap_exception(struct trap_frame *regs)
{
	if (!trap_frame_is_user(regs) || !exceptions[regs->vector].signo)
		trap_kernel_died(regs, trap_vector_name(regs->vector));
	trap_user_exception(regs);
	trap_leave_user(regs);
}

void trap_interrupt(struct trap_frame *regs)
{
	u64 vector = regs->vector;

	if (vector == X86_VECTOR_TIMER) {
		apic_eoi();
		timer_interrupt(trap_frame_is_user(regs));
	} else if (vector - X86_VECTOR_IPI_BASE < NR_IPIS) {
		apic_eoi();
		ipi_handle((enum ipi_kind)(vector - X86_VECTOR_IPI_BASE));
	} else if (vector != X86_VECTOR_SPURIOUS) { /* that one takes no EOI */
		apic_eoi();
		printk("unexpected interrupt, vector %#lx\n", (unsigned long)vector);
	}
	if (trap_frame_is_user(regs))
		trap_leave_user(regs);
}

/*
 * Makes this_cpu() work wherever an exception with a stack of its own came from: GS may hold the
 * user's base, whatever CS says. Returns the base to put back. A CPU that is not in the table yet
 * has no interrupt controller to get an NMI from; its base stays.
 */
static u64 trap_gs_enter(void)
{
	u64 old = rdmsr(MSR_GS_BASE);
	struct cpu *cpu = cpu_by_apic_id(apic_id());

	if (cpu)
		wrmsr(MSR_GS_BASE, (u64)cpu);
	return old;
}

void trap_nmi(struct trap_frame *regs)
{
	u64 gs = trap_gs_enter();
	u32 icr_high = apic_icr_high();

	nmi_handle(regs);
	apic_icr_high_restore(icr_high);
	wrmsr(MSR_GS_BASE, gs);
}

void trap_double_fault(struct trap_frame *regs)
{
	trap_gs_enter();
	trap_kernel_died(regs, "double fault");
}

void trap_machine_check(struct trap_frame *regs)
{
	trap_gs_enter();
	trap_kernel_died(regs, "machine check");
}
