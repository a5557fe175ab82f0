/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The wait-for graph: who cannot go on before whom.
 *
 * Nodes are CPUs and threads. A CPU in a wait depends on the owner of the spinlock, or on each CPU
 * whose acknowledgement is missing and that cannot give it. A sleeping thread depends on the
 * holders of the lock (and on writers that came before it), on the readers of the index it waits
 * for, on a thread; a thread that runs depends on its CPU, one that is queued on the only CPU it
 * may run on. All edges of a node must go before it goes on, so any cycle is a deadlock.
 *
 * A CPU whose waits are nested is a node for each level: an acknowledgement needs only those waits
 * to end that have interrupts off, a lock only those that began with it held.
 *
 * Nothing is locked but the list of threads: a caller holds threads_try_lock. What is found is true
 * only if it is found again, with the same serials.
 */
#pragma once

#include "lab/waits.h"

struct thread;

struct waitfor_node {
	const struct thread *thread; /* NULL: a CPU */
	unsigned int cpu, level;     /* of a CPU, its waits from this level inwards */
};

struct waitfor_edge {
	struct waitfor_node from, to;
	unsigned int level; /* of @from's waits: which of them */
	struct wait wait;   /* kind WAIT_NONE: @from runs, or is queued, on CPU @to */
	u64 held_since_ns;  /* 0 if @to holds nothing that is known */
	u64 wanted_ns;	    /* when @to asked for it */
	unsigned long held_pc;
};

#define WAITFOR_CYCLE_MAX 8

struct waitfor_cycle {
	unsigned int nr;
	struct waitfor_edge edge[WAITFOR_CYCLE_MAX]; /* each from the @to of the one before */
};

#if LAB
/* Calls @fn for each edge out of @node until it returns true; whether it did. */
bool waitfor_edges(const struct waitfor_node *node,
		   bool (*fn)(const struct waitfor_edge *edge, void *arg), void *arg);
/* Looks for a cycle through @start. */
bool waitfor_find_cycle(const struct waitfor_node *start, struct waitfor_cycle *cycle);
/* A number for the cycle with all its waits: equal only for the very same ones. */
u64 waitfor_signature(const struct waitfor_cycle *cycle);
/* A CPU that waits with interrupts off can neither acknowledge nor be scheduled; *@level is that
 * wait's. */
bool waitfor_cannot_acknowledge(unsigned int cpu, unsigned int *level);
bool waitfor_cpu_waits(unsigned int cpu);
bool waitfor_thread_waits(const struct thread *thread);

/* --- lab/waitfor_print.c --- */
/* "waits for acknowledgements", "waits for mmap_sem 0x..., to write": what @wait is, in words. */
void waitfor_describe(char *buf, size_t size, const struct wait *wait);
/* "CPU 3 (utest[7])" or "thread utest[7]" */
void waitfor_name(char *buf, size_t size, const struct waitfor_node *node);
/*
 * The whole graph, as lines of text on the console and as Graphviz on the control channel, from
 * where the runner writes it to waitfor.dot; the edges of @cycle, which may be NULL, stand out.
 * @title has no quotes in it. threads_try_lock held.
 */
void waitfor_print(const char *title, const struct waitfor_cycle *cycle);
#endif
