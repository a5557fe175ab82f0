/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite torture: SRCU under readers, writers, floods and barriers that care for nobody.
 *
 * An object is published, replaced, and ages by one with every grace period since; it returns to
 * the pool only at an age of PIPE. A reader that holds it inside a read section must never see it
 * age: not one grace period may end while it is inside (that no object is seen at an age of two is
 * what rcutorture asks; here the reader looks often enough to ask for less). Its magic word tells
 * whether it was given back to the pool meanwhile.
 *
 * Before it the two interleavings by which an SRCU of this kind goes wrong, each forced: a reader
 * that comes late into an index (needs the second flip), and one that passes between the two sums
 * (needs those who left to be summed first). bug=srcu_one_flip and bug=srcu_locks_first break them.
 * And a barrier that comes when the callbacks it is to wait for were taken off the queue.
 *
 * Source: P. McKenney, "Sleepable Read-Copy Update"; rcutorture's method of ageing objects.
 */
#include "kernel/cmdline.h"
#include "kernel/random.h"
#include "kernel/srcu.h"
#include "lab/sync.h"
#include "tests/kernel/test.h"

#if LAB
#define POLLS 3 /* looks of a grace period after which it is seen to wait */

static struct srcu domain;
static struct srcu_head unlinked;
static u64 inside, may_leave, called, called_early;

static void prepare(struct test_run *t, const char *schedule)
{
	if (!domain.cpu && srcu_init(&domain, "torture"))
		panic("no memory for the test");
	inside = may_leave = called = called_early = 0;
	if (sync_arm(schedule) || sync_go())
		test_error(t, "bad schedule %s", schedule);
}

static void finish(struct test_run *t)
{
	char why[200];

	if (sync_disarm(why, sizeof(why)))
		test_error(t, "%s", why);
}

static void callback(struct srcu_head *head)
{
	(void)head;
	if (!__atomic_load_n(&may_leave, __ATOMIC_SEQ_CST))
		__atomic_store_n(&called_early, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&called, 1, __ATOMIC_SEQ_CST);
}

/* Is inside until a grace period has looked for it several times, or one has overlooked it. */
static void stay(void)
{
	u64 polled = sync_reached(SYNC_srcu_gp_polled);

	__atomic_store_n(&inside, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&called, __ATOMIC_SEQ_CST) && /* bounded: a grace period does one */
	       sync_reached(SYNC_srcu_gp_polled) < polled + POLLS)
		thread_yield();
	__atomic_store_n(&may_leave, 1, __ATOMIC_SEQ_CST);
}

static void reader(void *arg)
{
	int idx = srcu_read_lock(&domain);

	(void)arg;
	stay();
	srcu_read_unlock(&domain, idx);
}

/* What @reader has found inside is unlinked: it must not be freed before it leaves. */
static void unlink_and_free(struct test_run *t)
{
	if (!test_await(&inside, 1))
		test_error(t, "the reader did not come in");
	call_srcu(&domain, &unlinked, callback);
	srcu_barrier(&domain);
	EXPECT_EQ(t, called, 1);
	EXPECT_EQ(t, called_early, 0);
}

/*
 * A reader takes the index, and a whole grace period passes before it counts itself in. So it is
 * counted under an index that the next grace period, if it flips only once, does not wait for.
 */
TEST(torture, late_into_index, "a reader counted late is waited for, whichever index it took",
     .min_cpus = 2)
{
	struct thread *late;

	prepare(t, "srcu_gp_done>srcu_entering*1");
	late = test_start("late", reader, 1);
	EXPECT_EQ(t, sync_wait("srcu_entering", 1), 0);
	synchronize_srcu(&domain);
	unlink_and_free(t);
	thread_join(late);
	finish(t);
}

static void passer_by(void *arg)
{
	(void)arg;
	srcu_read_unlock(&domain, srcu_read_lock(&domain));
}

static void synchronize(void *arg)
{
	(void)arg;
	synchronize_srcu(&domain);
	callback(&unlinked);
}

/*
 * One reader is inside. Another has taken the same index, comes in when the grace period has made
 * one of its sums, and has left before the other: if those who came are summed first it is counted
 * only as one who left, and makes up for the first.
 */
