/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clock and timer: the timebase tells the time, the decrementer counts it down and interrupts.
 *
 * The decrementer cannot be turned off and interrupts when it becomes negative; timer_due of its
 * CPU says whether that is the timer or only a decrementer that ran out. Each CPU writes its own.
 * The clock's factors are set once, from the device tree, and then only read.
 *
 * Source: Power ISA 3.0B, book III, 7.2 (timebase), 7.3 (decrementer).
 */
#include "arch/time.h"
#include "arch/ppc64le/internal.h"
#include "arch/ppc64le/platform.h"
#include "kernel/time.h"

#define SPR_DECREMENTER 22
#define DECREMENTER_MAX 0x7fffffffUL /* about 4 s; larger ones are optional */
#define TIMER_MIN_NS NSEC_PER_USEC
#define TIMER_MAX_NS (4 * NSEC_PER_SEC)
#define TIMER_OFF (~0UL)

/* ns = (timebase - clock_base) * clock_mult / 2^32, ticks = ns * timer_mult / 2^32 */
static u64 clock_base, clock_mult, timer_mult;

static u64 timebase_read(void)
{
	u64 value;

	__asm__ __volatile__("mfspr %0, 268" : "=r"(value)::"memory");
	return value;
}

static void decrementer_set(u64 ticks)
{
	__asm__ __volatile__("mtspr %0, %1" ::"i"(SPR_DECREMENTER), "r"(ticks) : "memory");
}

void timer_set_frequency(u64 hz)
{
	clock_mult = (NSEC_PER_SEC << 32) / hz;
	timer_mult = (hz << 32) / NSEC_PER_SEC;
}

void timer_init_cpu(void)
{
	arch_timer_off();
}

void arch_time_init(void)
{
	clock_base = timebase_read();
}

u64 arch_clock_ns(void)
{
	return (u64)((unsigned __int128)(timebase_read() - clock_base) * clock_mult >> 32);
}

void arch_timer_arm(u64 delta_ns)
{
	u64 ns = min(max(delta_ns, TIMER_MIN_NS), TIMER_MAX_NS);
	u64 ticks = (u64)((unsigned __int128)ns * timer_mult >> 32);

	ticks = min(ticks, DECREMENTER_MAX);
	WRITE_ONCE(this_cpu()->arch.timer_due, timebase_read() + ticks);
	decrementer_set(ticks);
}

void arch_timer_off(void)
{
	WRITE_ONCE(this_cpu()->arch.timer_due, TIMER_OFF);
	decrementer_set(DECREMENTER_MAX);
}

void platform_decrementer(bool from_user)
{
	u64 due = READ_ONCE(this_cpu()->arch.timer_due);
	u64 now = timebase_read();

	if (now < due) {
		decrementer_set(min(due - now, DECREMENTER_MAX));
		return;
	}
	arch_timer_off();
	timer_interrupt(from_user);
}
