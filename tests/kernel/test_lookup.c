/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite lookup: the lockless walk of the VMA tree, and what a fault must check of its result.
 */
#include "kernel/string.h"
#include "lab/sync.h"
#include "mm/vma_walk.h"
#include "tests/kernel/test.h"

#define STABLE 64	/* VMAs that stay, at every second place */
#define STEP 0x10000UL	/* between places */
#define BASE 0x10000000UL
#define ROTATIONS 600

static struct mm *walk_mm;
static u64 walkers_ready, rotated, wrong, walks, gave_up;

static unsigned long place(unsigned int i)
{
	return BASE + i * STEP;
}

/* The naive answer: the stable VMA at even places is found whatever happens at odd ones. */
static bool answer_right(unsigned int i, const struct vma *vma)
{
	return vma && vma->start == place(2 * i) && vma->end == place(2 * i) + PAGE_SIZE;
}

static void walk(u64 *state)
{
	unsigned int i = (unsigned int)(*state >> 33) % STABLE;
	bool busy;
	int idx = srcu_read_lock(&vma_srcu);
	struct vma *vma = find_vma_srcu(walk_mm, place(2 * i), &busy);

	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	__atomic_add_fetch(&walks, 1, __ATOMIC_RELAXED);
	if (!vma && busy)
		__atomic_add_fetch(&gave_up, 1, __ATOMIC_RELAXED);
	else if (!answer_right(i, vma))
		__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
	srcu_read_unlock(&vma_srcu, idx);
}

/* Maps and unmaps at odd places, so that the tree above the stable VMAs rotates all the time. */
static void rotate(void)
{
	u64 state = 12345;

	for (unsigned int n = 0; n < ROTATIONS; n++) {
		unsigned long addr = place(2 * (unsigned int)((state >> 33) % STABLE) + 1);

		state = state * 6364136223846793005ULL + 1442695040888963407ULL;
		if (mm_mmap(walk_mm, addr, PAGE_SIZE, PROT_READ,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE) < 0)
			mm_munmap(walk_mm, addr, PAGE_SIZE);
		cpu_relax();
	}
	__atomic_store_n(&rotated, 1, __ATOMIC_SEQ_CST);
}

static void walk_or_rotate(void *arg)
{
	u64 state = cpu_id() + 1;

	(void)arg;
	__atomic_add_fetch(&walkers_ready, 1, __ATOMIC_SEQ_CST);
	if (cpu_id() == 0) {
		if (test_await(&walkers_ready, nr_cpus))
			rotate();
		return;
	}
	while (!__atomic_load_n(&rotated, __ATOMIC_SEQ_CST)) { /* bounded: by ROTATIONS */
		walk(&state);
		cpu_relax();
	}
}

/*
 * Hazard 7.7: every CPU but one walks while that one rotates. A walk ends within the step bound
 * (a longer one counts as busy, and would show as walks given up), and whatever it returns is
 * right.
 */
TEST(lookup, walkers_and_rotator, "every CPU walks while one rotates the tree: results right",
     .min_cpus = 2)
{
	walk_mm = mm_create();
	if (!walk_mm)
		panic("no memory for the test");
	for (unsigned int i = 0; i < STABLE; i++)
		EXPECT_EQ(t, mm_mmap(walk_mm, place(2 * i), PAGE_SIZE, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED), place(2 * i));
	walkers_ready = rotated = wrong = walks = gave_up = 0;
	if (!test_on_cpus(nr_cpus, walk_or_rotate, NULL))
		test_error(t, "no memory for threads");
	down_read(&walk_mm->mmap_sem);
	vma_validate(walk_mm);
	up_read(&walk_mm->mmap_sem);
	mm_put(walk_mm);
	test_note(t, "walks=%lu gave_up=%lu retries=%lu longest_steps=%u", (unsigned long)walks,
		  (unsigned long)gave_up, (unsigned long)stat_sum(STAT_LOOKUP_RETRIES),
		  vma_longest_walk());
	EXPECT_EQ(t, wrong, 0);
	EXPECT_OP(t, walks, >=, nr_cpus - 1);
	EXPECT_EQ(t, rotated, 1);
	EXPECT_OP(t, vma_longest_walk(), <, 40);
}

#if LAB
/* Between the first two VMAs, so that it turns right at the one and left at the other. */
static void walk_gap(void *arg)
{
	int idx = srcu_read_lock(&vma_srcu);
	bool busy;

	(void)arg;
	find_vma_srcu(walk_mm, place(1), &busy);
	srcu_read_unlock(&vma_srcu, idx);
	SYNC_POINT(prctl_pass);
}

/*
 * Hazard 7.7, forced: the third VMA in a row makes the tree rotate around the first two, and stops
 * half-way until a walk that began before has gone through them. It must not have gone round.
 */
