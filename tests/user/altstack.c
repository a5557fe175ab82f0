/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `altstack`: a thread that overflows its stack gets its SIGSEGV on the alternate one.
 *
 * The guard page below the stack takes no signal frame, so without the alternate stack the process
 * would die. Done twice: after the jump out of the handler the alternate stack is free again.
 */
#include "tests/user/util.h"

#include <setjmp.h>

static sigjmp_buf back;
static char alternate[65536];

static void on_overflow(int signo, siginfo_t *info, void *context)
{
	uintptr_t here = (uintptr_t)&info;
	stack_t now;

	(void)signo;
	(void)context;
	check(here - (uintptr_t)alternate < sizeof(alternate), "not on the alternate stack");
	check(!sigaltstack(NULL, &now) && now.ss_flags == SS_ONSTACK, "SS_ONSTACK is not set");
	now.ss_flags = 0;
	check(sigaltstack(&now, NULL) < 0 && errno == EPERM, "an alternate stack in use changed");
	check(info->si_code == SEGV_ACCERR, "si_code %d at a guard page", info->si_code);
	siglongjmp(back, 1);
}

static __attribute__((noinline)) unsigned int recurse(unsigned int depth)
{
	volatile char frame[1024];

	frame[0] = (char)depth;
	return depth ? recurse(depth - 1) + (unsigned int)frame[0] : 0;
}

/* Overflows its stack: only an alternate one can take the frame then. */
static void *overflow(void *arg)
{
	const stack_t stack = {.ss_sp = alternate, .ss_size = sizeof(alternate)};
	struct sigaction action = {.sa_sigaction = on_overflow,
				   .sa_flags = SA_SIGINFO | SA_ONSTACK};

	check(!sigaltstack(&stack, NULL), "sigaltstack: %s", strerror(errno));
	check(!sigaction(SIGSEGV, &action, NULL), "sigaction: %s", strerror(errno));
	for (volatile int i = 0; i < 2; i++) {
		if (!sigsetjmp(back, 1)) {
			recurse(1 << 20);
			fail("a stack of any depth");
		}
	}
	return arg;
}

static int altstack_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	thread_join(thread_start(overflow, NULL));
	return 0;
}

USER_PROGRAM("altstack", altstack_main, "a stack overflow is handled on the alternate stack");
