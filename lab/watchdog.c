/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The watchdog's looks: when they are taken, and cycles that stay.
 *
 * Whoever takes a look claims look_busy, with interrupts off, and gives up if somebody else has it;
 * all state of the watchdog belongs to the holder. Looks come from ticks, at most one in LOOK_NS,
 * and where nobody ticks from timers of idle CPUs, of which one in IDLE_LOOK_NS is due somewhere,
 * as long as there is a CPU that takes interrupts. If there is none the second line takes over: an
 * NMI from a timer, which finds that nobody has looked for long.
 *
 * Reads others' waits without a lock: a serial tells whether two looks saw the same wait.
 * Source: hazards 9.1 to 9.3; INV-4.
 */
#include "lab/watchdog_internal.h"

#if LAB
#include "arch/nmi.h"
#include "arch/trap.h"
#include "kernel/cmdline.h"
#include "kernel/thread.h"
#include "kernel/time.h"
#include "lab/hook.h"

#define LOOK_NS (2 * NSEC_PER_MSEC)
/* A look that took long, since CPUs were slow to answer, is followed by this many times as long
 * without one, up to a limit: or a CPU would do nothing but look, and be what it looks for. */
#define LOOK_SHARE 4
#define LOOK_PAUSE_MAX_NS (100 * NSEC_PER_MSEC)
/* Threads' waits are looked at less often, and not those that have just begun. */
#define THREAD_LOOK_NS (20 * NSEC_PER_MSEC)
#define IDLE_LOOK_NS (250 * NSEC_PER_MSEC)
#define IDLE_LOOK_MAX_NS (2 * NSEC_PER_SEC)
/* Nobody has looked for this long: the second line looks for cycles itself. */
#define SILENCE_NS (NSEC_PER_SEC / 2)
/* The second line's NMIs that are needed beside the limit. */
#define SILENCE_NMIS 8

u64 watchdog_limit_ns = U64_MAX;

static bool watchdog_on;
static bool look_busy;
static u64 look_ns, thread_look_ns, stall_look_ns; /* when the latest was taken */
static u64 look_pause_ns = LOOK_NS; /* until the next */
static struct timer look_timers[NR_CPUS];
static u64 nmi_ns;		/* the latest of the second line's */
static unsigned int nmi_count;	/* since the latest look */
static u64 silence_told;	/* look_ns of the silence that was reported */

/* The cycle that was seen last, of CPUs and of threads, and how often in a row. */
static struct candidate {
	u64 signature;
	unsigned int samples;
} candidates[2];
static struct waitfor_cycle cycle;

static bool elapsed(u64 now, u64 since, u64 ns)
{
	return now > since && now - since >= ns;
}

/* --- cycles --- */

/* Reports the cycle just found if it has been found often enough. */
static void report_if_proved(const struct look *look, struct candidate *candidate)
{
	u64 signature = waitfor_signature(&cycle);

	if (signature != candidate->signature)
		*candidate = (struct candidate){ .signature = signature };
	if (++candidate->samples < WATCHDOG_SAMPLES)
		return;
	watchdog_report_cycle(look, &cycle);
	candidate->samples = 0;
}

/* Whether there is a cycle. */
static bool look_cpus(const struct look *look)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
	{
		struct waitfor_node node = { .cpu = cpu };

		if (!waitfor_cpu_waits(cpu) || !waitfor_find_cycle(&node, &cycle))
			continue;
		report_if_proved(look, &candidates[0]);
		return true;
	}
	candidates[0].samples = 0;
	return false;
}

static void look_threads(const struct look *look)
{
	struct waitfor_node node = { .thread = NULL };

	for_each_thread(node.thread) {
		struct wait wait = wait_sample(&node.thread->lab.waits, 0);

		if (wait.kind == WAIT_NONE || !elapsed(look->now, wait.since_ns, THREAD_LOOK_NS) ||
		    !waitfor_find_cycle(&node, &cycle))
			continue;
		report_if_proved(look, &candidates[1]);
		return;
	}
	candidates[1].samples = 0;
}

/* --- looks --- */

static bool look_begin(struct look *look, bool nmi)
{
	if (xchg(&look_busy, true))
		return false;
	*look = (struct look){ .now = time_ns(), .threads = threads_try_lock(), .nmi = nmi };
	return true;
}

/* Only a look that shows that interrupts are taken makes the latest one. */
static void look_end(const struct look *look)
{
	if (look->threads)
		threads_unlock();
	if (!look->nmi) {
		u64 now = time_ns(), pause = LOOK_SHARE * (now - look->now);

		nmi_count = 0;
		WRITE_ONCE(look_pause_ns, min(max(pause, LOOK_NS), LOOK_PAUSE_MAX_NS));
		WRITE_ONCE(look_ns, now);
	}
	smp_store_release(&look_busy, false);
}

