/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite order: the barriers of page tables, on machines that would not need them.
 *
 * A shootdown is a conversation of two CPUs by a few words: the entry and the mask of CPUs, the
 * request and the inbox, the flag of who sleeps and the answer. Each of these tests keeps back the
 * annotated stores of one side (lab/storebuf.h), and lets the other side do its part in the moment
 * in which that would matter, held there by a sync point. With the barrier the other side sees what
 * it must; a switch in lab/bug.h drops each barrier, and then a CPU was not asked and keeps a
 * translation of a page that was freed, or flushes nothing, or sleeps on, or a table is freed under
 * its walker. Each test also counts that stores were kept back, or it would have shown nothing.
 *
 * The two sides are kernel threads on CPUs 0 and 1, which load the address space as the scheduler
 * would and read user memory as a system call would; the flush is that of madvise, which with a
 * batch of one page comes with the PTL held, so that no unlocking stands before it.
 */
#include "arch/ipi.h"
#include "arch/uaccess.h"
#include "lab/bug.h"
#include "lab/storebuf.h"
#include "lab/sync.h"
#include "lab/table_age.h"
#include "mm/gather.h"
#include "mm/mm.h"
#include "tests/kernel/test.h"

#if LAB
#define ADDR 0x20000000UL

static struct mm *space; /* with a page at ADDR */
static unsigned int old_batch;
/* What the sides tell each other, and the test. */
static u64 ready, flushed_once, ready_again, flushed;
static unsigned int kept;
static bool walked, stale, behind;

/* False: skipped, or there is no memory. */
static bool space_make(struct test_run *t, enum tlb_flush_mode flush, enum pgtable_free_mode free,
		       const char *schedule)
{
	if (!test_set_back_ends(t, flush, free))
		return false;
	old_batch = gather_batch;
	gather_batch = 1;
	ready = flushed_once = ready_again = flushed = kept = 0;
	walked = stale = behind = false;
	space = mm_create();
	if (!space || mm_mmap(space, ADDR, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			      MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE) != ADDR)
		panic("no memory for the test");
	if (sync_arm(schedule) || sync_go())
		test_error(t, "bad schedule");
	return true;
}

static void space_end(struct test_run *t)
{
	char why[200];

	sync_end();
	if (sync_disarm(why, sizeof(why)))
		test_error(t, "%s", why);
	mm_put(space);
	gather_batch = old_batch;
	test_restore_back_ends();
	/* Else there was no emulation. */
	EXPECT_OP(t, kept, >, 0);
}

/* The two threads, from their beginning to their end. */
static void play(void (*first)(void *), void (*second)(void *))
{
	struct thread *threads[2] = { test_start("first", first, 0),
				      test_start("second", second, 1) };

	for (unsigned int i = 0; i < 2; i++)
		thread_join(threads[i]);
}

static void tell(u64 *word)
{
	__atomic_store_n(word, 1, __ATOMIC_SEQ_CST);
}

/* Whether this CPU has a translation of the page, or finds one. */
static bool space_reads(void)
{
	u32 value;

	return !user_read32((const void *)ADDR, &value);
}

static void zap(void)
{
	BUG_ON(mm_madvise(space, ADDR, PAGE_SIZE, MADV_DONTNEED));
}

static void flush_keeping(void *arg)
{
	(void)arg;
	test_spin_until(&ready, 1);
	storebuf_begin(0, NULL);
	zap();
	kept = storebuf_end();
	tell(&flushed);
}

static void flush_plainly(void *arg)
{
	(void)arg;
	test_spin_until(&ready, 1);
	zap();
	tell(&flushed);
}

/* Until the flush is over and the page is free; then looks whether this CPU lost it. */
static void await_flush(void)
{
	test_spin_until(&flushed, 1);
	behind = this_cpu()->tlb_gen < (u64)atomic64_read(&space->tlb_gen);
	stale = space_reads();
}

/* It comes when the mask was read: too late to be asked, and so too late for the entry. */
static void load_late(void *arg)
{
	(void)arg;
	tell(&ready);
	test_spin_until_point(SYNC_tlb_mask_read, 1);
	mm_switch(space);
	walked = space_reads();
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
	if (!space_make(t, TLB_FLUSH_IPI, PGTABLE_FREE_IPI, "prctl_pass>tlb_mask_read"))
		return;
	play(flush_keeping, load_late);
	if (walked)
		test_fail(t, "CPU 1, not asked to flush, has walked to the page being freed%s",
			  stale ? ", and still reads it now" : "");
	space_end(t);
}

