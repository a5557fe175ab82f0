/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `signals`: masks, nesting, reset, and jumps out of handlers, as Linux has them.
 *
 * Handlers append to a string what they did; the string must come out as expected. `(` and `)`
 * are the begin and end of the handler of SIGUSR1, 2 is that of SIGUSR2.
 */
#include "tests/user/util.h"

#include <setjmp.h>

static char trail[32];
static volatile sig_atomic_t trail_len;
static volatile sig_atomic_t resend; /* what the handler of SIGUSR1 still sends from inside */
static int resend_signal;

static void note(char what)
{
	if (trail_len < (int)sizeof(trail) - 1)
		trail[trail_len++] = what;
}

/* To this thread; an unblocked signal is delivered before the call returns. */
static void send_self(int signo)
{
	check(!syscall(SYS_tkill, gettid(), signo), "tkill: %s", strerror(errno));
}

static void expect_trail(const char *what, const char *expected)
{
	check(!strcmp(trail, expected), "%s: '%s' instead of '%s'", what, trail, expected);
	memset(trail, 0, sizeof(trail));
	trail_len = 0;
}

static void on_usr1(int signo)
{
	(void)signo;
	note('(');
	if (resend > 0) {
		resend--;
		send_self(resend_signal);
	}
	note(')');
}

static void on_usr2(int signo)
{
	(void)signo;
	note('2');
}

static void handle(int signo, void (*handler)(int), int flags, int masked)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

	sigemptyset(&action.sa_mask);
	if (masked)
		sigaddset(&action.sa_mask, masked);
	check(!sigaction(signo, &action, NULL), "sigaction: %s", strerror(errno));
}

static void run_nested(const char *what, int flags, int masked, int inner, const char *expected)
{
	handle(SIGUSR1, on_usr1, flags, masked);
	resend = 1;
	resend_signal = inner;
	send_self(SIGUSR1);
	expect_trail(what, expected);
}

static void test_nesting(void)
{
	handle(SIGUSR2, on_usr2, 0, 0);
	run_nested("another signal interrupts a handler", 0, 0, SIGUSR2, "(2)");
	run_nested("sa_mask defers another signal", 0, SIGUSR2, SIGUSR2, "()2");
	run_nested("a handler defers its own signal", 0, 0, SIGUSR1, "()()");
	run_nested("SA_NODEFER does not", SA_NODEFER, 0, SIGUSR1, "(())");
}

static void test_mask(void)
{
	struct sigaction action;
	sigset_t set, old;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	send_self(SIGUSR2);
	send_self(SIGUSR2);
	expect_trail("a blocked signal waits", "");
	pthread_sigmask(SIG_UNBLOCK, &set, &old);
	expect_trail("two blocked signals are one", "2");
	check(sigismember(&old, SIGUSR2), "the old mask lacks the signal");

	handle(SIGUSR2, on_usr2, SA_RESETHAND, 0);
	send_self(SIGUSR2);
	sigaction(SIGUSR2, NULL, &action);
	check(action.sa_handler == SIG_DFL, "SA_RESETHAND left the handler in place");
	handle(SIGUSR2, SIG_IGN, 0, 0);
	send_self(SIGUSR2);
	expect_trail("handled once, then ignored", "2");
}

/* --- jumps --- */
static sigjmp_buf back;

static void on_jump(int signo)
{
	siglongjmp(back, signo);
}

static void test_jump(void)
{
	volatile int jumps = 0;
	sigset_t mask;

	handle(SIGUSR1, on_jump, 0, SIGUSR2);
	if (sigsetjmp(back, 1) == SIGUSR1)
		jumps++;
	if (jumps < 3)
		send_self(SIGUSR1);
	check(jumps == 3, "%d jumps out of a handler instead of 3", jumps);
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	check(!sigismember(&mask, SIGUSR1) && !sigismember(&mask, SIGUSR2),
	      "the jump did not restore the mask");
}

static int signals_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	test_nesting();
	test_mask();
	test_jump();
	return 0;
}

USER_PROGRAM("signals", signals_main, "masks, nesting, reset, jumps out of handlers");
