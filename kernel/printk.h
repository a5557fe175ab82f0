/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages on the console, and what happens when the kernel cannot go on.
 *
 * Every console line that is not KTAP starts with "# ", so that parsers pass it over. A line is
 * put together in a buffer on the stack and written in one piece under console_lock, so lines of
 * different CPUs never mix. While an instrument's report is expected by a test
 * (printk_set_expected), each line starts with "# expected: " instead.
 *
 * Formats: %d %i %u %x %X %o %c %s %p %% with flags '-' '0' '#', width, precision, '*', and the
 * lengths hh h l ll z. %pS prints an address as symbol+offset/size, %pB a return
 * address: a function that ends with a call that does not return is named, not the one behind it.
 */
#pragma once

#include "kernel/types.h"

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap) __printf(3, 0);
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

/* One or more whole lines; a missing newline at the end is added. Any context, NMI too. */
void printk(const char *fmt, ...) __printf(1, 2);
/* The same without the "# " in front: for KTAP lines only. */
void ktap_printk(const char *fmt, ...) __printf(1, 2);
/* From now on lines of printk are marked as belonging to an expected report, or no longer. */
void printk_set_expected(bool expected);
/* From a panic or an NMI: no more waiting for console_lock, output may mix. */
void console_break_locks(void);

/*
 * The end: stops the other CPUs, prints message, CPU, held locks and back-trace, and leaves the
 * machine with EXIT_PANIC (or @status with panic_with).
 */
void panic(const char *fmt, ...) __printf(1, 2) __noreturn;
void panic_with(int status, const char *fmt, ...) __printf(2, 3) __noreturn;
/*
 * First of all in the report of an exception at @pc that the kernel does not survive, called
 * @what: the line that says so. An exception within the report ends the machine at once, unless it
 * is the report's own overflow of a stack that was almost full: @fresh_stack says that the caller
 * has changed stacks for an overflow, and the report starts again there, once. Interrupts off.
 */
void panic_report_trap(const char *what, unsigned long pc, bool fresh_stack);

/* A line of a back-trace: @pc is where a call @returns to, or an instruction. */
void backtrace_print_line(unsigned long pc, bool returns);
/* Prints a symbolised back-trace from frame pointer @fp, first line @pc if not 0. */
void backtrace_print(unsigned long pc, unsigned long fp);
void backtrace_print_current(void);

/* Counts WARNs and other bad signs of this boot; a test run with any of them fails. */
extern unsigned long bad_signs, warns_expected;
void warn_report(const char *file, int line, const char *what);
#if LAB
/* From now on a test expects WARNs: marked, and counted in warns_expected instead. Or no longer. */
void warn_expect(bool expected);
#endif

#define BUG_ON(cond)                                                                               \
	do {                                                                                       \
		if (unlikely(cond))                                                                \
			panic("BUG: %s:%d: %s", __FILE__, __LINE__, #cond);                        \
	} while (0)
/* With the values that tell why: BUG_ON_MSG(a != b, "a=%d b=%d", a, b). */
#define BUG_ON_MSG(cond, fmt, ...)                                                                 \
	do {                                                                                       \
		if (unlikely(cond))                                                                \
			panic("BUG: %s:%d: %s: " fmt, __FILE__, __LINE__, #cond, ##__VA_ARGS__);   \
	} while (0)
#define WARN_ON(cond)                                                                              \
	({                                                                                         \
		bool warn_on = (cond);                                                             \
		if (unlikely(warn_on))                                                             \
			warn_report(__FILE__, __LINE__, #cond);                                    \
		warn_on;                                                                           \
	})