static void load_keeping(void *arg)
{
	(void)arg;
	storebuf_begin(0, NULL);
	mm_switch(space);
	walked = space_reads();
	tell(&ready);
	await_flush();
	kept = storebuf_end();
	mm_switch(NULL);
}

/*
 * MO-6, who loads. Its bit in the mask is seen before its first walk, so the flush that comes then
 * asks it.
 */
TEST(order, load_sets_mask, "a CPU that has walked the tables is asked to flush", .min_cpus = 2)
{
	u64 asked = stat_cpu(1, STAT_SHOOTDOWNS_RECV);

	if (!space_make(t, TLB_FLUSH_IPI, PGTABLE_FREE_IPI, ""))
		return;
	play(flush_plainly, load_keeping);
	asked = stat_cpu(1, STAT_SHOOTDOWNS_RECV) - asked;
	if (!walked)
		test_error(t, "CPU 1 did not find the page");
	if (!asked || stale)
		test_fail(t, "CPU 1 has walked the tables and %s%s",
			  asked ? "was asked to flush" : "was not asked to flush",
			  stale ? "; it still reads the page that was freed" : "");
	space_end(t);
}

/* Its request is found in the inbox by who was not interrupted for it. */
static void flush_again_keeping(void *arg)
{
	(void)arg;
	test_spin_until(&ready, 1);
	tlb_flush_page(space, ADDR); /* what was requested before is out of date */
	tell(&flushed_once);
	test_spin_until(&ready_again, 1);
	storebuf_begin(0, NULL);
	zap();
	kept = storebuf_end();
	tell(&flushed);
}

static void serve_uninterrupted(void *arg)
{
	(void)arg;
	mm_switch(space);
	tell(&ready);
	test_spin_until(&flushed_once, 1);
	walked = space_reads();
	irq_disable();
	tell(&ready_again);
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
	if (!space_make(t, TLB_FLUSH_IPI, PGTABLE_FREE_IPI, "prctl_pass>tlb_asked*2"))
		return;
	play(flush_again_keeping, serve_uninterrupted);
	if (!walked)
		test_error(t, "CPU 1 did not find the page");
	if (behind || stale)
		test_fail(t, "CPU 1 has answered a shootdown and not flushed%s",
			  stale ? ", and reads the page that was freed" : "");
	space_end(t);
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
	mm_switch(space);
	walked = space_reads();
	irq_disable();
	tell(&ready);
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
	if (!space_make(t, TLB_FLUSH_IPI, PGTABLE_FREE_IPI, "prctl_pass>tlb_ack_halt*1"))
		return;
	play(flush_keeping, answer_late);
	if (sleeps_forgotten())
		test_fail(t, "CPU 0 sleeps, all have answered, and nobody wakes it");
	if (!sync_reached(SYNC_tlb_ack_halt))
		test_error(t, "CPU 0 did not sleep");
	space_end(t);
}

/* Answers before the other side looks, and has looked itself whether that sleeps. */
static void answer_keeping(void *arg)
{
	(void)arg;
	mm_switch(space);
	walked = space_reads();
	irq_disable();
	tell(&ready);
	test_spin_until_point(SYNC_tlb_ack_wait, 1);
	storebuf_begin(0, NULL);
	tlb_ipi_handle();
	SYNC_POINT(prctl_pass);
	while (!__atomic_load_n(&flushed, __ATOMIC_SEQ_CST) && !sync_reached(SYNC_tlb_ack_halt))
		cpu_relax(); /* bounded: the initiator sees the answer, or sleeps */
	kept = storebuf_end();
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
	if (!space_make(t, TLB_FLUSH_IPI, PGTABLE_FREE_IPI, "prctl_pass>tlb_ack_wait"))
		return;
	play(flush_plainly, answer_keeping);
	if (sleeps_forgotten())
		test_fail(t, "CPU 0 sleeps, all have answered, and nobody wakes it");
	space_end(t);
}

#define LOOKS 20
#define WINDOW_NS (100 * NSEC_PER_MSEC) /* many times as long as the worker sleeps */

/* The generations of the leaf table of ADDR and of the one above. */
static void find_tables(u32 *leaf, u32 *upper)
{
	pmd_t *pmdp = pgtable_find_pmd(space, ADDR);

	*leaf = pmd_ptdesc(pmd_read(pmdp))->generation;
	*upper = virt_to_page(pmdp)->ptdesc->generation;
}

