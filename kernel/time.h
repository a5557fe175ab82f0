/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Time and timers.
 *
 * Time is nanoseconds since boot on the arch's clock; in replay mode it is virtual, one
 * nanosecond an instruction. Timers are per CPU, one-shot, run their function from the timer
 * interrupt with interrupts off on the CPU that set them.
 */
#pragma once

#include "kernel/list.h"

struct timer {
	/* Guarded by timer_lock of the CPU @cpu. */
	struct list_head node; /* in cpu->timers, by deadline */
	u64 deadline_ns;
	bool pending;
	unsigned int cpu; /* where it was set last */
	void (*func)(struct timer *timer);
};

#define U64_MAX (~0ULL)
#define TICK_NS (4 * NSEC_PER_MSEC)

extern u64 wait_limit_ns; /* the limit of every wait in the kernel; boot word limit= */

u64 time_ns(void);
void timer_init(struct timer *timer, void (*func)(struct timer *timer));
/* Arms (or re-arms) on this CPU. @deadline_ns absolute. Any context but NMI; the caller sees to it
 * that no two set the same timer at once. */
void timer_set(struct timer *timer, u64 deadline_ns);
/* After it returns the function is not running and will not run. Not from the function. */
void timer_cancel(struct timer *timer);

/* From the arch's timer interrupt, interrupts off; whether it interrupted user mode. */
void timer_interrupt(bool from_user);
/* Programs the arch's timer for the next timer or tick; idle CPUs take no ticks. IRQs off. */
void timer_program_next(void);
/* This CPU is about to leave idle: its first tick is due in TICK_NS. IRQs off. */
void timer_tick_begin(void);
