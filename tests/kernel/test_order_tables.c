/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite order: the barriers of page tables, on machines that would not need them.
 *
 * As in tests/kernel/test_order_tlb.c one side's stores are kept back and the other side comes in
 * the moment that matters: the count of an interrupt that free=rcu takes for a later one, what is
 * in a page or table when an entry shows it, the section that a zap has open when it gives the PTL
 * back.
 */
#include "arch/ipi.h"
#include "lab/table_age.h"
#include "tests/kernel/order.h"

#if LAB
#define LOOKS 20
#define WINDOW_NS (100 * NSEC_PER_MSEC) /* many times as long as the worker sleeps */

/* The generations of the leaf table of ADDR and of the one above. */
static void find_tables(u32 *leaf, u32 *upper)
{
	pmd_t *pmdp = pgtable_find_pmd(order_space, ADDR);

	*leaf = pmd_ptdesc(pmd_read(pmdp))->generation;
	*upper = virt_to_page(pmdp)->ptdesc->generation;
}

/* Takes an interrupt; then, its count kept back, walks and stays in the tables. */
static void walk_counted(void *arg)
{
	const u64 *ipis = &this_cpu()->ipis;
	u64 before, deadline = time_ns() + NSEC_PER_SEC;
	u32 leaf, upper;

	(void)arg;
	storebuf_begin(0, NULL);
	before = sb_load(ipis);
	order_tell(&told.ready);
	while (sb_load(ipis) == before && time_ns() < deadline)
		cpu_relax();
	irq_disable();
	find_tables(&leaf, &upper);
	order_tell(&told.ready_again);
	test_spin_until_point(SYNC_tables_gp_sampled, 1);
	told.kept = storebuf_end();
	SYNC_POINT(prctl_pass);
	deadline = time_ns() + WINDOW_NS;
	while (table_age_visit(ADDR, leaf, upper) && time_ns() < deadline)
		cpu_relax();
	irq_enable();
}

static void unmap_walked(void *arg)
{
	(void)arg;
	test_spin_until(&told.ready, 1);
	arch_ipi_send(1, IPI_WAKE);
	test_spin_until(&told.ready_again, 1);
	BUG_ON(mm_munmap(order_space, ADDR, PAGE_SIZE));
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
	if (!order_make(t, TLB_FLUSH_IPI, PGTABLE_FREE_RCU, "prctl_pass>tables_gp_sampled"))
		return;
	table_age_begin(LOOKS, 0);
	order_play(unmap_walked, walk_counted);
	pgtable_free_barrier();
	table_age_end();
	test_check_walkers(t);
	EXPECT_OP(t, table_age_counts.saw_unlinked, >=, 1);
	order_end(t);
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
	p4d_t p4d = p4d_read(p4d_of(pgd_of(order_space, ADDR), ADDR));
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
	struct vma *vma = find_vma(order_space, ADDR);
	const struct anon_vma *anon_vma = vma ? READ_ONCE(vma->anon_vma) : NULL;

	uncounted += anon_vma && atomic_read(&anon_vma->refs) != 1;
	look_down();
}

/* Maps a page in an address space without tables; 0, or an error. */
static long map_keeping(u64 order)
{
	long addr;

	order_space = mm_create();
	if (!order_space)
		return -ENOMEM;
	storebuf_begin(order, look_at_memory);
	addr = mm_mmap(order_space, ADDR, PAGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE);
	told.kept += storebuf_end();
	mm_put(order_space);
	return addr == ADDR ? 0 : addr;
}

/*
 * MO-5 and MO-14. The first write to a page makes an anon_vma, a table of each level and the page.
 * Whatever order the barriers leave to the stores: at no moment does memory lead to a table or page
 * that is not empty yet, nor to an anon_vma without its first reference.
 */
TEST(order, first_touch, "entries lead to nothing that is not finished")
{
	told.kept = full_pages = full_tables = uncounted = 0;
	for (u64 order = 0; order < ORDERS; order++)
		if (map_keeping(order))
			test_error(t, "no memory for the test");
	EXPECT_EQ(t, full_pages, 0);
	EXPECT_EQ(t, full_tables, 0);
	EXPECT_EQ(t, uncounted, 0);
	/* Each time three tables and a page and what leads to them, and the anon_vma's two. */
	EXPECT_OP(t, told.kept, >=, ORDERS * 10);
}

static struct vma *vma_unmapped;
static u32 seq_seen;

static void unmap_keeping(void *arg)
{
	(void)arg;
	storebuf_begin(0, NULL);
	BUG_ON(mm_munmap(order_space, ADDR, PAGE_SIZE));
	told.kept = storebuf_end();
}

/* As a speculative fault that is about to look at the count again, with the PTL. */
static void take_ptl(void *arg)
{
	struct spinlock *ptl;

	(void)arg;
	test_spin_until_point(SYNC_zap_ptl_dropped, 1);
	told.walked = !pte_none(pte_read(pte_lock(order_space, ADDR, &ptl)));
	seq_seen = READ_ONCE(vma_unmapped->vm_sequence.seq);
	spin_unlock(ptl);
	SYNC_POINT(prctl_pass);
}

/*
 * MO-4. Who takes the PTL after the zap gave it back sees what the zap did before: its section is
 * open and the entry gone. Or the fault would find the count unchanged and fill the entry.
 */
TEST(order, ptl_shows_section, "who has the PTL after a zap sees its section open", .min_cpus = 2)
{
	if (!order_make(t, TLB_FLUSH_IPI, PGTABLE_FREE_IPI, "prctl_pass>zap_ptl_dropped"))
		return;
	gather_batch = 16; /* no flush before the PTL is given back */
	vma_unmapped = find_vma(order_space, ADDR);
	order_play(unmap_keeping, take_ptl);
	if (!(seq_seen & 1) || told.walked)
		test_fail(t, "with the PTL, after the zap, CPU 1 sees vm_sequence %u and %s",
			  seq_seen, told.walked ? "the entry" : "no entry");
	order_end(t);
}
#endif
