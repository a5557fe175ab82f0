/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When the kernel cannot go on, or should not have come here.
 *
 * The first CPU that panics reports and ends the machine; others that panic meanwhile stop, and
 * one that panics while it reports leaves at once. No locks: any context, NMI too.
 */
#include "kernel/printk.h"
#include "kernel/exit.h"
#include "kernel/symbols.h"
#include "kernel/thread.h"
#include "lab/bug.h"
#include "lab/lockdep.h"
#include "lab/mutant.h"
#include "lab/trace.h"
#include "arch/ipi.h"
#include "arch/power.h"
#include "arch/stack.h"

#define BACKTRACE_MAX 32

unsigned long bad_signs, warns_expected;
static bool warn_is_expected;

static u32 panic_cpu; /* CPU number + 1 of the one that reports */

void backtrace_print_line(unsigned long pc, bool returns)
{
	if (returns)
		printk("  %016lx %pB", pc, (void *)pc);
	else
		printk("  %016lx %pS", pc, (void *)pc);
}

void backtrace_print(unsigned long pc, unsigned long fp)
{
	enum stack_step step;

	if (pc)
		backtrace_print_line(pc, false);
	for (int n = 0; n < BACKTRACE_MAX && (step = arch_stack_next(&pc, &fp)); n++)
		backtrace_print_line(pc, step == STACK_CALL);
}

void backtrace_print_current(void)
{
	backtrace_print(0, cpu_frame_pointer());
}

static void held_locks_print(void)
{
#if LAB
	struct cpu *cpu = this_cpu();

	if (lockdep_print_held())
		return;
	for (unsigned int i = 0; i < cpu->nr_held && i < MAX_HELD_LOCKS; i++)
		printk("  holds %s (%p)", cpu->held[i]->name, (const void *)cpu->held[i]);
#endif
}

static void place_print(bool irqs_on)
{
	u64 now = time_ns();
	struct thread *thread = current;

	printk("  on CPU %u, thread %d (%s), interrupts %s, %llu.%06llu s after boot", cpu_id(),
	       thread ? thread->tid : 0, thread ? thread->name : "none",
	       irqs_on ? "on" : "off", now / NSEC_PER_SEC,
	       now % NSEC_PER_SEC / NSEC_PER_USEC);
}

static __printf(2, 0) void __noreturn panic_va(int status, const char *fmt, va_list ap)
{
	bool irqs_on = irq_enabled();
	char text[512];
	u32 first;

	irq_disable();
	first = cmpxchg(&panic_cpu, 0, cpu_id() + 1);
	if (first == cpu_id() + 1)
		arch_exit(status);
	if (first)
		cpu_halt_forever();
	arch_ipi_stop_others();
	hook_silence();
	console_break_locks();
	printk_set_expected(false);
	vsnprintf(text, sizeof(text), fmt, ap);
	printk("panic: %s", text);
	place_print(irqs_on);
	held_locks_print();
	backtrace_print_current();
#if LAB
	bug_report_hits();
#endif
	mutant_report_hits();
	trace_dump("panic");
	arch_exit(status);
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	panic_va(EXIT_PANIC, fmt, ap);
}

void panic_with(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	panic_va(status, fmt, ap);
}

/* The exception that is being reported, and whether its report has changed stacks already. */
struct trap_report {
	struct cpu *cpu;
	const char *what;
	unsigned long pc;
	bool fresh_stack;
};

static struct trap_report dying;

void panic_report_trap(const char *what, unsigned long pc, bool fresh_stack)
{
	const struct trap_report first = dying;
	struct thread *thread = current_thread();
	bool again = first.cpu == this_cpu();

	if (again && (first.fresh_stack || !fresh_stack))
		arch_exit(EXIT_PANIC);
	dying = (struct trap_report){ this_cpu(), what, pc, fresh_stack };
	barrier();
	console_break_locks();
	printk("%s, on CPU %u, thread %d (%s)", what, cpu_id(), thread ? thread->tid : 0,
	       thread ? thread->name : "none");
	if (again)
		printk("  by the report of: %s at %pS", first.what, (void *)first.pc);
}

void warn_report(const char *file, int line, const char *what)
{
	bool expected = LAB && READ_ONCE(warn_is_expected);

	__atomic_fetch_add(expected ? &warns_expected : &bad_signs, 1, __ATOMIC_RELAXED);
	if (expected)
		printk_set_expected(true);
	printk("WARN: %s:%d: %s", file, line, what);
	place_print(irq_enabled());
	held_locks_print();
	backtrace_print_current();
	if (expected)
		printk_set_expected(false);
}

#if LAB
void warn_expect(bool expected)
{
	WRITE_ONCE(warn_is_expected, expected);
}
#endif
