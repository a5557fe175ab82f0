/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A page table that is zapped, unlinked and freed, against speculative faults that walk to it
 * without mmap_sem: INV-1, INV-3, MO-3 and MO-4.
 *
 * One CPU unmaps the only VMA. Two take a speculative fault in it, whose entry is empty. Two
 * claims: nobody touches the table once it is freed, and it is empty when it is.
 *
 *   here           kernel
 *   dead, seq      vma_unlink's mark, vma->vm_sequence: vma_unmap, zap_detached
 *   zap            zap_ptes, under the PTL
 *   unlink         free_tables_pmd: the entry that leads to the table is cleared
 *   shootdown      gather_flush: tlb_flush_range waits until every CPU has taken an interrupt
 *   walk           spf_sample_vma, then with interrupts off spf_changed and spf_walk
 *   prepare        page_alloc_zeroed with interrupts on: the walk's window is closed
 *   revalidate     spf_revalidate: vm_sequence, and the entry that was walked through
 *   lock, recheck  spf_try_lock: the PTL, then vm_sequence once more
 *
 * Broken on purpose:
 *   FREE_AT_ONCE  frees without waiting for interrupts, as bug=tables_free_at_once does
 *   WALK_OPEN     walks with interrupts on
 *   NO_REVALIDATE takes the table's lock after the window was open without a look: patch 03's pmd
 *                 comparison and L-35
 *   NO_RECHECK    does not look at vm_sequence under the PTL, as bug=skip_seq_recheck does
 *   LATE_SECTION  the unmapper zaps before it opens its section
 */
#define WALKERS 2

bool dead, linked = true, entry, freed;
byte seq;
bool ptl;
bool irqs_on[WALKERS] = true;
bool asked[WALKERS];

proctype interrupt(byte me)
{
end:
	do
	:: atomic { irqs_on[me] && asked[me] -> asked[me] = false }
	od
}

inline touch()
{
	assert(!freed)
}

/* Ends the attempt: the classic path takes over, and finds no VMA. */
#define give_up irqs_on[me] = true; goto done

proctype walker(byte me)
{
	byte sample;
	bool prepare;

	sample = seq;
	if
	:: (sample & 1) || dead -> goto done
	:: else
	fi;
#ifndef WALK_OPEN
	irqs_on[me] = false;
#endif
	if
	:: seq != sample -> give_up
	:: else
	fi;
	if
	:: !linked -> give_up
	:: else
	fi;
	touch();		/* orig_pte = pte_read(vmf->pte) */
	if
	:: prepare = true	/* a write: a page is prepared first */
	:: prepare = false	/* a read: the lock is taken in the walk's window */
	fi;
	if
	:: prepare ->
		irqs_on[me] = true;
#ifndef WALK_OPEN
		irqs_on[me] = false;
#endif
#ifndef NO_REVALIDATE
		if
		:: seq != sample -> give_up
		:: else
		fi;
		if
		:: !linked -> give_up
		:: else
		fi
#endif
	:: else
	fi;
	touch();		/* the lock lives with the table */
	if
	:: atomic { !ptl -> ptl = true }
	:: else -> give_up	/* policy abort */
	fi;
#ifndef NO_RECHECK
	if
	:: seq != sample -> ptl = false; give_up
	:: else
	fi;
#endif
	irqs_on[me] = true;
	touch();
	entry = true;		/* pte_set */
	touch();
	ptl = false;
done:
	irqs_on[me] = true
}

inline zap()
{
	atomic { !ptl -> ptl = true };
	entry = false;
	ptl = false
}

inline shootdown()
{
	asked[0] = true;
	asked[1] = true;
	!asked[0];
	!asked[1]
}

proctype unmapper()
{
	dead = true;
#ifdef LATE_SECTION
	zap();
	seq++;
#else
	seq++;
	zap();
#endif
	seq++;
	linked = false;
#ifndef FREE_AT_ONCE
	shootdown();
#endif
	assert(!entry);
	freed = true
}

init
{
	atomic {
		run interrupt(0);
		run interrupt(1);
		run walker(0);
		run walker(1);
		run unmapper()
	}
}
