/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite srcu: a grace period waits for the readers that were there before, and for no others.
 */
#include "kernel/srcu.h"
#include "kernel/stat.h"
#include "lab/sync.h"
#include "mm/slab.h"
#include "mm/vma_walk.h"
#include "tests/kernel/test.h"

#if LAB
#define ADDR 0x20000000UL
#define POLLS 3 /* looks of a grace period after which it is seen to wait */

static struct mm *test_mm;
static u64 stage, reader_saw;
static struct wait_queue stage_wq = WAIT_QUEUE_INIT(stage_wq);

static void set_stage(u64 value)
{
	__atomic_store_n(&stage, value, __ATOMIC_SEQ_CST);
	wake_up_all(&stage_wq);
}

static void await_stage(u64 value)
{
	wait_event(&stage_wq, __atomic_load_n(&stage, __ATOMIC_SEQ_CST) >= value);
}

/* Finds the VMA, sleeps inside the read section until stage 2, and looks at the VMA again. */
static void sleeping_reader(void *arg)
{
	int idx = srcu_read_lock(&vma_srcu);
	bool busy;
	struct vma *vma = find_vma_srcu(test_mm, ADDR, &busy);

	(void)arg;
	set_stage(1);
	await_stage(2);
	if (vma && vma_is_dead(vma) && vma->start == ADDR && vma->end == ADDR + PAGE_SIZE)
		__atomic_store_n(&reader_saw, 1, __ATOMIC_SEQ_CST);
	srcu_read_unlock(&vma_srcu, idx);
	set_stage(3);
}

/*
 * The VMA is unmapped while a reader that found it sleeps. It stays whole, though
 * readers that came later come and go; when the reader leaves it is freed, once. The reader sleeps
 * until this test says so, which is when a grace period has looked several times and found it.
 */
TEST(srcu, sleeping_reader_keeps_vma, "an unmapped VMA outlives the sleeping reader that found it")
{
	u64 freed, used;
	struct thread *reader;

	test_mm = mm_create();
	reader = thread_create("reader", sleeping_reader, NULL, -1);
	if (!test_mm || IS_ERR(reader))
		panic("no memory for the test");
	stage = reader_saw = 0;
	EXPECT_EQ(t, mm_mmap(test_mm, ADDR, PAGE_SIZE, PROT_READ,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED), ADDR);
	thread_start(reader);
	await_stage(1);
	used = vma_nr_used();
	freed = stat_sum(STAT_VMA_FREED);
	test_count_points(t);
	EXPECT_EQ(t, mm_munmap(test_mm, ADDR, PAGE_SIZE), 0);
	for (unsigned int i = 0; i < 1000; i++)
		srcu_read_unlock(&vma_srcu, srcu_read_lock(&vma_srcu));
	EXPECT_EQ(t, sync_wait("srcu_gp_polled", sync_reached(SYNC_srcu_gp_polled) + POLLS), 0);
	EXPECT_EQ(t, vma_nr_used(), used);
	EXPECT_EQ(t, stat_sum(STAT_VMA_FREED), freed);
	test_count_points_end();
	set_stage(2);
	await_stage(3);
	srcu_barrier(&vma_srcu);
	EXPECT_EQ(t, reader_saw, 1);
	EXPECT_EQ(t, vma_nr_used(), used - 1);
	EXPECT_EQ(t, stat_sum(STAT_VMA_FREED), freed + 1);
	thread_join(reader);
	mm_put(test_mm);
}

static struct srcu torture;
static u64 entered, left_count, early;

static void short_reader(void *arg)
{
	int idx = srcu_read_lock(&torture);

	(void)arg;
	__atomic_add_fetch(&entered, 1, __ATOMIC_SEQ_CST);
	sync_wait("srcu_gp_polled", POLLS);
	__atomic_add_fetch(&left_count, 1, __ATOMIC_SEQ_CST);
	srcu_read_unlock(&torture, idx);
}

/* Readers on every CPU are inside when synchronize_srcu begins, and sleep until it has looked for
 * them; it ends after the last has left. */
TEST(srcu, synchronize_waits, "synchronize_srcu waits for readers on every CPU")
{
	struct thread *readers[NR_CPUS];

	if (!torture.cpu && srcu_init(&torture, "torture"))
		panic("no memory for the test");
	entered = left_count = 0;
	test_count_points(t);
	for (unsigned int i = 0; i < nr_cpus; i++) {
		readers[i] = test_start("reader", short_reader, (int)i);
	}
	if (!test_await(&entered, nr_cpus))
		test_error(t, "readers did not start");
	synchronize_srcu(&torture);
	EXPECT_EQ(t, __atomic_load_n(&left_count, __ATOMIC_SEQ_CST), nr_cpus);
	EXPECT_OP(t, sync_reached(SYNC_srcu_gp_polled), >=, POLLS);
	test_count_points_end();
	for (unsigned int i = 0; i < nr_cpus; i++)
		thread_join(readers[i]);
}

#define LOOKS 20 /* of a grace period, enough to say something twice */

/* Is inside until the grace period has complained and looked again often, or the test's wait for
 * it would be over. */
