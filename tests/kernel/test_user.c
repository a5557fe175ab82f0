/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite user: programs in ring 3, each checking itself, under each fault path. The same programs
 * run on Linux (tests/host/user_oracle.py), which says that what they check is right.
 */
#include "tests/kernel/test.h"

#define USER_TEST(name, what, ...)                                                                 \
	TEST(user, name, what, .both_paths = true)                                                 \
	{                                                                                          \
		struct process_result result;                                                      \
                                                                                                   \
		test_program(t, t->path, NULL, &result, __VA_ARGS__);                              \
	}

USER_TEST(hello, "a program prints and ends", "hello", "world")
USER_TEST(segv, "each forbidden access makes exactly one SIGSEGV with the right code and address",
	  "segv")
USER_TEST(signals, "masks, alternate stack, nesting, restart, siglongjmp", "signals")
USER_TEST(altstack, "handlers run on the alternate stack", "altstack")
USER_TEST(sigthreads, "signals between threads reach the right one", "sigthreads")
USER_TEST(sigfpu, "control words and registers of the FPU come back after a handler", "sigfpu")
USER_TEST(fpu, "floating-point state survives preemption and signals", "fpu", "--threads", "8")
USER_TEST(threads, "pthreads: create, join, mutex, condition, thread-local data", "threads", "8")
USER_TEST(alloc, "malloc, realloc and free keep what was written", "alloc")
USER_TEST(syscalls, "bad arguments get Linux's errors", "syscalls")
USER_TEST(mmapcalls, "mmap, munmap, mprotect, madvise and brk do what Linux does", "mmapcalls")
USER_TEST(mmaperrors, "bad arguments of the memory calls get Linux's errors", "mmaperrors")
USER_TEST(holes, "what is taken out of shared and private mappings is gone, no more", "holes")
USER_TEST(growth, "brk, the stack and MAP_POPULATE grow as on Linux", "growth")
USER_TEST(clock, "clocks go forwards, sleeps last", "clock")
USER_TEST(exit_status, "exit status 0 travels", "exit", "0")

/* A program of its own, since one more VMA would change what the other programs' faults cost. */
TEST(user, apart, "a program with a part megabytes away from the rest is loaded",
     .both_paths = true)
{
	const char *const argv[] = { "apart", "apart", "--far", NULL };
	struct process_spec spec = { .path = "bin/apart", .argv = argv, .fault_path = t->path };
	struct process *process = process_spawn(&spec);
	struct process_result result;

	if (IS_ERR(process)) {
		test_error(t, "cannot start apart");
		return;
	}
	if (process_wait(process, &result, time_ns() + 2 * wait_limit_ns))
		panic("apart does not end");
	EXPECT_EQ(t, result.signal, 0);
	EXPECT_EQ(t, result.exit_status, 0);
}

/* @last: a word more, or NULL. */
static void run_out_of_memory(struct test_run *t, const char *last)
{
	const char *const argv[] = { "utest", "oom", "--threads", "2", last, NULL };
	struct process_spec spec = { .path = "bin/utest", .argv = argv, .fault_path = t->path };
	struct process *process = process_spawn(&spec);
	struct process_result result;

	if (IS_ERR(process)) {
		test_error(t, "cannot start utest oom");
		return;
	}
	if (process_wait(process, &result, time_ns() + 2 * wait_limit_ns))
		panic("utest oom does not end");
	EXPECT_EQ(t, result.signal, SIGKILL);
	test_check_fault_sums(t, &result.faults);
}

/* A program that asks for more memory than there is dies of it; nothing else does. */
TEST(user, out_of_memory, "a program that runs out of memory is killed, nothing else is hurt",
     .both_paths = true)
{
	run_out_of_memory(t, NULL);
}

/* The page that cannot be had may be one that a system call wants to write to. */
TEST(user, out_of_memory_in_call, "a program that runs out of memory within a call is killed, too",
     .both_paths = true)
{
	run_out_of_memory(t, "--kernel");
}