TEST(torture, between_the_sums, "one who comes and goes between the sums hides nobody",
     .min_cpus = 3)
{
	struct thread *first, *second, *waiter;

	prepare(t, "srcu_gp_half*1>srcu_entering*2,srcu_left*1>srcu_gp_half*1");
	first = test_start("first", reader, 0);
	if (!test_await(&inside, 1))
		test_error(t, "the reader did not come in");
	second = test_start("second", passer_by, 1);
	EXPECT_EQ(t, sync_wait("srcu_entering", 2), 0);
	waiter = test_start("waiter", synchronize, 2);
	thread_join(waiter);
	EXPECT_EQ(t, called, 1);
	EXPECT_EQ(t, called_early, 0);
	thread_join(first);
	thread_join(second);
	finish(t);
}

static u64 release, barrier_begun, called_at_barrier_end;

static void stay_until_released(void *arg)
{
	int idx = srcu_read_lock(&domain);

	(void)arg;
	__atomic_store_n(&inside, 1, __ATOMIC_SEQ_CST);
	test_await(&release, 1);
	__atomic_store_n(&may_leave, 1, __ATOMIC_SEQ_CST);
	srcu_read_unlock(&domain, idx);
}

static void call_barrier(void *arg)
{
	(void)arg;
	__atomic_store_n(&barrier_begun, 1, __ATOMIC_SEQ_CST);
	srcu_barrier(&domain);
	called_at_barrier_end = __atomic_load_n(&called, __ATOMIC_SEQ_CST);
}

/* Sleeps until a grace period has looked for readers @n times more. */
static void await_polls(struct test_run *t, u64 n)
{
	if (sync_wait("srcu_gp_polled", sync_reached(SYNC_srcu_gp_polled) + n))
		test_error(t, "no grace period looks for readers");
}

/*
 * The worker has taken the callback and its grace period waits for a reader when the barrier comes:
 * nothing is queued any more, and yet it must wait.
 */
TEST(torture, barrier_of_taken, "a barrier waits for callbacks whose grace period has begun",
     .min_cpus = 2)
{
	struct thread *thread, *barrier;

	prepare(t, "");
	release = barrier_begun = called_at_barrier_end = 0;
	thread = test_start("reader", stay_until_released, 1);
	if (!test_await(&inside, 1))
		test_error(t, "the reader did not come in");
	call_srcu(&domain, &unlinked, callback);
	await_polls(t, 1);
	barrier = test_start("barrier", call_barrier, 0);
	if (!test_await(&barrier_begun, 1))
		test_error(t, "the barrier did not begin");
	await_polls(t, POLLS);
	__atomic_store_n(&release, 1, __ATOMIC_SEQ_CST);
	thread_join(barrier);
	thread_join(thread);
	EXPECT_EQ(t, called_at_barrier_end, 1);
	EXPECT_EQ(t, called_early, 0);
	srcu_barrier(&domain); /* before the head is used again */
	finish(t);
}

/* --- at random --- */

#define PIPE 4	    /* grace periods until an object is used again */
#define OBJECTS 12  /* more than PIPE generations at once */
#define UPDATES 60  /* objects that a run replaces */
#define MAGIC 0x0b1ec7ULL

static struct object {
	struct srcu_head srcu;
	u64 magic; /* MAGIC while published or ageing */
	u64 age;   /* grace periods since it was replaced */
	u64 in_use;
} objects[OBJECTS];

static struct object *published;
static u64 stop, reads, sleeps, aged, reused, floods, short_barriers;

static void age_object(struct srcu_head *head)
{
	struct object *object = (struct object *)head;

	if (__atomic_add_fetch(&object->age, 1, __ATOMIC_SEQ_CST) < PIPE) {
		call_srcu(&domain, &object->srcu, age_object);
		return;
	}
	WRITE_ONCE(object->magic, 0);
	__atomic_store_n(&object->in_use, 0, __ATOMIC_SEQ_CST);
}

static struct object *take_object(void)
{
	for (unsigned int i = 0;; i = (i + 1) % OBJECTS) { /* bounded: ageing gives them back */
		if (!__atomic_exchange_n(&objects[i].in_use, 1, __ATOMIC_SEQ_CST)) {
			objects[i].age = 0;
			objects[i].magic = MAGIC;
			return &objects[i];
		}
		if (i == OBJECTS - 1)
			srcu_barrier(&domain);
	}
}

