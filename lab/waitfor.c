/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The edges of the wait-for graph, and cycles in it.
 *
 * Owns the marks of the search; one search at a time, which the watchdog's claim of a look sees to.
 * Takes no locks and allocates nothing: runs in timer interrupts and NMIs. Pointers to threads that
 * come from locks are compared with the list and followed only if they are on it.
 * Source: hazards 9.1 to 9.3; INV-4.
 */
#include "lab/waitfor.h"

#if LAB
#include "kernel/mutex.h"
#include "kernel/string.h"
#include "kernel/srcu.h"
#include "kernel/thread.h"
#include "lab/holders.h"
#include "mm/tlb.h"

typedef bool (*edge_fn)(const struct waitfor_edge *edge, void *arg);

bool waitfor_cpu_waits(unsigned int cpu)
{
	return READ_ONCE(cpus[cpu]->waits.nr) > 0;
}

bool waitfor_thread_waits(const struct thread *thread)
{
	return READ_ONCE(thread->lab.waits.nr) > 0;
}

bool waitfor_cannot_acknowledge(unsigned int cpu, unsigned int *level)
{
	for (*level = 0; *level < MAX_WAITS; (*level)++) {
		struct wait wait = wait_sample(&cpus[cpu]->waits, *level);

		if (wait.kind != WAIT_NONE && wait.kind != WAIT_SYNC_POINT && wait.irqs_off)
			return true;
	}
	return false;
}

/* --- edges out of a CPU --- */

/* The first wait of @cpu that began with @lock held: those must end before it is released. */
static unsigned int level_of_lock(const struct cpu *cpu, const struct spinlock *lock)
{
	unsigned int nr = min(READ_ONCE(cpu->nr_held), (unsigned int)MAX_HELD_LOCKS), at = 0;
	unsigned int level = 0;

	while (at < nr && READ_ONCE(cpu->held[at]) != lock)
		at++;
	if (at == nr)
		return 0;
	while (level < MAX_WAITS && wait_sample(&cpu->waits, level).nr_held <= at)
		level++;
	return level;
}

static bool edge_to_owner(struct waitfor_edge *edge, edge_fn fn, void *arg)
{
	const struct spinlock *lock = edge->wait.object;
	unsigned int owner = READ_ONCE(lock->owner);

	if (!owner || owner > nr_cpus)
		return false;
	edge->to = (struct waitfor_node){ .cpu = owner - 1 };
	edge->to.level = level_of_lock(cpus[owner - 1], lock);
	return fn(edge, arg);
}

static bool edges_to_missing(struct waitfor_edge *edge, edge_fn fn, void *arg)
{
	unsigned int cpu, level;

	for_each_online_cpu(cpu)
	{
		if (!tlb_request_missing(edge->wait.object, cpu) ||
		    !waitfor_cannot_acknowledge(cpu, &level))
			continue;
		edge->to = (struct waitfor_node){ .cpu = cpu, .level = level };
		if (fn(edge, arg))
			return true;
	}
	return false;
}

static bool cpu_edges(const struct waitfor_node *node, edge_fn fn, void *arg)
{
	struct waitfor_edge edge = { .from = *node };

	for (edge.level = node->level; edge.level < MAX_WAITS; edge.level++) {
		edge.wait = wait_sample(&cpus[node->cpu]->waits, edge.level);
		if (edge.wait.kind == WAIT_SPINLOCK && edge_to_owner(&edge, fn, arg))
			return true;
		if (edge.wait.kind == WAIT_TLB_ACK && edges_to_missing(&edge, fn, arg))
			return true;
	}
	return false;
}

/* --- edges out of a thread --- */

/* Whether @other, a writer, stands before this wait in the queue of the same semaphore. */
static bool queued_before(const struct thread *other, const struct wait *wait)
{
	for (unsigned int level = 0; level < MAX_WAITS; level++) {
		struct wait theirs = wait_sample(&other->lab.waits, level);

		if (theirs.kind == WAIT_WRITE && theirs.object == wait->object)
			return theirs.since_ns < wait->since_ns;
	}
	return false;
}

/* Whether @thread keeps @wait from ending, and since when and where. */
static bool keeps_waiting(const struct thread *thread, const struct waitfor_edge *edge,
			  struct held_lock *held)
{
	const struct wait *wait = &edge->wait;

	switch (wait->kind) {
	case WAIT_READ:
	case WAIT_WRITE:
		return holders_has(thread, HOOK_WRITE, wait->object, held) ||
		       (wait->kind == WAIT_WRITE &&
			holders_has(thread, HOOK_READ, wait->object, held)) ||
		       (thread != edge->from.thread && queued_before(thread, wait));
	case WAIT_SRCU_GP:
		return holders_has(thread, HOOK_SRCU, wait->object, held) &&
		       held->index == wait->detail;
	case WAIT_THREAD:
		return thread == wait->object;
	default:
		return false;
	}
}