static void overdue_reader(void *arg)
{
	unsigned long warned = warns_expected;
	int idx = srcu_read_lock(&torture);
	u64 deadline = time_ns() + wait_limit_ns / 2;

	(void)arg;
	set_stage(1);
	while (warns_expected == warned && time_ns() < deadline)
		sync_wait("srcu_gp_polled", sync_reached(SYNC_srcu_gp_polled) + 1);
	sync_wait("srcu_gp_polled", sync_reached(SYNC_srcu_gp_polled) + LOOKS);
	srcu_read_unlock(&torture, idx);
}

/* Readers may sleep as long as they like, so a grace period that waits beyond the limit goes on,
 * and ends well; but it says so. Once, or a reader that does not come back would fill the log. */
TEST(srcu, overdue_is_told_once, "a reader beyond the limit is told once, and waited for")
{
	unsigned long warned = warns_expected;
	struct thread *reader;
	u64 done;

	if (!torture.cpu && srcu_init(&torture, "torture"))
		panic("no memory for the test");
	torture.stall_ns = 20 * NSEC_PER_MSEC;
	stage = 0;
	done = torture.gp_completed;
	test_count_points(t);
	warn_expect(true);
	reader = test_start("reader", overdue_reader, -1);
	await_stage(1);
	synchronize_srcu(&torture);
	warn_expect(false);
	test_count_points_end();
	torture.stall_ns = wait_limit_ns;
	thread_join(reader);
	EXPECT_EQ(t, warns_expected - warned, 1);
	EXPECT_EQ(t, torture.gp_completed, done + 1);
}

static struct srcu scarce;

/* Takes all free stacks, linked by their lowest word, until there is none. */
static void **take_stacks(void)
{
	void **taken = NULL, **stack;

	while ((stack = kstack_alloc())) {
		*stack = taken;
		taken = stack;
	}
	return taken;
}

/* There is memory for the counters, from what was just given back, and none for the worker's stack:
 * no domain is made, and what was taken is given back. With memory it is made and works. */
TEST(srcu, no_memory, "a domain that cannot have its worker is not made")
{
	void **stacks;

	if (!scarce.cpu) {
		kfree(kmalloc(nr_cpus * sizeof(struct srcu_cpu) + CACHE_LINE));
		kfree(kmalloc(sizeof(struct thread)));
		page_alloc_fail_kernel(true);
		stacks = take_stacks();
		EXPECT_EQ(t, srcu_init(&scarce, "scarce"), -ENOMEM);
		page_alloc_fail_kernel(false);
		while (stacks) {
			void **next = *stacks;

			kstack_free(stacks);
			stacks = next;
		}
		EXPECT_EQ(t, srcu_init(&scarce, "scarce"), 0);
	}
	synchronize_srcu(&scarce);
	EXPECT_OP(t, scarce.gp_completed, >, 0);
}

#define FLOOD 500

static struct srcu_head heads[FLOOD];
static u64 called[FLOOD], order;

static void flood_callback(struct srcu_head *head)
{
	if (__atomic_load_n(&left_count, __ATOMIC_SEQ_CST) == 0)
		__atomic_add_fetch(&early, 1, __ATOMIC_SEQ_CST);
	called[head - heads]++;
	order++;
}

/* Many callbacks while a reader is inside: none runs before it leaves, each runs exactly once, and
 * srcu_barrier comes back after the last. */
TEST(srcu, callback_flood, "callbacks wait for readers, run once, and srcu_barrier waits for all")
{
	int idx;

	if (!torture.cpu && srcu_init(&torture, "torture"))
		panic("no memory for the test");
	left_count = early = order = 0;
	test_count_points(t);
	idx = srcu_read_lock(&torture);
	for (unsigned int i = 0; i < FLOOD; i++) {
		called[i] = 0;
		call_srcu(&torture, &heads[i], flood_callback);
	}
	EXPECT_EQ(t, sync_wait("srcu_gp_polled", POLLS), 0);
	test_count_points_end();
	EXPECT_EQ(t, order, 0);
	__atomic_store_n(&left_count, 1, __ATOMIC_SEQ_CST);
	srcu_read_unlock(&torture, idx);
	srcu_barrier(&torture);
	EXPECT_EQ(t, early, 0);
	EXPECT_EQ(t, order, FLOOD);
	for (unsigned int i = 0; i < FLOOD; i++)
		EXPECT_EQ(t, called[i], 1);
}

static void callback_stage(struct srcu_head *head)
{
	(void)head;
	set_stage(1);
}

/* Who hands a callback over need not wait for it, nor come back: the worker wakes by itself. */
TEST(srcu, callback_unattended, "a callback that nobody waits for runs")
{
	static struct srcu_head head;
	u64 done = vma_srcu.gp_completed;

	stage = 0;
	srcu_barrier(&vma_srcu); /* the worker sleeps, with nothing to do */
	call_srcu(&vma_srcu, &head, callback_stage);
	if (!test_await(&stage, 1))
		test_fail(t, "the callback did not run");
	srcu_barrier(&vma_srcu);
	EXPECT_OP(t, vma_srcu.gp_completed, >, done);
}
#endif