static void look_at(struct object *object)
{
	if (__atomic_load_n(&object->age, __ATOMIC_SEQ_CST))
		__atomic_add_fetch(&aged, 1, __ATOMIC_SEQ_CST);
	if (READ_ONCE(object->magic) != MAGIC)
		__atomic_add_fetch(&reused, 1, __ATOMIC_SEQ_CST);
}

/* One read section: looks, does something that takes a while, looks again. */
static void read_object(atomic64_t *state)
{
	int idx = srcu_read_lock(&domain);
	struct object *object = smp_load_acquire(&published);

	look_at(object);
	switch (random_next(state) % 8) {
	case 0:
		thread_sleep_ns(100 * NSEC_PER_USEC); /* sleep: what is tested, in a section */
		__atomic_add_fetch(&sleeps, 1, __ATOMIC_RELAXED);
		break;
	case 1:
		thread_yield();
		break;
	default:
		cpu_relax();
	}
	look_at(object);
	srcu_read_unlock(&domain, idx);
	__atomic_add_fetch(&reads, 1, __ATOMIC_RELAXED);
}

static void drop(struct srcu_head *head)
{
	(void)head;
	__atomic_add_fetch(&floods, 1, __ATOMIC_SEQ_CST);
}

#define FLOOD 200

/* Replaces the object UPDATES times; now and then a flood of callbacks, a barrier, a plain wait. */
static void update_objects(void)
{
	static struct srcu_head flood[FLOOD];
	atomic64_t state = { (s64)cmdline.seed };
	u64 flooded = 0;

	for (unsigned int i = 0; i < UPDATES; i++) {
		struct object *old = published;

		if (!test_await(&reads, i + 1)) /* readers keep up */
			break;
		smp_store_release(&published, take_object());
		call_srcu(&domain, &old->srcu, age_object);
		if (i % 16 == 3)
			for (unsigned int n = 0; n < FLOOD; n++, flooded++)
				call_srcu(&domain, &flood[n], drop);
		if (i % 16 == 11 || i == UPDATES - 1) { /* the flood's heads are used again */
			srcu_barrier(&domain);
			short_barriers += __atomic_load_n(&floods, __ATOMIC_SEQ_CST) != flooded;
		}
		if (random_next(&state) % 8 == 0)
			synchronize_srcu(&domain);
		cpu_relax();
	}
	__atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
}

/* CPU 0 updates; the last CPU, if there are more than two, stays idle; the others read. */
static void update_or_read(void *arg)
{
	atomic64_t state = { (s64)(cmdline.seed + cpu_id()) };

	(void)arg;
	if (cpu_id() == 0)
		update_objects();
	else if (cpu_id() < nr_cpus - 1 || nr_cpus == 2)
		while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) /* bounded: by UPDATES */
			read_object(&state);
}

static void check_sum(struct test_run *t, u64 before)
{
	EXPECT_EQ(t, aged, 0);
	EXPECT_EQ(t, reused, 0);
	EXPECT_EQ(t, short_barriers, 0);
	/* Signs that there was something to see. */
	EXPECT_OP(t, reads, >=, UPDATES);
	EXPECT_OP(t, sleeps, >, 0);
	EXPECT_EQ(t, floods, FLOOD * DIV_ROUND_UP(UPDATES - 3, 16));
	EXPECT_OP(t, domain.gp_completed - before, >=, PIPE);
	test_note(t, "grace_periods=%lu reads=%lu sleeps=%lu",
		  (unsigned long)(domain.gp_completed - before), (unsigned long)reads,
		  (unsigned long)sleeps);
}

TEST(torture, readers_see_no_age, "no reader sees the object it holds grow older", .min_cpus = 2)
{
	u64 before;

	prepare(t, "");
	sync_end();
	stop = reads = sleeps = aged = reused = floods = short_barriers = 0;
	before = domain.gp_completed;
	published = take_object();
	if (!test_on_cpus(nr_cpus, update_or_read, NULL))
		panic("no memory for the test");
	call_srcu(&domain, &published->srcu, age_object);
	for (unsigned int i = 0; i <= PIPE; i++)
		srcu_barrier(&domain);
	check_sum(t, before);
	for (unsigned int i = 0; i < OBJECTS; i++)
		EXPECT_EQ(t, objects[i].in_use, 0);
}
#endif
