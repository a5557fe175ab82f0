/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The graph of lock classes: its edges, the search for a cycle, and the hashes of chains seen.
 *
 * Edges are kept twice, as rows of bits for the search and as records with the place of their
 * first sight for reports. An edge that closes a cycle is not added: the graph stays acyclic, and
 * each further edge is judged against what was right. It is only marked as reported.
 *
 * A chain is what a thread holds plus what it wants, with the state of interrupts, as a hash of 64
 * bits. All that is judged follows from the chain, so one that is known needs no second look; the
 * table of known ones is a cache that may forget.
 *
 * Locking: graph_lock, a raw word, since lockdep must not hook itself. Interrupts are off under it,
 * nothing is printed and nothing waited for. Bits and chains are also read without it.
 * Source: the idea of lock classes and chains is that of Linux's lockdep (I. Molnar, 2006).
 */
#include "lab/lockdep_internal.h"

#if LAB
#include "kernel/atomic.h"
#include "kernel/cpu.h"
#include "kernel/string.h"
#include "lab/bug.h"

static u32 graph_lock;
u64 lock_follows[MAX_CLASSES][CLASS_WORDS];
static u64 reported[MAX_CLASSES][CLASS_WORDS], reported_before[MAX_CLASSES][CLASS_WORDS];
static struct lock_edge edges[MAX_EDGES];
static unsigned int nr_edges, nr_edges_before;
u64 lock_chains[NR_CHAINS];
bool lockdep_edges_full;

unsigned long lockdep_graph_lock(void)
{
	unsigned long flags = irq_save();

	while (xchg(&graph_lock, 1)) /* bounded: who holds it waits for nothing */
		cpu_relax();
	return flags;
}

void lockdep_graph_unlock(unsigned long flags)
{
	smp_store_release(&graph_lock, 0);
	irq_restore(flags);
}

static bool bit_test(const u64 row[CLASS_WORDS], unsigned int bit)
{
	return READ_ONCE(row[bit / 64]) >> (bit % 64) & 1;
}

static void bit_set(u64 row[CLASS_WORDS], unsigned int bit)
{
	WRITE_ONCE(row[bit / 64], row[bit / 64] | 1ULL << (bit % 64));
}

/*
 * Breadth first from @start: the shortest way to @target. via[] tells for each class on it from
 * which it was reached. False if there is none.
 */
static bool search(unsigned int start, unsigned int target, u16 via[MAX_CLASSES])
{
	static u16 queue[MAX_CLASSES];
	static u64 seen[CLASS_WORDS];
	unsigned int head = 0, tail = 0;

	memset(seen, 0, sizeof(seen));
	bit_set(seen, start);
	queue[tail++] = (u16)start;
	while (head < tail) {
		unsigned int from = queue[head++];

		if (from == target)
			return true;
		for (unsigned int word = 0; word < CLASS_WORDS; word++) {
			u64 new = lock_follows[from][word] & ~seen[word];

			for (; new; new &= new - 1) {
				unsigned int to = word * 64 + (unsigned int)__builtin_ctzll(new);

				bit_set(seen, to);
				via[to] = (u16)from;
				queue[tail++] = (u16)to;
			}
		}
	}
	return false;
}

static const struct lock_edge *find_edge(unsigned int from, unsigned int to)
{
	for (unsigned int i = 0; i < nr_edges; i++)
		if (edges[i].from == from && edges[i].to == to)
			return &edges[i];
	return NULL;
}

/* The edges of the way that search found, in its direction. */
static void fill_path(struct finding *finding, unsigned int start, unsigned int target,
		      const u16 via[MAX_CLASSES])
{
	unsigned int length = 0, i;

	for (i = target; i != start; i = via[i])
		length++;
	finding->cut = length > PATH_MAX;
	finding->nr = min(length, (unsigned int)PATH_MAX);
	for (i = target; i != start; i = via[i])
		if (--length < PATH_MAX)
			finding->path[length] = *find_edge(via[i], i);
}

static bool path_has(const struct finding *finding, unsigned int class)
{
	bool has = finding->edge.from == class || finding->edge.to == class;

	for (unsigned int i = 0; i < finding->nr; i++)
		has |= finding->path[i].from == class;
	return has;
}

static enum lockdep_kind cycle_kind(const struct finding *finding)
{
	if (path_has(finding, CLASS_IPI_ACK))
		return LOCKDEP_IPI;
	return path_has(finding, CLASS_INTERRUPT) ? LOCKDEP_IRQ : LOCKDEP_CYCLE;
}

/* Whether @edge is a defect, and which. */
static enum lockdep_kind judge(const struct lock_edge *edge, struct finding *finding)
{
	static u16 via[MAX_CLASSES];

	finding->edge = *edge;
	finding->nr = 0;
	if (edge->from == edge->to)
		return LOCKDEP_RECURSION;
	if (search(edge->to, edge->from, via)) {
		fill_path(finding, edge->to, edge->from, via);
		return cycle_kind(finding);
	}
	return lockdep_order_violated(edge->from, edge->to) ? LOCKDEP_ORDER : LOCKDEP_NONE;
}

bool lockdep_add_edge(const struct lock_edge *edge, struct finding *finding)
{
	if (lockdep_has_edge(edge->from, edge->to) || bit_test(reported[edge->from], edge->to))
		return false;
	finding->kind = judge(edge, finding);
	if (finding->kind != LOCKDEP_NONE && finding->kind != LOCKDEP_ORDER) {
		bit_set(reported[edge->from], edge->to);
		return true;
	}
	if (nr_edges >= (bug(lockdep_no_room) ? 8 : MAX_EDGES)) {
		lockdep_edges_full = true;
		return false;
	}
	edges[nr_edges++] = *edge;
	bit_set(lock_follows[edge->from], edge->to);
	return finding->kind == LOCKDEP_ORDER;
}

void lockdep_unreport(const struct lock_edge *edge)
{
	u64 *row = reported[edge->from];

	WRITE_ONCE(row[edge->to / 64], row[edge->to / 64] & ~(1ULL << (edge->to % 64)));
}

void lockdep_chain_add(u64 key)
{
	u64 slot = key % NR_CHAINS;

	if (lock_chains[slot])
		WRITE_ONCE(lock_chains[slot ^ 1], lock_chains[slot]);
	WRITE_ONCE(lock_chains[slot], key);
}

void lockdep_learn_begin(void)
{
	nr_edges_before = nr_edges;
	memcpy(reported_before, reported, sizeof(reported));
	lockdep_class_learn_begin();
}

void lockdep_learn_forget(void)
{
	nr_edges = nr_edges_before;
	memcpy(reported, reported_before, sizeof(reported));
	memset(lock_follows, 0, sizeof(lock_follows));
	for (unsigned int i = 0; i < nr_edges; i++)
		bit_set(lock_follows[edges[i].from], edges[i].to);
	memset(lock_chains, 0, sizeof(lock_chains));
	lockdep_class_learn_forget();
}

unsigned int lockdep_nr_edges(void)
{
	return READ_ONCE(nr_edges);
}

const struct lock_edge *lockdep_edge(unsigned int i)
{
	return &edges[i];
}
#endif
