/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Accesses that may get SIGSEGV: the handler records it and jumps back to the try_ function of its
 * thread. Everything here is a thread's own.
 */
#include "tests/user/util.h"

#include <setjmp.h>

_Thread_local struct segv last_segv;
static _Thread_local volatile sig_atomic_t armed;
static _Thread_local sigjmp_buf jump;

static void on_segv(int signo, siginfo_t *info, void *context)
{
	(void)context;
	if (!armed) {
		signal(signo, SIG_DFL); /* the access repeats and kills */
		return;
	}
	armed = 0;
	last_segv.count++;
	last_segv.addr = (uintptr_t)info->si_addr;
	last_segv.code = info->si_code;
	siglongjmp(jump, 1);
}

/* SA_NODEFER: the jump out of the handler then leaves no mask to restore. */
void segv_catch(void)
{
	struct sigaction action = {.sa_sigaction = on_segv, .sa_flags = SA_SIGINFO | SA_NODEFER};

	check(!sigaction(SIGSEGV, &action, NULL), "sigaction: %s", strerror(errno));
}

bool try_write(volatile uint64_t *word, uint64_t value)
{
	if (sigsetjmp(jump, 0))
		return false;
	armed = 1;
	*word = value;
	armed = 0;
	return true;
}

bool try_read(volatile uint64_t *word, uint64_t *value)
{
	if (sigsetjmp(jump, 0))
		return false;
	armed = 1;
	*value = *word;
	armed = 0;
	return true;
}

bool try_call(const void *code)
{
	void (*function)(void) = (void (*)(void))(uintptr_t)code;

	if (sigsetjmp(jump, 0))
		return false;
	armed = 1;
	function();
	armed = 0;
	return true;
}