TEST(lookup, rotation_has_no_loop, "a walk through a half-done rotation ends", .min_cpus = 2)
{
	unsigned long flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
	struct thread *walker;
	char why[200];

	walk_mm = mm_create();
	walker = thread_create("walker", walk_gap, NULL, 1);
	if (!walk_mm || IS_ERR(walker))
		panic("no memory for the test");
	for (unsigned int i = 0; i < 4; i += 2)
		EXPECT_EQ(t, mm_mmap(walk_mm, place(i), PAGE_SIZE, PROT_READ, flags), place(i));
	if (sync_arm("tree_rotating>tree_walk,prctl_pass>tree_rotating") || sync_go())
		test_error(t, "bad schedule");
	thread_start(walker);
	if (sync_wait("tree_walk", 1))
		test_error(t, "the walk did not begin");
	EXPECT_EQ(t, mm_mmap(walk_mm, place(4), PAGE_SIZE, PROT_READ, flags), place(4));
	thread_join(walker);
	if (sync_disarm(why, sizeof(why)))
		test_error(t, "%s", why);
	mm_put(walk_mm);
	EXPECT_OP(t, vma_longest_walk(), <, 40);
}

/* Runs a program of one write and one change under @schedule; the reason expected of the attempt.
 * */
static void race(struct test_run *t, const char *program, const char *schedule,
		 enum spf_reason expected)
{
	struct process_result result;

	test_scheduled(t, schedule, &result, program);
	test_note(t, "schedule=%s %s=%lu", schedule, spf_reason_name(expected),
		  (unsigned long)result.faults.spf[expected]);
	EXPECT_OP(t, result.faults.spf[expected], >=, 1);
}

/*
 * L-17: the VMA is found before the unmap and its sequence sampled after it: even, and it will not
 * move again. Only the dead mark tells. Without it the page is installed in unmapped memory.
 */
TEST(lookup, dead_mark, "a VMA found before and judged after its unmap is refused as dead",
     .min_cpus = 2)
{
	race(t, "unmaprace",
	     "spf_found>munmap_write_held,munmap_zapped>spf_found,spf_done>munmap_zapped",
	     SPF_VMA_DEAD);
}

/*
 * MO-4: the attempt stands before the PTL, all checks passed, while the zap goes over the table and
 * drops the lock. The check under the lock must see it.
 */
TEST(lookup, recheck_under_ptl, "a lock taken right after the zap is given back", .min_cpus = 2)
{
	race(t, "unmaprace",
	     "spf_before_ptl>munmap_write_held,zap_ptl_dropped>spf_before_ptl,"
	     "spf_done>zap_ptl_dropped",
	     SPF_VMA_CHANGED);
}

/*
 * The tree is changed between a walk's first look at mm_seq and its last: the walk must notice and
 * begin again, and then find what is there now.
 */
TEST(lookup, walk_retries, "a walk during which the tree changed is begun again", .min_cpus = 2)
{
	u64 retries = stat_sum(STAT_LOOKUP_RETRIES);

	race(t, "protectrace", "tree_walk>mprotect_write_held,mprotect_done>tree_walk", SPF_ACCESS);
	EXPECT_OP(t, stat_sum(STAT_LOOKUP_RETRIES), >, retries);
}

/*
 * Hazard 7.8: the split moves the VMA's end below the address between lookup and check. Only the
 * bounds tell; without them a writable page appears in read-only memory.
 */
TEST(lookup, bounds_check, "a VMA that no longer holds the address is refused", .min_cpus = 2)
{
	race(t, "protectrace", "spf_found>mprotect_write_held,mprotect_done>spf_found",
	     SPF_OUT_OF_BOUNDS);
}

/*
 * The VMA is found, and then a writer opens its section and stops in it. The count is odd: the
 * attempt gives up at once and does not wait (INV-6), for the writer only goes on when it has.
 */
TEST(lookup, busy_vma, "a VMA that is being changed is left alone, without waiting",
     .min_cpus = 2)
{
	race(t, "protectrace",
	     "spf_found>mprotect_write_held,adjust_seq_open>spf_found,spf_done>adjust_seq_open",
	     SPF_VMA_BUSY);
}

/*
 * The VMA and its table go between the checks of the VMA and the walk. The walk must not begin: the
 * look at the count, with interrupts off, says so before any table is read.
 */
TEST(lookup, recheck_before_walk, "no table is walked for a VMA that went after its checks",
     .min_cpus = 2)
{
	race(t, "tablerace", "spf_validated>munmap_write_held,munmap_done>spf_validated",
	     SPF_VMA_CHANGED);
}

/*
 * The VMA and its table go while the page for it is prepared, interrupts on. The count must be
 * looked at before the table above is, which may be gone as well.
 */
TEST(lookup, recheck_before_lock, "no table is touched again for a VMA that went meanwhile",
     .min_cpus = 2)
{
	race(t, "tablerace", "spf_walked>munmap_write_held,munmap_done>spf_walked",
	     SPF_VMA_CHANGED);
}

/*
 * A read fault begins, and before it looks at anything another fault has filled its entry. It must
 * see that and do nothing: not put the page of zeroes over the page that is there.
 */
TEST(lookup, late_fault, "a read fault that comes second leaves the entry that is there",
     .min_cpus = 2)
{
	struct process_result result;

	test_scheduled(t, "prctl_pass>spf_begin@t1*1", &result, "latefault");
	EXPECT_OP(t, result.faults.spurious, >=, 1);
}
#endif
