/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SRCU's grace periods against its readers: kernel/srcu.h and kernel/srcu.c.
 *
 * One updater replaces an object again and again: it links version n + 1 in place of version n,
 * waits for a grace period and frees version n. Readers come and go meanwhile, on any CPU, and
 * leave on any CPU. The claim, INV-7: whoever is inside a read section does not see what it found
 * freed.
 *
 *   here              kernel
 *   reader, line idx  srcu_read_lock: READ_ONCE(srcu->idx), long before the count for all we know
 *   reader, locks     srcu_read_lock: smp_inc_mb of this CPU's locks; a full barrier on either side
 *   reader, seen      the caller's lockless walk finds an object
 *   reader, unlocks   srcu_read_unlock, maybe on another CPU
 *   sum_unlocks,      srcu_idle: counter by counter, since other CPUs count on meanwhile
 *   sum_locks
 *   wait_idle         srcu_wait_idle
 *   synchronize       synchronize_srcu; gp_mutex lets one in at a time, hence one updater
 *   updater           call_srcu and srcu_work, with one callback for each grace period
 *
 * Steps are interleaved in every order but not reordered: each of the reader's stores lies between
 * full barriers, and so do the updater's (MO-7). Without the reader's barrier: NO_BARRIER.
 *
 * Broken on purpose:
 *   ONE_FLIP     waits for the old index only: a reader that had read the index before the last
 *                flip but one is not waited for
 *   LOCKS_FIRST  sums locks before unlocks: one who comes and goes between the sums hides one who
 *                stays
 *   NO_BARRIER   the reader looks before others can see that it is counted in
 *   NO_WAIT      frees at once, as bug=srcu_free_at_once does
 */
#define CPUS 2
#define UPDATES 2

typedef counters {
	byte locks[2];
	byte unlocks[2];
};

counters cpu[CPUS];
bit srcu_idx;
byte linked;		     /* the version that readers find */
bool freed[UPDATES + 1];

inline any_cpu(which)
{
	if
	:: which = 0
	:: which = 1
	fi
}

proctype reader(byte sections)
{
	byte seen, here;
	bit idx;

	do
	:: sections > 0 ->
		idx = srcu_idx;
		any_cpu(here);
#ifdef NO_BARRIER
		seen = linked;
		cpu[here].locks[idx]++;
#else
		cpu[here].locks[idx]++;
		seen = linked;
#endif
		any_cpu(here);
		assert(!freed[seen]);
		atomic { cpu[here].unlocks[idx]++; seen = 0; here = 0; idx = 0; sections-- }
	:: else -> break
	od
}

inline sum_unlocks(idx)
{
	unlocks = cpu[0].unlocks[idx];
	unlocks = unlocks + cpu[1].unlocks[idx]
}

inline sum_locks(idx)
{
	locks = cpu[0].locks[idx];
	locks = locks + cpu[1].locks[idx]
}

inline wait_idle(idx)
{
	do
	::
#ifdef LOCKS_FIRST
		sum_locks(idx);
		sum_unlocks(idx);
#else
		sum_unlocks(idx);
		sum_locks(idx);
#endif
		if
		:: locks == unlocks -> break
		:: else
		fi
	od
}

#ifdef ONE_FLIP
#define FLIPS 1
#else
#define FLIPS 2
#endif

inline synchronize()
{
	flips = 0;
	do
	:: flips < FLIPS ->
		old = srcu_idx;
		srcu_idx = 1 - old;
		wait_idle(old);
		flips++
	:: else -> break
	od
}

proctype updater()
{
	byte locks, unlocks, flips;
	bit old;

	do
	:: linked < UPDATES ->
		linked++;
#ifndef NO_WAIT
		synchronize();
#endif
		freed[linked - 1] = true
	:: else -> break
	od
}

init
{
	atomic {
		run updater();
		run reader(2);
		run reader(1)
	}
}
