/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The watchdog: proves deadlocks between CPUs, prints them, breaks them.
 *
 * Every CPU says in cpu->wait what it waits for. A CPU that waits for acknowledgements depends on
 * each CPU that has not acknowledged and cannot, since it waits with interrupts off; a CPU that
 * waits for a spinlock depends on its owner. The tick of any CPU looks for a cycle through itself,
 * or through a CPU that has no ticks; one that is the same, wait for wait, in WATCHDOG_SAMPLES
 * samples is a deadlock, however little time has passed, and a slow acknowledgement is none,
 * however much has. The report has the CPUs' stacks (by NMI), held locks and waits, as text and as
 * a diagram. Breakable waits of the cycle are then broken; if there is none the kernel ends with
 * EXIT_WATCHDOG.
 */
#pragma once

#include "kernel/cpu.h"

#define WATCHDOG_SAMPLES 3

enum watchdog_kind { WATCHDOG_NONE, WATCHDOG_IPI_LOCK, WATCHDOG_ABBA, WATCHDOG_SELF };

struct trap_frame;

#if LAB
/* From the timer interrupt of every CPU that ticks, interrupts off. */
void watchdog_tick(void);
/* From now on reports are expected by a test: printed as such, and no bad sign. Or no longer. */
void watchdog_expect(bool expected);
/* Reports since boot, and of what kind the latest was. */
unsigned int watchdog_reports(void);
enum watchdog_kind watchdog_last_kind(void);

/* Publishes a wait of this CPU; end with wait_publish_end. An interrupt handler's wait may come
 * inside a thread's. */
void wait_publish(enum wait_kind kind, const void *object, unsigned long pc);
/* The present wait looks at wait_is_broken. */
void wait_publish_breakable(void);
void wait_publish_end(void);
static inline bool wait_is_broken(void)
{
	return READ_ONCE(this_cpu()->wait.broken);
}
#else
static inline void watchdog_tick(void) { }
static inline void wait_publish(enum wait_kind kind, const void *object, unsigned long pc)
{
	(void)kind, (void)object, (void)pc;
}
static inline void wait_publish_breakable(void) { }
static inline void wait_publish_end(void) { }
static inline bool wait_is_broken(void) { return false; }
#endif

/* From the arch, on the NMI stack: records where this CPU is for whoever asked. */
void nmi_handle(struct trap_frame *regs);
/* Asks @cpu by NMI for its stack and prints it; says so if it does not answer in a second. */
void nmi_print_stack(unsigned int cpu);
