/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of lockdep share: classes, edges, and a finding on its way to the console.
 *
 * lab/lockdep.c follows what each thread holds and decides what is worth a look; lockdep_class.c
 * knows the classes and the declared order, lockdep_graph.c the edges, lockdep_report.c prints.
 * graph_lock guards all tables; what is read without it says so.
 */
#pragma once

#include "lab/lockdep.h"

#if LAB
#define MAX_CLASSES 256
#define MAX_EDGES 1024
#define CLASS_WORDS (MAX_CLASSES / 64)
#define TRACE_MAX 10
#define PATH_MAX 8

enum class_base { BASE_SPINLOCK, BASE_SLEEPING, BASE_SEQCOUNT, BASE_SRCU, BASE_PSEUDO };

/* The first classes. */
enum pseudo_class { CLASS_IPI_ACK, CLASS_INTERRUPT, CLASS_RECLAIM, NR_PSEUDO_CLASSES };

struct lock_class {
	const char *name;
	u8 base; /* enum class_base */
	u8 subclass;
	u8 rank;	 /* in the declared order; 0: not declared */
	bool written;	 /* a sequence count that has had a writer */
	u16 told, told_before; /* kinds of findings other than edges that were reported: bits */
	u64 excluders[CLASS_WORDS]; /* classes that every writer of it held so far */
};

/* Who was where when something was seen. */
struct sight {
	char thread[16];
	int tid;
	unsigned int cpu;
	bool irqs_off, in_interrupt;
	unsigned int nr;
	unsigned long pc[TRACE_MAX];
};

/* Who holds @from may come to wait for @to. */
struct lock_edge {
	u16 from, to;
	u8 from_kind, to_kind;	/* enum hook_kind */
	unsigned long from_pc;	/* where from was taken */
	struct sight sight;	/* when to was wanted */
};

struct finding {
	enum lockdep_kind kind;
	const char *what;	/* the end of what, for LOCKDEP_LEFT */
	const void *lock;
	u16 class;		/* of the lock in question */
	u8 hook_kind;
	struct lock_edge edge;	/* the new one, of cycles and of order */
	unsigned int nr;	/* edges that lead back from edge.to to edge.from */
	struct lock_edge path[PATH_MAX];
	bool cut;		/* the cycle is longer than path */
	struct lockdep_stack stack; /* what was held, for the rest */
};

/* --- lab/lockdep_class.c --- */
extern struct lock_class lock_classes[MAX_CLASSES];
extern unsigned int nr_lock_classes;

void lockdep_class_init(void);
/* The class of a lock, made at its first sight; MAX_CLASSES if there is no room. Takes graph_lock
 * for a new one. */
unsigned int lockdep_class_of(enum hook_kind kind, const void *lock, unsigned int subclass);
/* The class as people read it, for instance "vm_sequence/1 (seqcount)". */
const char *lockdep_class_text(unsigned int class, char *buf, size_t size);
/* Parts of lockdep_learn_begin and lockdep_learn_forget. */
void lockdep_class_learn_begin(void);
void lockdep_class_learn_forget(void);
bool lockdep_order_violated(unsigned int from, unsigned int to);

/* --- lab/lockdep_graph.c; graph_lock held unless said otherwise --- */
unsigned long lockdep_graph_lock(void);
void lockdep_graph_unlock(unsigned long flags);
extern u64 lock_follows[MAX_CLASSES][CLASS_WORDS]; /* row: from, bit: to */
static inline bool lockdep_has_edge(unsigned int from, unsigned int to) /* without the lock */
{
	return READ_ONCE(lock_follows[from][to / 64]) >> (to % 64) & 1;
}
/*
 * Adds @edge unless it is known. True if it closes a cycle, is a recursion, or is against the
 * declared order, and was not reported so before: then @finding is filled.
 */
extern bool lockdep_edges_full; /* an edge found no room */
bool lockdep_add_edge(const struct lock_edge *edge, struct finding *finding);
/* The chain of locks with hash @key was looked at. The first without the lock. */
#define NR_CHAINS 8192 /* a power of two */
extern u64 lock_chains[NR_CHAINS];
static inline bool lockdep_chain_known(u64 key)
{
	unsigned int slot = key % NR_CHAINS;

	return READ_ONCE(lock_chains[slot]) == key || READ_ONCE(lock_chains[slot ^ 1]) == key;
}
void lockdep_chain_add(u64 key);
/* What is learned between the two is forgotten at the second. */
void lockdep_learn_begin(void);
void lockdep_learn_forget(void);
unsigned int lockdep_nr_edges(void);
const struct lock_edge *lockdep_edge(unsigned int i);

/* As if @edge had not been reported: the report could not be made. */
void lockdep_unreport(const struct lock_edge *edge);

/* --- lab/lockdep_report.c --- */
extern enum lockdep_expect lockdep_expected;
/* Takes @finding over, to be printed by lockdep_report; false while another one is. */
bool lockdep_report_prepare(const struct finding *finding);
/* Prints what was prepared, and counts it. No graph_lock. */
void lockdep_report(void);
/* Turns lockdep off, since @what is full. No graph_lock. */
void lockdep_full(const char *what);
#endif
