/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Probes: what this machine can show at all.
 *
 * A test that looks for the trace of a missing flush passes on a machine that never keeps a stale
 * translation, and fails on one whose own broadcast flush is late. So it asks first, and where the
 * answer is not the one it needs it is skipped: "not decidable here". A probe runs when something
 * asks for it for the first time: a test, the boot word probes=1, or list=probes. It takes
 * milliseconds, or a third of a second where CPUs that run at once share a host's core; its answer
 * stands on the console and, as probe_NAME, on the control channel.
 */
#pragma once

#include "kernel/types.h"

#define PROBE_LIST(X)                                                                              \
	X(stale_translation, "a translation outlives a change of its entry until it is flushed")   \
	X(store_reordering, "a CPU's load overtakes its earlier store")                            \
	X(broadcast_waits, "when a broadcast flush returns, no CPU uses the translation any more")

enum probe_id {
#define X(name, what) PROBE_##name,
	PROBE_LIST(X)
#undef X
	NR_PROBES
};

enum probe_answer {
	PROBE_UNKNOWN, /* it could not be found out here */
	PROBE_NO,      /* for what happens by chance: not once in all rounds */
	PROBE_YES,
};

#if LAB
/* The answer of probe @id, which runs now if it has not yet. Sleeps; nothing else may be running.
 */
enum probe_answer probe_ask(enum probe_id id);
/* Why PROBE_UNKNOWN, or how it was found out; good as long as the kernel runs. */
const char *probe_reason(enum probe_id id);
void probe_ask_all(void);
/* Asks all, and prints what each is about. */
void probe_print_list(void);
#else
static inline enum probe_answer probe_ask(enum probe_id id)
{
	(void)id;
	return PROBE_UNKNOWN;
}
static inline const char *probe_reason(enum probe_id id)
{
	(void)id;
	return "a kernel without instruments has no probes";
}
#endif
