/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite order: the barriers of sequence counts and of SRCU, on machines that would not need them.
 *
 * The emulated store buffer (lab/storebuf.h) lets a CPU's stores reach memory in every order that
 * the barriers between them permit. What memory held after each is a snapshot, and a reader
 * elsewhere may make each of its loads, in turn, at any of these moments: the test tries them all.
 * bug=seq_begin_no_wmb, seq_end_no_wmb, srcu_reader_no_mb and srcu_gp_no_mb drop a barrier each.
 */
#include "kernel/seqlock.h"
#include "kernel/srcu.h"
#include "lab/storebuf.h"
#include "lab/sync.h"
#include "tests/kernel/test.h"

#if LAB
#define PERMUTATIONS 24 /* of the four stores of a section, if nothing divided them */
#define SNAPSHOTS (STOREBUF_SIZE + 1)

struct snapshot {
	u32 seq;
	u64 a, b;
};

static struct seqcount count;
static DEFINE_SPINLOCK(count_lock); /* as every count's writers have one (INV-5) */
static u64 a, b;
static struct snapshot snapshots[SNAPSHOTS];
static unsigned int nr_snapshots;

static void take_snapshot(void)
{
	if (nr_snapshots < SNAPSHOTS)
		snapshots[nr_snapshots++] = (struct snapshot){ READ_ONCE(count.seq), READ_ONCE(a),
							       READ_ONCE(b) };
}

/* A section that changes both words, its stores let out in the @order-th way. */
static void write_section(u64 order)
{
	nr_snapshots = 0;
	take_snapshot();
	spin_lock(&count_lock);
	storebuf_begin(order, take_snapshot);
	write_seqcount_begin(&count);
	sb_store(&a, sb_load(&a) + 1);
	sb_store(&b, sb_load(&b) + 1);
	write_seqcount_end(&count);
	storebuf_end();
	spin_unlock(&count_lock);
}

/* Readers that load seq, a, b, seq at moments i <= j <= k <= l and accept two different words. */
static unsigned int count_torn_reads(void)
{
	unsigned int torn = 0, n = nr_snapshots;

	for (unsigned int i = 0; i < n; i++)
		for (unsigned int l = i; l < n; l++) {
			if (snapshots[i].seq & 1 || snapshots[i].seq != snapshots[l].seq)
				continue;
			for (unsigned int j = i; j <= l; j++)
				for (unsigned int k = j; k <= l; k++)
					torn += snapshots[j].a != snapshots[k].b;
		}
	return torn;
}

/*
 * MO-1. The four stores of a section that changes two words, let out in every permitted order: no
 * reader, wherever its loads fall, takes one old and one new word for the two of one update.
 */
TEST(order, seqcount, "no order of a section's stores lets a reader accept a torn pair")
{
	unsigned int torn = 0, stores = 0;

	seqcount_init(&count, "order");
	a = b = 0;
	for (u64 order = 0; order < PERMUTATIONS; order++) {
		write_section(order);
		stores += nr_snapshots - 1;
		torn += count_torn_reads();
	}
	EXPECT_EQ(t, torn, 0);
	EXPECT_EQ(t, a, PERMUTATIONS);
	EXPECT_EQ(t, stores, 4 * PERMUTATIONS);
	EXPECT_EQ(t, count.seq, 2 * PERMUTATIONS);
}

#define LOADS 36 /* ways to make a reader's four, if nothing were between them: 3 * 2 * 2 * 3 */

/* A reader whose loads are made in the @order-th way. Whether it accepts, and what it has then. */
static bool read_section(u64 order, u64 *seen_a, u64 *seen_b, unsigned int *old)
{
	bool moved;
	u32 seq;

	storebuf_early(order);
	seq = raw_read_seqcount(&count);
	*seen_a = sb_load(&a);
	*seen_b = sb_load(&b);
	moved = read_seqcount_retry(&count, seq);
	*old += storebuf_late();
	return !moved && !(seq & 1);
}

/*
 * MO-1, the reader. A section is over; the reader's loads are made at any moments of it that its
 * barriers permit, the fields before the first count even, and the last count before the fields. It
 * accepts both words of one update or gives up.
 */
