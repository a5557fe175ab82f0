/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two places where the machine itself would break the kernel without its barriers: the sequence
 * count (MO-1) and who flushes against who loads an address space (MO-6).
 *
 * Stores go through a buffer, one a CPU, before others see them. On a weak machine (the default; as
 * ppc64le) they leave it in any order; with TSO (x86_64) in the order in which they were made. A
 * load looks at the CPU's own buffer first. smp_wmb on the weak machine waits until the buffer is
 * empty, which is stronger than a machine needs and no stronger than the kernel relies on; on TSO
 * it does nothing. Loads of the reader in MO-1 are made in any order between read barriers.
 *
 *   here            kernel
 *   seq_writer      write_seqcount_begin, two fields of a VMA, write_seqcount_end
 *   seq_reader      raw_read_seqcount, the fields, read_seqcount_retry: believed if nothing moved
 *   flusher         zap: pte_get_and_clear; tlb_flush_range: atomic64_inc_return (a full barrier),
 *                   then the loads of mm->cpus in tlb_flush_others
 *   loader          mm_switch: cpumask_set (a full barrier), then arch_mmu_switch: the CPU's walks
 *
 * MASK checks MO-6, else MO-1. Broken on purpose:
 *   NO_WMB   the sequence count without its write barriers; on TSO nothing comes of it, which is
 *            why x86_64 alone would never show that they are missing
 *   NO_RMB   without its read barriers
 *   NO_MB    MO-6 with plain stores: even TSO lets a load pass a store
 */
#define CELLS 3
#define NONE 255

byte mem[CELLS];
byte buf[CELLS * 2] = NONE; /* by CPU and cell: the value that waits */
byte order[CELLS * 2];	    /* its place in the queue */
byte made[2], gone[2];

#define SLOT(cpu, cell) ((cpu) * CELLS + (cell))
#define EMPTY(cpu) (buf[SLOT(cpu, 0)] == NONE && buf[SLOT(cpu, 1)] == NONE && \
		    buf[SLOT(cpu, 2)] == NONE)

#ifdef TSO
#define MAY_LEAVE(cpu, cell) (buf[SLOT(cpu, cell)] != NONE && order[SLOT(cpu, cell)] == gone[cpu])
#else
#define MAY_LEAVE(cpu, cell) (buf[SLOT(cpu, cell)] != NONE)
#endif

/* A second store to a cell waits until the first has left. */
inline store(cpu, cell, value)
{
	atomic {
		buf[SLOT(cpu, cell)] == NONE ->
		buf[SLOT(cpu, cell)] = value;
		order[SLOT(cpu, cell)] = made[cpu];
		made[cpu]++
	}
}

#define load(cpu, cell) (buf[SLOT(cpu, cell)] != NONE -> buf[SLOT(cpu, cell)] : mem[cell])

inline leave(cpu, cell)
{
	mem[cell] = buf[SLOT(cpu, cell)];
	buf[SLOT(cpu, cell)] = NONE;
	gone[cpu]++
}

proctype drain(byte cpu)
{
end:
	do
	:: atomic { MAY_LEAVE(cpu, 0) -> leave(cpu, 0) }
	:: atomic { MAY_LEAVE(cpu, 1) -> leave(cpu, 1) }
#ifndef MASK
	:: atomic { MAY_LEAVE(cpu, 2) -> leave(cpu, 2) }
#endif
	od
}

inline full_barrier(cpu)
{
	EMPTY(cpu)
}

inline write_barrier(cpu)
{
#if !defined(TSO) && !defined(NO_WMB)
	EMPTY(cpu)
#else
	skip
#endif
}

#ifndef MASK
/* --- MO-1 --- */
#define SEQ 0
#define START 1
#define END 2

proctype seq_writer()
{
	store(0, SEQ, 1);
	write_barrier(0);
	store(0, START, 1);
	store(0, END, 1);
	write_barrier(0);
	store(0, SEQ, 2)
}

proctype seq_reader()
{
	byte first, start, stop, again;

#ifdef NO_RMB
	/* The last load is made early, for example. */
	again = load(1, SEQ);
#endif
	first = load(1, SEQ);
	if
	:: start = load(1, START); stop = load(1, END)
	:: stop = load(1, END); start = load(1, START)
	fi;
#ifndef NO_RMB
	again = load(1, SEQ);
#endif
	assert((first & 1) || first != again || start == stop)
}

#else
/* --- MO-6 --- */
#define CLEARED 0 /* the entry has gone */
#define LOADED 1  /* the bit in mm->cpus */

bool asks, stale, flushed, walked;

proctype flusher()
{
	byte bit_set;

	store(0, CLEARED, 1);
#ifndef NO_MB
	full_barrier(0);
#endif
	bit_set = load(0, LOADED);
	asks = bit_set;
	flushed = true
}

proctype loader()
{
	byte cleared;

	store(1, LOADED, 1);
#ifndef NO_MB
	full_barrier(1);
#endif
	cleared = load(1, CLEARED);
	stale = !cleared;
	walked = true
}

/* Who walked the old entry and was not asked keeps it for ever. */
proctype judge()
{
	flushed && walked;
	assert(asks || !stale)
}
#endif

init
{
	atomic {
		run drain(0);
		run drain(1);
#ifdef MASK
		run flusher();
		run loader();
		run judge()
#else
		run seq_writer();
		run seq_reader()
#endif
	}
}