static bool edges_of_wait(struct waitfor_edge *edge, edge_fn fn, void *arg)
{
	const struct thread *thread;

	for_each_thread(thread) {
		struct held_lock held = { .since_ns = 0 };

		if (!keeps_waiting(thread, edge, &held))
			continue;
		edge->to = (struct waitfor_node){ .thread = thread };
		edge->held_since_ns = held.since_ns;
		edge->wanted_ns = held.wanted_ns;
		edge->held_pc = held.pc;
		if (fn(edge, arg))
			return true;
	}
	return false;
}

/* Awake: what keeps its CPU busy keeps it, too. */
static bool edge_to_cpu(const struct waitfor_node *node, edge_fn fn, void *arg)
{
	struct waitfor_edge edge = { .from = *node, .to.cpu = READ_ONCE(node->thread->cpu) };
	bool pinned = cpumask_weight(&node->thread->affinity) == 1;

	if (READ_ONCE(node->thread->on_cpu) ||
	    (pinned && READ_ONCE(node->thread->state) == THREAD_RUNNABLE && node->thread->on_rq))
		return fn(&edge, arg);
	return false;
}

static bool thread_edges(const struct waitfor_node *node, edge_fn fn, void *arg)
{
	struct waitfor_edge edge = { .from = *node };

	if (edge_to_cpu(node, fn, arg))
		return true;
	for (edge.level = 0; edge.level < MAX_WAITS; edge.level++) {
		edge.wait = wait_sample(&node->thread->lab.waits, edge.level);
		if (edge.wait.kind != WAIT_NONE && edges_of_wait(&edge, fn, arg))
			return true;
	}
	return false;
}

bool waitfor_edges(const struct waitfor_node *node, edge_fn fn, void *arg)
{
	return node->thread ? thread_edges(node, fn, arg) : cpu_edges(node, fn, arg);
}

/* --- cycles --- */

static struct {
	struct waitfor_cycle *cycle;
	struct waitfor_node start;
	u8 cpu_level[NR_CPUS]; /* looked at from this level on; MAX_WAITS: not yet */
	unsigned int nr_threads;
	const struct thread *threads[128]; /* looked at; more are looked at again */
} search;

/* Whether @node's edges have been followed; if not they have from now on. */
static bool search_seen(const struct waitfor_node *node)
{
	if (!node->thread) {
		if (search.cpu_level[node->cpu] <= node->level)
			return true;
		search.cpu_level[node->cpu] = (u8)node->level;
		return false;
	}
	for (unsigned int i = 0; i < search.nr_threads; i++)
		if (search.threads[i] == node->thread)
			return true;
	if (search.nr_threads < ARRAY_SIZE(search.threads))
		search.threads[search.nr_threads++] = node->thread;
	return false;
}

/* Back at the start, and what the start waits for there is what keeps the last one waiting. */
static bool search_closed(const struct waitfor_edge *edge)
{
	const struct waitfor_cycle *cycle = search.cycle;

	if (edge->to.thread || search.start.thread)
		return edge->to.thread == search.start.thread;
	return edge->to.cpu == search.start.cpu && cycle->edge[0].level >= edge->to.level;
}

static bool search_step(const struct waitfor_edge *edge, void *arg)
{
	struct waitfor_cycle *cycle = search.cycle;

	(void)arg;
	if (cycle->nr == WAITFOR_CYCLE_MAX)
		return false;
	cycle->edge[cycle->nr++] = *edge;
	if (search_closed(edge))
		return true;
	if (!search_seen(&edge->to) && waitfor_edges(&edge->to, search_step, NULL))
		return true;
	cycle->nr--;
	return false;
}

bool waitfor_find_cycle(const struct waitfor_node *start, struct waitfor_cycle *cycle)
{
	memset(search.cpu_level, MAX_WAITS, sizeof(search.cpu_level));
	search.nr_threads = 0;
	search.cycle = cycle;
	search.start = *start;
	cycle->nr = 0;
	return waitfor_edges(start, search_step, NULL);
}

static u64 mix(u64 hash, u64 value)
{
	return (hash ^ value) * 0x100000001b3ULL; /* FNV-1a, a word at a time */
}

u64 waitfor_signature(const struct waitfor_cycle *cycle)
{
	u64 signature = cycle->nr;

	for (unsigned int i = 0; i < cycle->nr; i++) {
		const struct waitfor_edge *edge = &cycle->edge[i];

		signature = mix(signature, edge->from.thread ? (u64)edge->from.thread->tid
							     : edge->from.cpu);
		signature = mix(signature, edge->wait.serial);
		signature = mix(signature, edge->held_since_ns);
	}
	return signature;
}
#endif
