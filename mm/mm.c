/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Address spaces as a whole: making, loading and ending them.
 *
 * Owns struct mm. An mm lives while it has users; its page tables are loaded on exactly the CPUs
 * of mm->cpus, which mm_switch keeps (MO-6, see mm/tlb.c for the other half).
 */
#include "lab/mmcheck.h"
#include "mm/mm.h"
#include "kernel/cpu.h"
#include "kernel/printk.h"
#include "kernel/string.h"
#include "kernel/cmdline.h"
#include "lab/bug.h"
#include "lab/shadow.h"
#include "lab/storebuf.h"
#include "mm/pgtable.h"
#include "mm/ptl.h"
#include "mm/slab.h"

static struct slab_cache *mm_cache;

void mm_subsystem_init(void)
{
	mm_cache = slab_create("mm", sizeof(struct mm));
	pgtable_subsystem_init();
	vma_subsystem_init();
}

static void mm_init(struct mm *mm)
{
	memset(mm, 0, sizeof(*mm));
	atomic_set(&mm->users, 1);
	rwsem_init(&mm->mmap_sem, "mmap_sem");
	list_init(&mm->vmas);
	seqlock_init(&mm->mm_seq, "mm_seq");
	spin_init(&mm->page_table_lock, "page_table_lock");
	mm->mmap_top = USER_TOP;
	mm->fault_path = cmdline.fault;
	mm->ptl_policy = ptl_policy_find(cmdline.ptl);
}

struct mm *mm_create(void)
{
	struct mm *mm = slab_alloc(mm_cache);

	if (!mm)
		return NULL;
	mm_init(mm);
	mm->stats = kzalloc(nr_cpus * sizeof(*mm->stats));
	mm->pgd = mm->stats ? pgtable_alloc(mm, 4) : NULL;
	if (!mm->pgd) {
		kfree(mm->stats);
		slab_free(mm_cache, mm);
		return NULL;
	}
	arch_pgd_init(mm->pgd);
	shadow_create(mm);
	return mm;
}

/* INV-14: nothing may be left. */
static void mm_check_empty(struct mm *mm)
{
	WARN_ON(mm->nr_vmas);
	WARN_ON(mm->mm_rb.node);
	WARN_ON(!cpumask_empty(&mm->cpus));
	if (WARN_ON(atomic64_read(&mm->nr_tables) != 1))
		printk("%ld page tables left", (long)atomic64_read(&mm->nr_tables));
}

void mm_put(struct mm *mm)
{
	BUG_ON(this_cpu()->loaded_mm == mm && atomic_read(&mm->users) == 1);
	if (!atomic_dec_and_test(&mm->users))
		return;
	mm_check(mm);
	mm_unmap_all(mm);
	shadow_destroy(mm);
	mm_check_empty(mm);
	pgtable_free(mm, ptdesc_of(mm->pgd));
	kfree(mm->stats);
	slab_free(mm_cache, mm);
}

u64 mm_nr_used(void)
{
	return slab_nr_used(mm_cache);
}

void mm_switch(struct mm *mm)
{
	unsigned long flags = irq_save();
	struct cpu *cpu = this_cpu();
	struct mm *old = cpu->loaded_mm;

	if (old != mm) {
		if (mm) {
			/* cpumask_set: a full barrier (MO-6). */
			sb_or(cpumask_word(&mm->cpus, cpu->id), cpumask_bit(cpu->id));
			sb_full(bug(mm_switch_no_mb));
			cpu->tlb_gen = (u64)atomic64_read(&mm->tlb_gen);
		}
		cpu->loaded_mm = mm;
		cpu->fault_stats = mm ? &mm->stats[cpu->id] : NULL;
		arch_mmu_switch(mm ? mm->pgd : NULL);
		if (old)
			cpumask_clear(&old->cpus, cpu->id);
	}
	irq_restore(flags);
}
