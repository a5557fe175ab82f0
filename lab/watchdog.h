/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The watchdog: proves deadlocks, finds what is stuck, prints it, breaks what can be broken.
 *
 * Every CPU and thread says what it waits for (lab/waits.h). A timer interrupt on any CPU takes a
 * look, one at a time:
 *
 * - a cycle of the wait-for graph (lab/waitfor.h) that is the same, wait for wait, in
 *   WATCHDOG_SAMPLES looks is a deadlock, however little time has passed;
 * - what has not moved for watchdog_limit_ns is stuck: a CPU, a thread, a shootdown (half of the
 *   limit), a grace period, a lock. A look counts once however late it comes, so a machine that was
 *   stopped for a while does not make anything old; and a CPU counts as hung only if it answered
 *   NMIs, so it had time to go on, and did not. One that does not answer is starved by the host:
 *   that is printed as inconclusive, and is no bad sign.
 *
 * If nobody looks any more, since every CPU has interrupts off, an NMI that no CPU has to send
 * (arch/nmi.h) or the runner's looks instead.
 *
 * A report has the stacks (by NMI), held locks, waits, and the graph. Breakable waits of a deadlock
 * are then broken; if there is none the kernel ends with EXIT_WATCHDOG. Other reports leave things
 * as they are: the wait's own limit comes later.
 */
#pragma once

#include "kernel/cpu.h"
#include "lab/waits.h"

#define WATCHDOG_SAMPLES 3

enum watchdog_kind {
	WATCHDOG_NONE,
	WATCHDOG_IPI_LOCK,    /* deadlocks */
	WATCHDOG_ABBA,
	WATCHDOG_SELF,
	WATCHDOG_SLEEPING,    /* through locks that sleep, or grace periods */
	WATCHDOG_ALL_STUCK,   /* every CPU, interrupts off, and no cycle */
	WATCHDOG_HUNG_CPU,    /* things that do not move */
	WATCHDOG_MISSING_ACK,
	WATCHDOG_SRCU_STALL,
	WATCHDOG_LOCK_HELD,
	WATCHDOG_STARVED,     /* later ones get the lock first */
	WATCHDOG_HUNG_THREAD,
	NR_WATCHDOG_KINDS
};

struct trap_frame;
struct rwsem;

#if LAB
/* For how long something may stand still; boot word watchdog=, else half of wait_limit_ns. Tests
 * change it. U64_MAX: only deadlocks are looked for. */
extern u64 watchdog_limit_ns;

/* Boot CPU, once all CPUs are up: begins to look. */
void watchdog_init(void);
/* Each CPU, when it begins and before it idles. */
void watchdog_init_cpu(void);
/* From the timer interrupt of every CPU that ticks, interrupts off. */
void watchdog_tick(bool from_user);
/* From an NMI: true if it was the watchdog's own timer, which is served then. */
bool watchdog_nmi(struct trap_frame *regs);
/* Whether nobody has taken a look for long. */
bool watchdog_is_silent(void);
/* From an NMI that came from outside, after all CPUs have recorded where they are: true if all are
 * stuck, which is reported then. */
bool watchdog_nmi_outside(void);
/* From now on reports are expected by a test: printed as such, and no bad sign. Or no longer. */
void watchdog_expect(bool expected);
/* Reports since boot, of all kinds or of one, and of what kind the latest was. */
unsigned int watchdog_reports(void);
unsigned int watchdog_reports_of(enum watchdog_kind kind);
enum watchdog_kind watchdog_last_kind(void);
/* Reports of @cpu as hung. */
unsigned int watchdog_reports_of_cpu(unsigned int cpu);
/* How often something looked stuck that had no time to go on. */
unsigned int watchdog_inconclusive(void);
/* All threads with what they wait for, and the wait-for graph. Any context. */
void watchdog_hang_report(void);
/* Who holds @sem and who queues for it. Any context. */
void watchdog_print_holders(const struct rwsem *sem);
#else
static inline void watchdog_init(void) { }
static inline void watchdog_init_cpu(void) { }
static inline void watchdog_tick(bool from_user) { (void)from_user; }
static inline bool watchdog_nmi(struct trap_frame *regs) { (void)regs; return false; }
static inline bool watchdog_is_silent(void) { return false; }
static inline bool watchdog_nmi_outside(void) { return false; }
static inline void watchdog_hang_report(void) { }
static inline void watchdog_print_holders(const struct rwsem *sem) { (void)sem; }
#endif

/* --- lab/nmi.c, in every image --- */
enum nmi_answer { NMI_NO_ANSWER, NMI_IRQS_OFF, NMI_IRQS_ON, NMI_USER };

/* From the arch, on the NMI stack: records where this CPU is for whoever asked. */
void nmi_handle(struct trap_frame *regs);
/* From the interrupt that arch_nmi_interrupt sends: the same if somebody asks, else nothing. */
void nmi_handle_interrupt(struct trap_frame *regs);
/* Asks another CPU by NMI where it is; waits at most some more than a second. */
enum nmi_answer nmi_ask(unsigned int cpu);
/* Prints what @cpu answered last. */
void nmi_print_answer(unsigned int cpu);
/* Asks @cpu and prints its stack; says so if it does not answer. */
void nmi_print_stack(unsigned int cpu);
/* Records @regs as this CPU's answer, from its own NMI. */
void nmi_record_own(struct trap_frame *regs);
