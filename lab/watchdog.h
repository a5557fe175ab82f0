/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The watchdog: proves deadlocks between CPUs, prints them, breaks them.
 *
 * Every CPU says in cpu->wait what it waits for. A CPU that waits for acknowledgements depends on
 * each CPU that has not acknowledged and cannot, since it waits with interrupts off; a CPU that
 * waits for a spinlock depends on its owner. The tick of any CPU looks for a cycle through itself;
 * one that is the same, wait for wait, in WATCHDOG_SAMPLES samples is a deadlock, however little
 * time has passed, and a slow acknowledgement is none, however much has. The report has the CPUs'
 * stacks (by NMI), held locks and waits, as text and as a two-column diagram. A breakable wait of
 * the cycle is then broken; if there is none the kernel ends with EXIT_WATCHDOG.
 */
#pragma once

#include "kernel/cpu.h"

#define WATCHDOG_SAMPLES 3

enum watchdog_kind { WATCHDOG_IPI_PTL, WATCHDOG_ABBA, WATCHDOG_SELF, NR_WATCHDOG_KINDS };

#if LAB
/* From the timer interrupt of every CPU that ticks. */
void watchdog_tick(void);
/* A test expects up to @n reports: they are marked so, and the waits broken. 0 ends it. */
void watchdog_expect(unsigned int n);
/* Reports since boot, and of what kind the latest was. */
unsigned int watchdog_reports(void);
enum watchdog_kind watchdog_last_kind(void);
#else
static inline void watchdog_tick(void) { }
#endif

/* From the arch, on the NMI stack. */
struct trap_frame;
void nmi_handle(struct trap_frame *regs);

/* Publishes a wait of this CPU for the watchdog; end with wait_publish_end. An interrupt handler's
 * wait may come inside a thread's. */
#if LAB
void wait_publish(enum wait_kind kind, const void *object, unsigned long pc);
void wait_publish_end(void);
static inline bool wait_is_broken(void)
{
	return READ_ONCE(this_cpu()->wait.broken);
}
#else
static inline void wait_publish(enum wait_kind kind, const void *object, unsigned long pc)
{
	(void)kind, (void)object, (void)pc;
}
static inline void wait_publish_end(void) { }
static inline bool wait_is_broken(void)
{
	return false;
}
#endif
