/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite order: the barriers of the shootdown, on machines that would not need them.
 *
 * A shootdown is a conversation of two CPUs by a few words: the entry and the mask of CPUs, the
 * request and the inbox, the flag of who sleeps and the answer. Each of these tests keeps back the
 * annotated stores of one side (lab/storebuf.h), and lets the other side do its part in the moment
 * in which that would matter, held there by a sync point. With the barrier the other side sees what
 * it must; a switch in lab/bug.h drops each barrier, and then a CPU was not asked and keeps a
 * translation of a page that was freed, or flushes nothing, or sleeps on. Each test also counts
 * that stores were kept back, or it would have shown nothing.
 *
 * The flush is that of madvise, which with a batch of one page comes with the PTL held, so that no
 * unlocking stands before it.
 */
#include "arch/ipi.h"
#include "tests/kernel/order.h"

#if LAB
static void zap(void)
{
	BUG_ON(mm_madvise(order_space, ADDR, PAGE_SIZE, MADV_DONTNEED));
}

static void flush_keeping(void *arg)
{
	(void)arg;
	test_spin_until(&told.ready, 1);
	storebuf_begin(0, NULL);
	zap();
	told.kept = storebuf_end();
	order_tell(&told.flushed);
}

static void flush_plainly(void *arg)
{
	(void)arg;
	test_spin_until(&told.ready, 1);
	zap();
	order_tell(&told.flushed);
}

/* Until the flush is over and the page is free; then looks whether this CPU lost it. */
static void await_flush(void)
{
	test_spin_until(&told.flushed, 1);
	told.behind = this_cpu()->tlb_gen < (u64)atomic64_read(&order_space->tlb_gen);
	told.stale = order_reads();
}

/* It comes when the mask was read: too late to be asked, and so too late for the entry. */
static void load_late(void *arg)
{
	(void)arg;
	order_tell(&told.ready);
	test_spin_until_point(SYNC_tlb_mask_read, 1);
	mm_switch(order_space);
	told.walked = order_reads();
	SYNC_POINT(prctl_pass);
	await_flush();
	mm_switch(NULL);
}

/*
 * MO-6, who flushes. The entry is cleared before the mask is read: a CPU that is not in the mask
 * finds no entry any more, or it would keep a translation that nobody takes from it.
 */
TEST(order, flush_reads_mask, "a CPU that comes too late for a shootdown finds no entry",
     .min_cpus = 2)
{
	if (!order_make(t, TLB_FLUSH_IPI, PGTABLE_FREE_IPI, "prctl_pass>tlb_mask_read"))
		return;
	order_play(flush_keeping, load_late);
	if (told.walked)
		test_fail(t, "CPU 1, not asked to flush, has walked to the page being freed%s",
			  told.stale ? ", and still reads it now" : "");
	order_end(t);
}

static void load_keeping(void *arg)
{
	(void)arg;
	storebuf_begin(0, NULL);
	mm_switch(order_space);
	told.walked = order_reads();
	order_tell(&told.ready);
	await_flush();
	told.kept = storebuf_end();
	mm_switch(NULL);
}

/*
 * MO-6, who loads. Its bit in the mask is seen before its first walk, so the flush that comes then
 * asks it.
 */
TEST(order, load_sets_mask, "a CPU that has walked the tables is asked to flush", .min_cpus = 2)
{
	u64 asked = stat_cpu(1, STAT_SHOOTDOWNS_RECV);

	if (!order_make(t, TLB_FLUSH_IPI, PGTABLE_FREE_IPI, ""))
		return;
	order_play(flush_plainly, load_keeping);
	asked = stat_cpu(1, STAT_SHOOTDOWNS_RECV) - asked;
	if (!told.walked)
		test_error(t, "CPU 1 did not find the page");
	if (!asked || told.stale)
		test_fail(t, "CPU 1 has walked the tables and %s%s",
			  asked ? "was asked to flush" : "was not asked to flush",
			  told.stale ? "; it still reads the page that was freed" : "");
	order_end(t);
}

/* Its request is found in the inbox by who was not interrupted for it. */
static void flush_again_keeping(void *arg)
{
	(void)arg;
	test_spin_until(&told.ready, 1);
	tlb_flush_page(order_space, ADDR); /* what was requested before is out of date */
	order_tell(&told.flushed_once);
	test_spin_until(&told.ready_again, 1);
	storebuf_begin(0, NULL);
	zap();
	told.kept = storebuf_end();
	order_tell(&told.flushed);
}

static void serve_uninterrupted(void *arg)
{
	(void)arg;
	mm_switch(order_space);
	order_tell(&told.ready);
	test_spin_until(&told.flushed_once, 1);
	told.walked = order_reads();
	irq_disable();
	order_tell(&told.ready_again);
	test_spin_until_point(SYNC_tlb_asked, 2);
	tlb_ipi_handle();
	SYNC_POINT(prctl_pass);
	irq_enable();
	await_flush();
	mm_switch(NULL);
}

/*
 * MO-12. A CPU that serves its inbox, interrupted by another initiator, finds a request as soon as
 * its bit is there. All of it must be there then, or it flushes for the request before.
 */
TEST(order, request_is_complete, "a shootdown request is complete when it is found", .min_cpus = 2)
{
	if (!order_make(t, TLB_FLUSH_IPI, PGTABLE_FREE_IPI, "prctl_pass>tlb_asked*2"))
		return;
	order_play(flush_again_keeping, serve_uninterrupted);
	if (!told.walked)
		test_error(t, "CPU 1 did not find the page");
	if (told.behind || told.stale)
		test_fail(t, "CPU 1 has answered a shootdown and not flushed%s",
			  told.stale ? ", and reads the page that was freed" : "");
	order_end(t);
}