static void look_slowly(const struct look *look)
{
	if (look->threads && elapsed(look->now, thread_look_ns, THREAD_LOOK_NS)) {
		thread_look_ns = look->now;
		look_threads(look);
	}
	if (elapsed(look->now, stall_look_ns, watchdog_limit_ns / 32)) {
		stall_look_ns = look->now;
		watchdog_look_stalls(look);
	}
	if (elapsed(look->now, READ_ONCE(nmi_ns), SILENCE_NS)) {
		nmi_ns = look->now;
		arch_nmi_timer_start(); /* one that was lost among others ends it */
	}
}

static void watchdog_look(void)
{
	struct look look;

	if (!watchdog_on || !elapsed(time_ns(), READ_ONCE(look_ns), READ_ONCE(look_pause_ns)) ||
	    !look_begin(&look, false))
		return;
	look_cpus(&look);
	look_slowly(&look);
	look_end(&look);
}

void watchdog_tick(bool from_user)
{
	struct look look;
	u64 since;

	watchdog_look();
	if (!watchdog_on || !watchdog_tick_stuck(from_user, time_ns(), &since) ||
	    !look_begin(&look, false))
		return;
	watchdog_tick_told();
	watchdog_report_hung_cpu(&look, cpu_id(), since);
	look_end(&look);
}

/* Of idle CPUs one takes a look every now and then; of many each the more seldom, in turn. */
static void look_timer_set(struct timer *timer)
{
	u64 period = min(nr_cpus * IDLE_LOOK_NS, IDLE_LOOK_MAX_NS);
	u64 phase = period / nr_cpus * cpu_id();

	timer_set(timer, ((time_ns() - phase) / period + 1) * period + phase);
}

static void look_timer_expired(struct timer *timer)
{
	watchdog_look();
	if (!cmdline.watchdog_off)
		look_timer_set(timer);
}

void watchdog_init_cpu(void)
{
	struct timer *timer = &look_timers[cpu_id()];

	timer_init(timer, look_timer_expired);
	look_timer_set(timer);
}

void watchdog_put_off(u64 ns)
{
	if (cmdline.watchdog_off)
		return;
	timer_set(&look_timers[cpu_id()], ns);
	if (!cpu_id())
		arch_nmi_timer_start();
}

void watchdog_init(void)
{
	hook_listen(HOOK_HOLDERS, true);
	if (cmdline.watchdog_off)
		return;
	watchdog_limit_ns = cmdline.watchdog_s ? cmdline.watchdog_s * NSEC_PER_SEC
					       : wait_limit_ns / 2;
	look_ns = thread_look_ns = stall_look_ns = nmi_ns = time_ns();
	watchdog_init_cpu();
	watchdog_on = true;
	arch_nmi_timer_start();
}

/* --- the second line --- */

/* All others are asked where they are; one that does not answer is starved, not stuck. */
static bool all_stuck(void)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		if (cpu != cpu_id() && nmi_ask(cpu) != NMI_IRQS_OFF)
			return false;
	return true;
}

static void look_from_nmi(const struct look *look, struct trap_frame *regs)
{
	u64 since = READ_ONCE(look_ns);

	if (look_cpus(look) || !elapsed(look->now, since, watchdog_limit_ns) ||
	    ++nmi_count < SILENCE_NMIS || trap_frame_irqs_on(regs) || silence_told == since)
		return;
	nmi_record_own(regs);
	if (all_stuck()) {
		silence_told = since;
		watchdog_report_all_stuck(look, since);
	}
	nmi_count = 0;
}

bool watchdog_nmi(struct trap_frame *regs)
{
	struct look look;

	if (!watchdog_on || !arch_nmi_timer_due())
		return false;
	WRITE_ONCE(nmi_ns, time_ns());
	if (watchdog_is_silent() && look_begin(&look, true)) {
		look_from_nmi(&look, regs);
		look_end(&look);
	}
	return true;
}

bool watchdog_is_silent(void)
{
	return watchdog_on && elapsed(time_ns(), READ_ONCE(look_ns), SILENCE_NS);
}

/* Nobody moves, so the same cycle is found until it is proved. */
bool watchdog_nmi_outside(void)
{
	unsigned int reports = watchdog_reports();
	u64 since = READ_ONCE(look_ns);
	struct look look;

	if (!watchdog_is_silent() || !look_begin(&look, true))
		return false;
	for (int i = 0; i < WATCHDOG_SAMPLES; i++)
		if (!look_cpus(&look))
			break;
	if (watchdog_reports() == reports)
		watchdog_report_all_stuck(&look, since);
	look_end(&look);
	return true;
}
#endif
