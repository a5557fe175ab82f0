/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages on the console.
 *
 * Owns console_lock, the innermost of all locks: nothing is taken under it. A caller with
 * interrupts on waits for it as for any spinlock. One with interrupts off may be an NMI, whose own
 * CPU holds the lock and will not go on before the NMI has ended: it tries for a while, then
 * writes all the same. After console_break_locks nobody tries for long.
 */
#include "kernel/printk.h"
#include "kernel/cpu.h"
#include "kernel/string.h"
#include "kernel/time.h"
#include "arch/console.h"

#define MESSAGE_MAX 1024
#define CONSOLE_LIMIT_NS NSEC_PER_SEC
#define CONSOLE_BROKEN_LIMIT_NS NSEC_PER_MSEC

static DEFINE_SPINLOCK(console_lock);
static u32 console_holder; /* CPU number + 1, only for the holder to find itself */
static bool console_broken;
static bool console_expected;

/* Tries for a limited time, with interrupts as @flags say in between; off on entry and return. */
static bool console_try(unsigned long flags)
{
	u64 limit = READ_ONCE(console_broken) ? CONSOLE_BROKEN_LIMIT_NS : CONSOLE_LIMIT_NS;
	u64 deadline = time_ns() + limit;

	while (!spin_trylock(&console_lock)) {
		if (READ_ONCE(console_holder) == cpu_id() + 1 || time_ns() >= deadline)
			return false;
		irq_restore(flags);
		cpu_relax();
		irq_disable();
	}
	return true;
}

/* Whether it got the lock. Interrupts are off afterwards in any case. */
static bool console_acquire(unsigned long *flags)
{
	bool locked = true;

	if (irq_enabled() && !READ_ONCE(console_broken)) {
		*flags = spin_lock_irqsave(&console_lock);
	} else {
		*flags = irq_save();
		locked = console_try(*flags);
	}
	if (locked)
		WRITE_ONCE(console_holder, cpu_id() + 1);
	return locked;
}

static void console_release(bool locked, unsigned long flags)
{
	if (locked) {
		WRITE_ONCE(console_holder, 0);
		spin_unlock(&console_lock);
	}
	irq_restore(flags);
}

/* Writes @text line by line, each behind @prefix, in one piece. */
static void console_write_lines(const char *prefix, const char *text, size_t len)
{
	const char *end = text + len;
	unsigned long flags;
	bool locked = console_acquire(&flags);

	do {
		const char *newline = text;

		while (newline < end && *newline != '\n')
			newline++;
		arch_console_write(CONSOLE_LOG, prefix, strlen(prefix));
		arch_console_write(CONSOLE_LOG, text, (size_t)(newline - text));
		arch_console_write(CONSOLE_LOG, "\n", 1);
		text = newline + 1;
	} while (text < end);
	console_release(locked, flags);
}

static __printf(2, 0) void console_vprint(const char *prefix, const char *fmt, va_list ap)
{
	char text[MESSAGE_MAX];
	size_t len = (size_t)vsnprintf(text, sizeof(text), fmt, ap);

	if (len >= sizeof(text)) { /* cut, and it shows */
		len = sizeof(text) - 1;
		memcpy(text + len - 3, "...", 3);
	}
	console_write_lines(prefix, text, len);
}

void printk(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	console_vprint(READ_ONCE(console_expected) ? "# expected: " : "# ", fmt, ap);
	va_end(ap);
}

void ktap_printk(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	console_vprint("", fmt, ap);
	va_end(ap);
}

void printk_set_expected(bool expected)
{
	WRITE_ONCE(console_expected, expected);
}

void console_break_locks(void)
{
	WRITE_ONCE(console_broken, true);
}
