/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite death: the kernel dies on purpose, and the runner looks at what it leaves behind.
 *
 * Each test ends the machine, so the suite runs only by name, one test a boot, and none of them
 * passes here: the run must end with 126, and its console must hold a report whose back-trace names
 * the functions below (`dies` in tools/runner/profiles.py says which). They keep their names and
 * frames: not inlined, and none ends in a jump to the next.
 */
#include "kernel/thread.h"
#include "tests/kernel/test.h"
#include "arch/cpu.h"

static __noinline void death_write_null(volatile int *nowhere)
{
	*nowhere = 1;
	barrier();
}

TEST(death, null, "a write to address 8 in the kernel is reported", .manual = true)
{
	death_write_null((volatile int *)8);
	test_fail(t, "it went through");
}

/* Text is a page away from data in every map of it; only the right to write differs. */
static __noinline void death_write_text(volatile int *text)
{
	*text = *text;
	barrier();
}

TEST(death, text, "a write to the kernel's own text is reported", .manual = true)
{
	death_write_text((volatile int *)(uintptr_t)death_write_null);
	test_fail(t, "it went through");
}

/* The call of a function that does not return is the last instruction: the address that it would
 * return to belongs to whatever function comes next. */
static __noinline __noreturn void death_call_panic(void)
{
	panic("as the test wants it");
}

TEST(death, panic, "a panic's back-trace names who called it", .manual = true)
{
	(void)t;
	death_call_panic();
}

/* Frames of more than a kilobyte: a thousand are more than any stack holds. */
static __noinline unsigned int death_recurse(unsigned int frames)
{
	volatile char frame[1024];

	frame[frames % sizeof(frame)] = 1;
	return frames ? death_recurse(frames - 1) + (unsigned int)frame[frames % sizeof(frame)] : 0;
}

TEST(death, overflow, "a kernel stack that overflows is reported as that", .manual = true)
{
	test_fail(t, "%u calls returned", death_recurse(1000));
}

/*
 * What is left of the stack when the exception comes: enough for its frame, too little for the
 * report, which overflows the stack in its turn and must start again on another one.
 */
#define DEATH_STACK_LEFT 1400

static __noinline void death_near_the_end(volatile int *nowhere)
{
	if (cpu_frame_pointer() - (unsigned long)current->kstack < DEATH_STACK_LEFT)
		death_write_null(nowhere);
	else
		death_near_the_end(nowhere);
	barrier();
}

TEST(death, overflow_in_report, "a report that does not fit on the stack starts again elsewhere",
     .manual = true)
{
	death_near_the_end((volatile int *)8);
	test_fail(t, "it went through");
}
