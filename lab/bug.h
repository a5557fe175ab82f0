/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bug switches: deliberate, documented defects, off by default, set by the boot word bug=NAME.
 *
 * if (bug(srcu_free_at_once)) ... costs a load and a predicted branch, and nothing with LAB=0.
 * Each counts how often it was reached while on: a defect that never ran proves nothing.
 */
#pragma once

#include "kernel/types.h"

#define BUG_LIST(X)                                                                                \
	X(ptl_spin_irqs_off, "speculative faults spin for the PTL with interrupts off (INV-4)")    \
	X(srcu_free_at_once, "VMAs are freed without waiting for readers (INV-7)")                 \
	X(srcu_one_flip, "a grace period waits for one of the two indices only (MO-7)")            \
	X(srcu_locks_first, "a grace period sums those who came before those who left (MO-7)")     \
	X(srcu_barrier_early, "a barrier waits for callbacks to be taken, not to have run")        \
	X(srcu_reader_no_mb, "readers look before they are seen to be inside (MO-7)")              \
	X(srcu_gp_no_mb, "a grace period looks for readers without any barrier (MO-7)")            \
	X(tlb_flush_no_mb, "a flush reads the mask of CPUs before its entries are gone (MO-6)")    \
	X(mm_switch_no_mb, "a CPU walks tables before its bit in the mask is seen (MO-6)")         \
	X(ipi_count_no_mb, "a CPU walks tables before its last interrupt is counted (MO-11)")      \
	X(tlb_ask_no_mb, "a shootdown request is found before it is complete (MO-12)")             \
	X(tlb_halt_no_mb, "an initiator sleeps before that is seen (MO-13)")                       \
	X(tlb_answer_no_mb, "who sleeps is looked for before the answer is seen (MO-13)")          \
	X(pte_set_no_release, "an entry is seen before what is in its page (MO-5)")                \
	X(table_set_no_release, "an entry is seen before its table is empty (MO-5)")               \
	X(anon_vma_no_release, "an anon_vma is found before its count is set (MO-14)")             \
	X(seq_begin_no_wmb, "no barrier between a section's odd count and its stores (MO-1)")      \
	X(seq_end_no_wmb, "no barrier between a section's stores and its even count (MO-1)")       \
	X(seq_read_no_rmb, "what a reader loads may come before the count it begins with (MO-1)")  \
	X(seq_retry_no_rmb, "a reader's last look at the count may come too early (MO-1)")         \
	X(unlock_no_release, "a lock is given back before what was done under it is seen (MO-4)")  \
	X(tlb_wait_no_mb, "what follows a flush may come before the answers (MO-15)")              \
	X(tlbie_no_sync, "a broadcast flush comes before its entries are gone (MO-6)")             \
	X(skip_dead_mark, "speculation does not look whether the VMA was unlinked (L-17)")         \
	X(skip_anon_vma_check, "speculation writes first in a VMA without an anon_vma (L-14)")     \
	X(skip_bounds_check, "speculation trusts the walk's VMA without its bounds checked (7.8)") \
	X(skip_seq_recheck, "speculation does not look at vm_sequence again under the PTL (MO-4)") \
	X(walk_irqs_on, "speculative faults walk and take the PTL with interrupts on (INV-3)")     \
	X(shootdown_one_short, "a shootdown does not wait for the last answer (INV-3, L-35)")      \
	X(tables_no_sync, "after a broadcast flush tables are freed without interrupts (L-35)")    \
	X(tables_gp_at_once, "free=rcu waits for no interrupt of any CPU (L-35)")                  \
	X(tables_gp_skips_cpu, "free=rcu does not wait for CPU 1 (L-35)")                          \
	X(tables_free_at_once, "tables are freed before the flush, while walked (INV-3)")          \
	X(skip_table_check, "a fault that opened interrupts does not look at its VMA again (8.1)") \
	X(probe_fresh, "the probe of stale translations flushes before it looks")                  \
	X(skip_shootdown, "unmapping does not flush other CPUs (INV-10)")                          \
	X(rwsem_no_handover, "who leaves a semaphore wakes nobody (hung threads)")                 \
	X(rwsem_last_first, "who comes last is served first (starvation)")                         \
	X(nmi_unanswered, "CPUs do not answer NMIs, as if the host did not run them")              \
	X(hung_by_age, "for the watchdog what is old is stuck, had it time to go on or not")       \
	X(overtaking_unseen, "the watchdog does not see that who came later was served first")     \
	X(tlb_ack_lost, "every hundredth shootdown request is forgotten (lost interrupt)")         \
	X(protect_keeps_ptes, "mprotect leaves the entries that are there (INV-1)")                \
	X(rb_loop_on_rotate, "rotations link a loop for a moment (7.7)")                           \
	X(merge_any_flags, "VMAs are merged whatever their flags")                                 \
	X(skip_gap_update, "gaps are not brought up to date when bounds change")                   \
	X(skip_protect_flush, "mprotect leaves translations with the old rights (INV-10)")         \
	X(rmap_locks, "no defect: shared maps have an i_mmap_rwsem, in the order of patch 05")     \
	X(rmap_locks_p04, "the same, but vm_sequence is opened first, as in patch 04 (5.1)")       \
	X(alloc_in_section, "a split allocates, and might reclaim, with vm_sequence open (5.1)")   \
	X(lockdep_no_room, "lockdep has room for 8 edges only: it must say so and be off")

#if LAB
struct bug_switch {
	const char *name, *what;
	bool on;
	u64 hits; /* not exact when CPUs race */
};

enum bug_id {
#define X(name, what) BUG_##name,
	BUG_LIST(X)
#undef X
	NR_BUGS
};

extern struct bug_switch bug_switches[NR_BUGS];

bool bug_hit(enum bug_id id);
#define bug(name) (unlikely(bug_switches[BUG_##name].on) && bug_hit(BUG_##name))
/* The same for every @n-th time only. */
#define bug_every(name, n) (bug(name) && bug_hits(BUG_##name) % (n) == 0)
/* Sets the switches of a comma-separated list. 0, or -EINVAL for an unknown name. */
int bug_set_list(const char *names);
/* For the duration of a test. */
void bug_set(enum bug_id id, bool on);
u64 bug_hits(enum bug_id id);
void bug_print_list(void);
/* How often each switch that is on, or was in a test, was reached; on the control channel. */
void bug_report_hits(void);
#else
#define bug(name) false
#define bug_every(name, n) false
#endif