/* Takes an interrupt; then, its count kept back, walks and stays in the tables. */
static void walk_counted(void *arg)
{
	const u64 *ipis = &this_cpu()->ipis;
	u64 before, deadline;
	u32 leaf, upper;

	(void)arg;
	storebuf_begin(0, NULL);
	before = sb_load(ipis);
	tell(&ready);
	while (sb_load(ipis) == before)
		cpu_relax(); /* bounded: the other side sends one */
	irq_disable();
	find_tables(&leaf, &upper);
	tell(&ready_again);
	test_spin_until_point(SYNC_tables_gp_sampled, 1);
	kept = storebuf_end();
	SYNC_POINT(prctl_pass);
	deadline = time_ns() + WINDOW_NS;
	while (table_age_visit(ADDR, leaf, upper) && time_ns() < deadline)
		cpu_relax();
	irq_enable();
}

static void unmap_walked(void *arg)
{
	(void)arg;
	test_spin_until(&ready, 1);
	arch_ipi_send(1, IPI_WAKE);
	test_spin_until(&ready_again, 1);
	BUG_ON(mm_munmap(space, ADDR, PAGE_SIZE));
}

/*
 * MO-11. free=rcu reads how many interrupts each CPU has taken, and waits for the next. One taken
 * before a walk must count before the walk, or it is taken for the next one, and the table goes
 * under the walker. The flush does not wait for the walker, whose CPU has not loaded the address
 * space: it stands for one that a hypervisor skips, or that a broadcast does not interrupt.
 */
TEST(order, interrupt_is_counted, "an interrupt before a walk does not end its grace period",
     .min_cpus = 2)
{
	if (!space_make(t, TLB_FLUSH_IPI, PGTABLE_FREE_RCU, "prctl_pass>tables_gp_sampled"))
		return;
	table_age_begin(LOOKS, 0);
	play(unmap_walked, walk_counted);
	pgtable_free_barrier();
	table_age_end();
	test_check_walkers(t);
	EXPECT_OP(t, table_age_counts.saw_unlinked, >=, 1);
	space_end(t);
}

#define ORDERS 6 /* of three stores, if nothing divided them */

static unsigned int full_pages, full_tables, uncounted; /* shown, and not finished */

static bool is_cleared(const void *page)
{
	return !READ_ONCE(((const u64 *)((const char *)page + PAGE_SIZE))[-1]);
}

/* What memory leads to at this moment, down to the page. */
static void look_down(void)
{
	p4d_t p4d = p4d_read(p4d_of(pgd_of(space, ADDR), ADDR));
	pud_t pud;
	pmd_t pmd;
	pte_t pte;

	if (p4d_none(p4d))
		return;
	full_tables += !is_cleared(phys_to_virt(p4d_table_phys(p4d)));
	pud = pud_read(pud_of(p4d, ADDR));
	if (pud_none(pud))
		return;
	full_tables += !is_cleared(phys_to_virt(pud_table_phys(pud)));
	pmd = pmd_read(pmd_of(pud, ADDR));
	if (pmd_none(pmd))
		return;
	full_tables += !is_cleared(phys_to_virt(pmd_table_phys(pmd)));
	pte = pte_read(pte_of(pmd, ADDR));
	if (!pte_none(pte))
		full_pages += !is_cleared(page_to_virt(pfn_to_page(pte_pfn(pte))));
}

static void look_at_memory(void)
{
	struct vma *vma = find_vma(space, ADDR);
	const struct anon_vma *anon_vma = vma ? READ_ONCE(vma->anon_vma) : NULL;

	uncounted += anon_vma && atomic_read(&anon_vma->refs) != 1;
	look_down();
}

/* Maps a page in an address space without tables; 0, or an error. */
static long map_keeping(u64 order)
{
	long addr;

	space = mm_create();
	if (!space)
		return -ENOMEM;
	storebuf_begin(order, look_at_memory);
	addr = mm_mmap(space, ADDR, PAGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE);
	kept += storebuf_end();
	mm_put(space);
	return addr == ADDR ? 0 : addr;
}

/*
 * MO-5 and MO-14. The first write to a page makes an anon_vma, a table of each level and the page.
 * Whatever order the barriers leave to the stores: at no moment does memory lead to a table or page
 * that is not empty yet, nor to an anon_vma without its first reference.
 */
TEST(order, first_touch, "entries lead to nothing that is not finished")
{
	kept = full_pages = full_tables = uncounted = 0;
	for (u64 order = 0; order < ORDERS; order++)
		if (map_keeping(order))
			test_error(t, "no memory for the test");
	EXPECT_EQ(t, full_pages, 0);
	EXPECT_EQ(t, full_tables, 0);
	EXPECT_EQ(t, uncounted, 0);
	/* Each time three tables and a page and what leads to them, and the anon_vma's two. */
	EXPECT_OP(t, kept, >=, ORDERS * 10);
}
#endif
