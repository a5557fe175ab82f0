/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clock and timer: the TSC tells the time, the local APIC's timer interrupts.
 *
 * The APIC timer of QEMU and KVM counts nanoseconds on every machine, which makes it the measure
 * for the TSC; the PIT cannot be, since microvm has no gate for it. The clock's factor is
 * set once and then only read. With -icount both count instructions, and it is exactly one.
 */
#include "arch/time.h"
#include "arch/x86_64/internal.h"
#include "kernel/printk.h"

#define TIMER_MIN_NS NSEC_PER_USEC
#define TIMER_MAX_NS (4 * NSEC_PER_SEC)

/* Calibration takes at least the first time, and ends with the precision or the second time. */
#define CALIBRATE_MIN_NS (20 * NSEC_PER_USEC)
#define CALIBRATE_MAX_NS (3 * NSEC_PER_MSEC)
#define CALIBRATE_PPM 20
#define CALIBRATE_SAMPLES 100000 /* by then a timer that counts has reached the time */
#define SAMPLE_TRIES 8

/* ns = (tsc - clock_base) * clock_mult / 2^32; 0 before arch_time_init */
static u64 clock_base, clock_mult;

/* Both clocks at one moment: the timer was read between @tsc - @error and @tsc + @error. */
struct clock_sample {
	u64 tsc, error;
	u32 timer;
};

static u64 rdtsc(void)
{
	u32 low, high;

	__asm__ __volatile__("rdtsc" : "=a"(low), "=d"(high)::"memory");
	return (u64)high << 32 | low;
}

/* The tightest of a few: the host may take the CPU away between the readings. */
static struct clock_sample sample_clocks(void)
{
	struct clock_sample best = { .error = ~0UL };

	for (int i = 0; i < SAMPLE_TRIES; i++) {
		u64 before = rdtsc();
		u32 timer = apic_timer_read();
		u64 error = (rdtsc() - before + 1) / 2;

		if (error < best.error)
			best = (struct clock_sample){ before + error, error, timer };
	}
	return best;
}

static bool sample_suffices(u64 ns, u64 ticks, u64 error)
{
	if (ns < CALIBRATE_MIN_NS)
		return false;
	return ns >= CALIBRATE_MAX_NS || error * 1000000 <= ticks * CALIBRATE_PPM;
}

void arch_time_init(void)
{
	struct clock_sample first, last;
	u64 ns, ticks, error;
	int samples = 0;

	apic_timer_set(~0U);
	first = sample_clocks();
	do {
		if (++samples > CALIBRATE_SAMPLES)
			panic("the local APIC's timer does not count");
		last = sample_clocks();
		ns = first.timer - last.timer;
		ticks = last.tsc - first.tsc;
		error = first.error + last.error;
	} while (!sample_suffices(ns, ticks, error));
	apic_timer_set(0);

	if (max(ns, ticks) - min(ns, ticks) <= error)
		ticks = ns; /* one clock drives both */
	clock_base = last.tsc;
	clock_mult = (ns << 32) / ticks;
}

u64 arch_clock_ns(void)
{
	return (u64)((unsigned __int128)(rdtsc() - clock_base) * clock_mult >> 32);
}

void arch_timer_arm(u64 delta_ns)
{
	apic_timer_set((u32)min(max(delta_ns, TIMER_MIN_NS), TIMER_MAX_NS));
}

void arch_timer_off(void)
{
	apic_timer_set(0);
}
