/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lock of a page table (PTL) against the shootdown: hazards 9.1 to 9.3, INV-4.
 *
 * Three CPUs run threads of one address space. Each does a few of these, chosen freely, at one of
 * two page tables: a zap, which flushes with the PTL held; a first write to the page of zeroes,
 * which does so too; a speculative fault, which takes the PTL with interrupts off. The claim:
 * everybody gets through. A CPU that waits for ever leaves an end state that is not valid.
 *
 *   here          kernel
 *   lock_open     spin_lock with interrupts on: sleeps or spins, takes interrupts meanwhile
 *   flush         tlb_flush_range: tlb_send, then tlb_wait, interrupts on, until all have answered
 *   interrupt     IPI_TLB, tlb_ipi_handle: serves every request in the inbox; runs when the CPU has
 *                 interrupts on, also while it waits for a lock or for answers itself
 *   zap           zap_ptes with a batch that is full: gather_flush under the PTL
 *   cow           fault_replace_zero: tlb_flush_page under the PTL
 *   spf           spf_attempt's window: irq_disable, walk, spf_try_lock with the policy of mm/ptl.h
 *   classic       what a refused attempt becomes: vm_fault_lock
 *
 * Policies (mm/ptl_*.c): abort, one try (the default here); LOOP, again with interrupts opened in
 * between, up to TRIES times; SPIN, waits with interrupts off. With SPIN there must be a deadlock.
 * FLUSH_CLOSED waits for answers with interrupts off, what BUG_ON(!irq_enabled()) in
 * tlb_flush_range forbids: two who flush at once then wait for each other.
 */
#define CPUS 3
#define TABLES 2
#define TRIES 2
#define NOBODY 255

byte ptl[TABLES] = NOBODY;
bool irqs_on[CPUS] = true;
byte inbox[CPUS];   /* bit n: CPU n asks */
byte pending[CPUS]; /* bit n: CPU n has not answered this CPU's request */

#define BIT(n) (1 << (n))
#define ALL (BIT(CPUS) - 1)

/* One step: it has interrupts off and waits for nothing. */
proctype interrupt(byte me)
{
	byte from;

end:
	do
	:: atomic {
		irqs_on[me] && inbox[me] ->
		from = 0;
		do
		:: from < CPUS ->
			if
			:: inbox[me] & BIT(from) -> pending[from] = pending[from] & ~BIT(me)
			:: else
			fi;
			from++
		:: else -> break
		od;
		inbox[me] = 0
	}
	od
}

inline lock_open(table)
{
	atomic { ptl[table] == NOBODY -> ptl[table] = me }
}

inline unlock(table)
{
	assert(ptl[table] == me);
	ptl[table] = NOBODY
}

inline flush()
{
	pending[me] = ALL & ~BIT(me);
	do
	:: target < CPUS ->
		atomic {
			if
			:: target != me -> inbox[target] = inbox[target] | BIT(me)
			:: else
			fi;
			target++
		}
	:: else -> target = 0; break
	od;
#ifdef FLUSH_CLOSED
	irqs_on[me] = false;
#endif
	assert(ptl[t] == me);
	pending[me] == 0;
	irqs_on[me] = true
}

#ifdef LOOP
#define LIMIT TRIES
#else
#define LIMIT 1
#endif

/* A try in the window of the walk: got says how it ended. Interrupts off. */
inline try_ptl(table)
{
	atomic {
		if
		:: ptl[table] == NOBODY -> ptl[table] = me; got = true
		:: else -> got = false
		fi
	}
#ifdef SPIN
	if
	:: !got -> lock_open(table); got = true
	:: else
	fi
#endif
}

inline spf()
{
	do
	::
		irqs_on[me] = false;
		try_ptl(t);
		irqs_on[me] = true;
		tries++;
		if
		:: got || tries == LIMIT -> tries = 0; break
		:: else
		fi
	od;
	if
	:: got
	:: else -> lock_open(t) /* the classic path */
	fi;
	unlock(t)
}

/* A zap, and a write to the page of zeroes: the same locks in the same order. */
inline zap_or_cow()
{
	lock_open(t);
	flush();
	unlock(t)
}

proctype thread(byte me; byte rounds)
{
	byte t, target, tries;
	bool got;

	do
	:: rounds > 0 ->
		if
		:: t = 0
		:: t = 1
		fi;
		if
		:: zap_or_cow()
		:: spf()
		fi;
		atomic { rounds--; got = false; t = 0 }
	:: else -> break
	od
}

init
{
	atomic {
		run interrupt(0);
		run interrupt(1);
		run interrupt(2);
		run thread(0, 2);
		run thread(1, 1);
		run thread(2, 1)
	}
}
