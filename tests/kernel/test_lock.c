/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite lock: mutual exclusion, and that waiters neither starve nor stay asleep.
 */
#include "kernel/mutex.h"
#include "kernel/seqlock.h"
#include "lab/sync.h"
#include "tests/kernel/test.h"

#define ROUNDS 200

static DEFINE_SPINLOCK(counter_lock);
static struct rwsem sem;
static struct seqlock pair_lock;
static u64 counter, pair[2], torn, readers_now, readers_max, writers_now, overlaps;

static void count_under_spinlock(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		spin_lock(&counter_lock);
		WRITE_ONCE(counter, READ_ONCE(counter) + 1);
		spin_unlock(&counter_lock);
	}
}

/* Increments that are not atomic themselves: any overlap of two holders loses one. */
TEST(lock, spinlock_excludes, "no increment is lost under a spinlock taken on every CPU")
{
	counter = 0;
	if (!test_on_cpus(nr_cpus, count_under_spinlock, NULL))
		test_error(t, "no memory for threads");
	EXPECT_EQ(t, counter, (u64)nr_cpus * ROUNDS);
}

static void count_with_irqsave(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		unsigned long flags = spin_lock_irqsave(&counter_lock);

		WRITE_ONCE(counter, READ_ONCE(counter) + 1);
		spin_unlock_irqrestore(&counter_lock, flags);
	}
}

TEST(lock, irqsave_excludes, "the same with interrupts off while it is held")
{
	counter = 0;
	if (!test_on_cpus(nr_cpus, count_with_irqsave, NULL))
		test_error(t, "no memory for threads");
	EXPECT_EQ(t, counter, (u64)nr_cpus * ROUNDS);
}

/* trylock takes a free lock, refuses a held one, and leaves it as it was. */
TEST(lock, trylock, "trylock takes a free spinlock and refuses a held one")
{
	EXPECT(t, spin_trylock(&counter_lock));
	EXPECT(t, !spin_trylock(&counter_lock));
	EXPECT(t, spin_is_locked(&counter_lock));
	spin_unlock(&counter_lock);
	EXPECT(t, !spin_is_locked(&counter_lock));
}

static void read_or_write(void *arg)
{
	bool writer = cpu_id() % 4 == 0;

	(void)arg;
	for (unsigned int i = 0; i < ROUNDS / 4; i++) {
		if (writer) {
			down_write(&sem);
			if (__atomic_add_fetch(&writers_now, 1, __ATOMIC_SEQ_CST) != 1 ||
			    READ_ONCE(readers_now))
				WRITE_ONCE(overlaps, 1);
			thread_yield();
			__atomic_sub_fetch(&writers_now, 1, __ATOMIC_SEQ_CST);
			up_write(&sem);
		} else {
			u64 n;

			down_read(&sem);
			n = __atomic_add_fetch(&readers_now, 1, __ATOMIC_SEQ_CST);
			if (n > READ_ONCE(readers_max))
				WRITE_ONCE(readers_max, n);
			if (READ_ONCE(writers_now))
				WRITE_ONCE(overlaps, 1);
			thread_yield();
			__atomic_sub_fetch(&readers_now, 1, __ATOMIC_SEQ_CST);
			up_read(&sem);
		}
	}
}

/* Holders yield inside, so that others meet the lock held; every thread must still finish. */
TEST(lock, rwsem_excludes, "writers exclude all, readers only writers, nobody starves")
{
	rwsem_init(&sem, "test");
	readers_now = readers_max = writers_now = overlaps = 0;
	if (!test_on_cpus(nr_cpus, read_or_write, NULL))
		test_error(t, "no memory for threads");
	EXPECT_EQ(t, overlaps, 0);
	EXPECT(t, !rwsem_is_locked(&sem));
	test_note(t, "readers_at_once=%lu", (unsigned long)readers_max);
}

#if LAB
static u64 order_next, order_of[3];

static void queue_up(void *arg)
{
	unsigned int who = (unsigned int)(unsigned long)arg;

	if (who == 1) {
		down_write(&sem);
		order_of[who] = __atomic_add_fetch(&order_next, 1, __ATOMIC_SEQ_CST);
		up_write(&sem);
	} else {
		down_read(&sem);
		order_of[who] = __atomic_add_fetch(&order_next, 1, __ATOMIC_SEQ_CST);
		up_read(&sem);
	}
}

/* A reader holds the lock; a writer queues; a second reader comes. It must queue behind the writer,
 * not pass it. */
TEST(lock, rwsem_is_fair, "a reader that comes after a waiting writer waits behind it")
{
	struct thread *writer, *reader;

	rwsem_init(&sem, "test");
	order_next = 0;
	test_count_points(t);
	down_read(&sem);
	writer = thread_create("writer", queue_up, (void *)1UL, -1);
	reader = thread_create("reader", queue_up, (void *)2UL, -1);
	if (IS_ERR(writer) || IS_ERR(reader))
		panic("no memory for test threads");
	thread_start(writer);
	EXPECT_EQ(t, sync_wait("rwsem_queued", 1), 0);
	thread_start(reader);
	EXPECT_EQ(t, sync_wait("rwsem_queued", 2), 0);
	EXPECT_EQ(t, order_next, 0);
	up_read(&sem);
	thread_join(writer);
	thread_join(reader);
	EXPECT_EQ(t, order_of[1], 1);
	EXPECT_EQ(t, order_of[2], 2);
	test_count_points_end();
}
#endif

static void write_or_read_pair(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		u64 a, b;
		u32 seq;

		if (cpu_id() == 0) {
			write_seqlock(&pair_lock);
			WRITE_ONCE(pair[0], pair[0] + 1);
			cpu_relax();
			WRITE_ONCE(pair[1], pair[1] + 1);
			write_sequnlock(&pair_lock);
			continue;
		}
		seq = raw_read_seqcount(&pair_lock.count);
		a = READ_ONCE(pair[0]);
		b = READ_ONCE(pair[1]);
		if (!(seq & 1) && !read_seqcount_retry(&pair_lock.count, seq) && a != b)
			WRITE_ONCE(torn, 1);
	}
}

/* MO-1: a reader that finds the count even and unmoved has read both words of one update. */
TEST(lock, seqlock_readers, "no accepted read of two words is torn", .min_cpus = 2)
{
	seqlock_init(&pair_lock, "pair");
	pair[0] = pair[1] = torn = 0;
	if (!test_on_cpus(nr_cpus, write_or_read_pair, NULL))
		test_error(t, "no memory for threads");
	EXPECT_EQ(t, torn, 0);
	EXPECT_EQ(t, pair[0], ROUNDS);
}

static struct wait_queue ball_wq = WAIT_QUEUE_INIT(ball_wq);
static u64 ball;

static void play(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		wait_event(&ball_wq, READ_ONCE(ball) % 2 == cpu_id());
		WRITE_ONCE(ball, ball + 1);
		wake_up_all(&ball_wq);
	}
}

/* Every throw needs one wake-up across CPUs; a lost one would end in wait_event's limit. */
TEST(lock, wake_across_cpus, "no wake-up between two CPUs is lost", .min_cpus = 2)
{
	ball = 0;
	if (!test_on_cpus(2, play, NULL))
		test_error(t, "no memory for threads");
	EXPECT_EQ(t, ball, 2 * ROUNDS);
}