TEST(order, seqcount_reader, "no order of a reader's loads has it accept a torn pair")
{
	unsigned int torn = 0, accepted = 0, old = 0;
	u64 seen_a, seen_b;

	seqcount_init(&count, "order");
	a = b = 0;
	storebuf_record(true);
	write_section(0);
	storebuf_record(false);
	for (u64 order = 0; order < LOADS; order++) {
		if (!read_section(order, &seen_a, &seen_b, &old))
			continue;
		accepted++;
		torn += seen_a != seen_b;
	}
	EXPECT_EQ(t, torn, 0);
	EXPECT_OP(t, accepted, >, 0);
	EXPECT_OP(t, accepted, <, LOADS);
	EXPECT_OP(t, old, >=, LOADS);
}

static struct srcu domain;
static u64 published, looked, may_leave, early, found;

static void prepare(struct test_run *t)
{
	if (!domain.cpu && srcu_init(&domain, "order"))
		panic("no memory for the test");
	published = 1;
	looked = may_leave = early = found = 0;
	test_count_points(t);
}

/* Its store that counts it in may still be in the buffer when it looks, and stays inside. */
static void buffered_reader(void *arg)
{
	int idx;

	(void)arg;
	storebuf_begin(0, NULL);
	idx = srcu_read_lock(&domain);
	__atomic_store_n(&looked, published, __ATOMIC_SEQ_CST);
	test_spin_until(&may_leave, 1);
	storebuf_end();
	srcu_read_unlock(&domain, idx);
}

static void synchronize(void *arg)
{
	(void)arg;
	__atomic_store_n(&published, 0, __ATOMIC_SEQ_CST);
	synchronize_srcu(&domain);
	if (!__atomic_load_n(&may_leave, __ATOMIC_SEQ_CST))
		__atomic_store_n(&early, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&may_leave, 1, __ATOMIC_SEQ_CST);
}

/*
 * MO-7, the reader's side. It has found the object, so the grace period that begins after the
 * unlinking must wait for it: being counted in is seen before it looks.
 */
TEST(order, srcu_reader, "a reader is seen to be inside before it looks", .min_cpus = 2)
{
	struct thread *reader, *writer;

	prepare(t);
	reader = test_start("reader", buffered_reader, 1);
	if (!test_await(&looked, 1))
		test_error(t, "the reader did not find the object");
	writer = test_start("writer", synchronize, 0);
	EXPECT_EQ(t, sync_wait("srcu_gp_polled", 3), 0);
	__atomic_store_n(&may_leave, 1, __ATOMIC_SEQ_CST);
	thread_join(reader);
	thread_join(writer);
	test_count_points_end();
	EXPECT_EQ(t, early, 0);
}

static unsigned int kept;

/* Unlinks the object, which stays in the buffer unless the grace period lets it out. */
static void buffered_writer(void *arg)
{
	(void)arg;
	storebuf_begin(0, NULL);
	sb_store(&published, 0UL);
	synchronize_srcu(&domain);
	kept = storebuf_end();
}

/* Comes when the grace period has found no reader and is about to return. */
static void late_reader(void *arg)
{
	int idx;

	(void)arg;
	test_spin_until_point(SYNC_srcu_gp_done, 1);
	idx = srcu_read_lock(&domain);
	found = READ_ONCE(published);
	srcu_read_unlock(&domain, idx);
	SYNC_POINT(prctl_pass);
}

/*
 * MO-7, the other side. When a grace period finds no reader, the unlinking must be in memory:
 * whoever comes then does not find the object, which goes as soon as the grace period returns.
 */
TEST(order, srcu_grace_period, "what was unlinked before a grace period is not found after it",
     .min_cpus = 2)
{
	struct thread *reader, *writer;
	char why[200];

	prepare(t);
	if (sync_arm("prctl_pass>srcu_gp_done") || sync_go())
		test_error(t, "bad schedule");
	writer = test_start("writer", buffered_writer, 0);
	reader = test_start("reader", late_reader, 1);
	thread_join(writer);
	thread_join(reader);
	if (sync_disarm(why, sizeof(why)))
		test_error(t, "%s", why);
	EXPECT_EQ(t, found, 0);
	EXPECT_EQ(t, READ_ONCE(published), 0);
	EXPECT_OP(t, kept, >, 1); /* the index, too */
}
#endif
