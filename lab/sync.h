/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sync points: named places in the code at which a schedule can make a CPU wait for another.
 *
 * A schedule is a comma-separated list of orders 'X>Y' or 'X*3>Y*2': who comes to Y (for the
 * second time) waits until X has been reached three times in all. 'X@cpu1' and 'X@t2' count only
 * passages by CPU 1, or by the thread of any process whose number there is 2, its first thread
 * being 0: X@cpu1*2 is the second passage by that CPU. Reaching counts before waiting,
 * so X>Y,Y>X is a rendezvous. Every wait ends with the limit; a schedule of which not every order
 * was used, or of which one expired, is an ERROR of the test, never ok.
 *
 * Interrupts stay as they are while waiting; a wait with them off can only spin.
 */
#pragma once

#include "kernel/atomic.h"
#include "kernel/errno.h"

#define SYNC_POINT_LIST(X)                                                                         \
	X(spf_begin, "speculative attempt begins")                                                 \
	X(tree_walk, "a lockless walk has read mm_seq and begins")                                 \
	X(tree_rotating, "a rotation has stored one of its links")                                 \
	X(spf_found, "lockless lookup has returned a VMA")                                         \
	X(spf_validated, "dead mark, sequence, bounds and access were checked")                    \
	X(spf_in_walk, "a leaf table was found, its entry not yet read, interrupts off")           \
	X(spf_walked, "page tables were walked, interrupts on if a page is to be prepared")     \
	X(spf_before_ptl, "interrupts off, validated, about to take the PTL")                      \
	X(spf_ptl_contended, "the PTL is held: the policy is about to be asked, interrupts off")   \
	X(spf_ptl_refused, "the policy did not get the PTL, interrupts still off")                 \
	X(spf_ptl_held, "PTL taken, not yet validated again")                                      \
	X(spf_done, "speculative attempt over, successful or not")                                 \
	X(classic_begin, "classic path begins, nothing held")                                      \
	X(classic_mmap_sem, "classic path holds mmap_sem")                                         \
	X(zap_ptl_held, "zap holds a PTL, nothing cleared yet")                                    \
	X(gather_full_ptl, "gather batch full, about to flush with the PTL held")                  \
	X(zap_ptl_dropped, "zap has dropped the PTL")                                              \
	X(gather_flush, "about to flush with no PTL held")                                         \
	X(cow_flush_ptl, "zero page replaced, about to flush with the PTL held")                   \
	X(munmap_write_held, "munmap holds mmap_sem for writing")                                  \
	X(munmap_unlinked, "VMAs unlinked and marked dead, not yet zapped")                        \
	X(munmap_zapped, "pages zapped, tables not yet freed")                                     \
	X(munmap_done, "munmap has dropped mmap_sem")                                              \
	X(mprotect_write_held, "mprotect holds mmap_sem for writing")                              \
	X(mprotect_seq_open, "mprotect has vm_sequence open, nothing changed yet")                 \
	X(mprotect_done, "mprotect has dropped mmap_sem")                                          \
	X(adjust_seq_open, "a VMA's bounds are about to move, vm_sequence open")                   \
	X(srcu_gp_start, "a grace period begins")                                                  \
	X(srcu_entering, "srcu_read_lock has read the index, not yet counted itself")              \
	X(srcu_left, "srcu_read_unlock is done")                                                   \
	X(srcu_gp_half, "a grace period has made the first of its two sums")                       \
	X(srcu_gp_done, "a grace period is over")                                                  \
	X(srcu_gp_polled, "a grace period has found readers and is about to wait for them")        \
	X(rwsem_queued, "a thread is in the queue of an rwsem or mutex, about to sleep")           \
	X(tlb_mask_read, "a shootdown has read which CPUs have the address space loaded")          \
	X(tlb_asked, "requests are in the inboxes, no CPU interrupted for them yet")               \
	X(tlb_ack_wait, "requests sent, about to wait for acknowledgements")                       \
	X(tlb_ack_halt, "still not answered: about to sleep, interrupts off")                      \
	X(tlb_ack_wake, "the last one answers an initiator that sleeps, about to wake it")         \
	X(tables_gp_sampled, "free=rcu has read each CPU's count of interrupts")                   \
	X(prctl_pass, "user mode passed its own point (prctl)")

enum sync_point {
#define X(name, what) SYNC_##name,
	SYNC_POINT_LIST(X)
#undef X
	NR_SYNC_POINTS
};

#if LAB
extern bool sync_active; /* a schedule is armed and has begun */
void sync_reach(enum sync_point point);
/* While no schedule is active this is two instructions on x86_64 and four on ppc64le, which
 * tools/sync_cost.py counts. */
#define SYNC_POINT(name)                                                                           \
	do {                                                                                       \
		if (unlikely(arch_flag_is_set(&sync_active)))                                      \
			sync_reach(SYNC_##name);                                                   \
	} while (0)

/* Declares @schedule, replacing the one before; it begins with sync_go. 0, or -EINVAL with a
 * message that names the word at fault. */
int sync_arm(const char *schedule);
/* How many schedules were declared since boot. */
unsigned int sync_nr_armed(void);
/* Begins the declared schedule: from now on passages count. Without one, only counts. */
int sync_go(void);
/* From now on passages no longer count, and nobody waits. */
int sync_end(void);
/*
 * Ends it for good. Returns 0 if every order was used and none expired, else -ESRCH or -ETIMEDOUT,
 * with the order at fault in @why.
 */
int sync_disarm(char *why, size_t size);
/* How often @point was reached since sync_go. */
u64 sync_reached(enum sync_point point);
/* Sleeps until the point named @name was reached @count times; 0, -EINVAL (no such point),
 * -ETIMEDOUT. */
int sync_wait(const char *name, u64 count);
void sync_print_list(void);
/* @point below NR_SYNC_POINTS */
const char *sync_point_name(unsigned int point);
#else
#define SYNC_POINT(name)                                                                           \
	do {                                                                                       \
	} while (0)
static inline int sync_go(void)
{
	return -EINVAL;
}
static inline int sync_end(void)
{
	return -EINVAL;
}
static inline int sync_wait(const char *name, u64 count)
{
	(void)name, (void)count;
	return -EINVAL;
}
#endif