/* Whether an initiator went to sleep, and who answered did not wake it. */
static bool sleeps_forgotten(void)
{
	return sync_reached(SYNC_tlb_ack_halt) && !sync_reached(SYNC_tlb_ack_wake);
}

static void wake_forgotten(void)
{
	if (sleeps_forgotten())
		arch_ipi_send(0, IPI_WAKE);
}

/* Answers when the other side has looked for the last time and is about to sleep. */
static void answer_late(void *arg)
{
	(void)arg;
	mm_switch(order_space);
	told.walked = order_reads();
	irq_disable();
	order_tell(&told.ready);
	test_spin_until_point(SYNC_tlb_ack_halt, 1);
	tlb_ipi_handle();
	SYNC_POINT(prctl_pass);
	wake_forgotten();
	irq_enable();
	await_flush();
	mm_switch(NULL);
}

/*
 * MO-13, the initiator. That it sleeps is seen before it looks for the last time; so who answers
 * after that look wakes it.
 */
TEST(order, sleep_is_seen, "who answers a shootdown last sees that the initiator sleeps",
     .min_cpus = 2)
{
	if (!order_make(t, TLB_FLUSH_IPI, PGTABLE_FREE_IPI, "prctl_pass>tlb_ack_halt*1"))
		return;
	order_play(flush_keeping, answer_late);
	if (sleeps_forgotten())
		test_fail(t, "CPU 0 sleeps, all have answered, and nobody wakes it");
	if (!sync_reached(SYNC_tlb_ack_halt))
		test_error(t, "CPU 0 did not sleep");
	order_end(t);
}

/* Answers before the other side looks, and has looked itself whether that sleeps. */
static void answer_keeping(void *arg)
{
	(void)arg;
	mm_switch(order_space);
	told.walked = order_reads();
	irq_disable();
	order_tell(&told.ready);
	test_spin_until_point(SYNC_tlb_ack_wait, 1);
	storebuf_begin(0, NULL);
	tlb_ipi_handle();
	SYNC_POINT(prctl_pass);
	while (!__atomic_load_n(&told.flushed, __ATOMIC_SEQ_CST) &&
	       !sync_reached(SYNC_tlb_ack_halt))
		cpu_relax(); /* bounded: the initiator sees the answer, or sleeps */
	told.kept = storebuf_end();
	wake_forgotten();
	irq_enable();
	await_flush();
	mm_switch(NULL);
}

/*
 * MO-13, the receiver. Its answer is seen before it looks whether the initiator sleeps; so one that
 * went to sleep later has seen the answer, and did not.
 */
TEST(order, answer_is_seen, "an initiator does not sleep after the last answer", .min_cpus = 2)
{
	if (!order_make(t, TLB_FLUSH_IPI, PGTABLE_FREE_IPI, "prctl_pass>tlb_ack_wait"))
		return;
	order_play(flush_plainly, answer_keeping);
	if (sleeps_forgotten())
		test_fail(t, "CPU 0 sleeps, all have answered, and nobody wakes it");
	order_end(t);
}

static u64 done_long_ago, done_before; /* before the answer, that is, by who gives it */

static void flush_then_look(void *arg)
{
	(void)arg;
	test_spin_until(&told.ready, 1);
	storebuf_early(0);
	(void)sb_load(&done_long_ago); /* finds the old value: this is emulated */
	zap();
	told.walked = sb_load(&done_before);
	told.kept = storebuf_late(); /* the loads that were early */
	order_tell(&told.flushed);
}

static void do_then_answer(void *arg)
{
	(void)arg;
	mm_switch(order_space);
	irq_disable();
	order_tell(&told.ready);
	test_spin_until_point(SYNC_tlb_ack_wait, 1);
	sb_store(&done_before, 1);
	tlb_ipi_handle();
	SYNC_POINT(prctl_pass);
	irq_enable();
	await_flush();
	mm_switch(NULL);
}

/*
 * MO-15. What other CPUs did to the page before they answered is done when the flush returns: a
 * load that follows it finds that, also where loads are made early.
 */
TEST(order, answers_come_first, "what was done before the answers is seen after a flush",
     .min_cpus = 2)
{
	if (!order_make(t, TLB_FLUSH_IPI, PGTABLE_FREE_IPI, "prctl_pass>tlb_ack_wait"))
		return;
	done_long_ago = done_before = 0;
	storebuf_record(true);
	sb_store(&done_long_ago, 1);
	order_play(flush_then_look, do_then_answer);
	storebuf_record(false);
	if (!told.walked)
		test_fail(t, "CPU 0 has its answer and does not see what CPU 1 did before");
	order_end(t);
}

/*
 * MO-6, by broadcast. No mask is read; but the invalidation must come after the entry is gone from
 * memory, or another CPU walks to it again at once.
 */
TEST(order, broadcast_comes_after, "a broadcast flush comes when the entry is gone from memory")
{
	struct spinlock *ptl;
	pte_t *ptep, pte;

	if (!order_make(t, TLB_FLUSH_TLBIE, PGTABLE_FREE_IPI, ""))
		return;
	ptep = pte_lock(order_space, ADDR, &ptl);
	storebuf_begin(0, NULL);
	pte = pte_get_and_clear(ptep);
	tlb_flush_page(order_space, ADDR);
	told.walked = !pte_none(pte_read(ptep));
	told.kept = storebuf_end();
	pte_set(ptep, pte);
	spin_unlock(ptl);
	if (told.walked)
		test_fail(t, "every CPU was flushed, and the entry is still there to be walked");
	order_end(t);
}
#endif
