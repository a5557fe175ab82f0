/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the VMA code calls, for test_vma.c: sleeping locks that nobody waits for, memory from the C
 * library so that the sanitizers see every object, SRCU callbacks that run when the test says, and
 * page tables of one flat array.
 */
#pragma once

#include "tests/host/host.h"
#include "kernel/errno.h"
#include "kernel/thread.h"
#include "lab/shadow.h"
#include "lab/sync.h"
#include "mm/gather.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/vma_order.h"

#define ARENA_PAGES 700UL /* the addresses from 0 on that random tests use */

/* Ends the program: after a wrong layout nothing that follows would mean anything. */
#undef CHECK
#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond))                                                                       \
			panic("%s:%d: step %lu: %s", __FILE__, __LINE__, test_step, #cond);        \
	} while (0)

static struct mm test_mm;
static struct thread test_thread;
static unsigned long test_step; /* for messages */

/* The pages as page tables would have them. */
struct host_pte {
	bool present;
	u64 prot;
	struct anon_vma *mapping; /* NULL for the zero page */
};
static struct host_pte host_ptes[ARENA_PAGES];

/* --- sleeping locks --- */
bool sync_active = true;

bool rwsem_wait(struct rwsem *sem, bool write, bool breakable)
{
	(void)breakable;
	panic("%s is taken already (state %lx) and wanted for %s", sem->name,
	      (unsigned long)sem->state, write ? "writing" : "reading");
}

void rwsem_left(struct rwsem *sem)
{
	panic("%s is left in state %lx", sem->name, (unsigned long)sem->state);
}

/* --- the instruments' model of memory: it never is on here --- */
bool shadow_on;

void shadow_change_begin_slow(struct mm *mm, unsigned long start, unsigned long end,
			      unsigned long access)
{
	(void)mm, (void)start, (void)end, (void)access;
}

void shadow_change_end_slow(struct mm *mm, int err)
{
	(void)mm, (void)err;
}

u64 shadow_zap_begin_slow(struct mm *mm)
{
	(void)mm;
	return 0;
}

void shadow_zap_end_slow(struct mm *mm, unsigned long start, unsigned long end, u64 since)
{
	(void)mm, (void)start, (void)end, (void)since;
}

/* --- memory --- */
struct slab_cache {
	size_t size;
	u64 nr;
};
static unsigned int slab_fail_in; /* the n-th allocation from now fails; 0: none */
static bool slab_failed;
static struct vma *slab_alloc_hook; /* gets its anon_vma during the next allocation */

struct slab_cache *slab_create(const char *name, size_t size)
{
	struct slab_cache *cache = calloc(1, sizeof(*cache));

	(void)name;
	CHECK(cache);
	cache->size = size;
	return cache;
}

void slab_isolate(struct slab_cache *cache)
{
	(void)cache;
}

void *slab_alloc(struct slab_cache *cache)
{
	void *object;

	if (slab_fail_in && --slab_fail_in == 0) {
		slab_failed = true;
		return NULL;
	}
	if (slab_alloc_hook) {
		struct vma *vma = slab_alloc_hook;

		slab_alloc_hook = NULL;
		CHECK(anon_vma_prepare(vma) == 0);
	}
	object = calloc(1, cache->size);
	CHECK(object);
	memset(object, 0x6b, cache->size);
	cache->nr++;
	return object;
}

void slab_free(struct slab_cache *cache, void *object)
{
	cache->nr--;
	free(object);
}

u64 slab_nr_used(struct slab_cache *cache)
{
	return cache->nr;
}

/* --- SRCU --- */
static struct srcu_head *srcu_queue;

int srcu_init(struct srcu *srcu, const char *name)
{
	srcu->name = name;
	return 0;
}

void call_srcu(struct srcu *srcu, struct srcu_head *head, void (*func)(struct srcu_head *))
{
	(void)srcu;
	head->func = func;
	head->next = srcu_queue;
	srcu_queue = head;
}

static void host_grace_period(void)
{
	while (srcu_queue) {
		struct srcu_head *head = srcu_queue;

		srcu_queue = head->next;
		head->func(head);
	}
}

/* --- page tables --- */
static bool tables_cleared; /* gather_free_tables was called since gather_begin */

void gather_begin(struct mmu_gather *tlb, struct mm *mm)
{
	tlb->mm = mm;
	tables_cleared = false;
	CHECK(mm->mmap_sem.state);
}

void gather_end(struct mmu_gather *tlb)
{
	CHECK(tables_cleared == rwsem_is_write_locked(&tlb->mm->mmap_sem));
}

/* The experiments with locks of reverse maps are off. */
void vma_order_init(void)
{
}

bool vma_order_on(void)
{
	return false;
}

int vma_split_ordered(struct mm *mm, struct vma *vma, unsigned long addr)
{
	panic("%p: split of %p at %lx in an experiment's order", (void *)mm, (void *)vma, addr);
}

void vma_remove_ordered(struct mmu_gather *tlb, struct vma *vma, unsigned long start,
			unsigned long end)
{
	panic("%p: removal of %lx-%lx in an experiment's order", (void *)tlb->mm,
	      max(start, vma->start), end);
}

void zap_page_range(struct mmu_gather *tlb, struct vma *vma, unsigned long start,
		    unsigned long end)
{
	bool writer = rwsem_is_write_locked(&tlb->mm->mmap_sem);

	CHECK(start >= vma->start && end <= vma->end && start < end);
	CHECK(writer == (vma->vm_sequence.seq & 1)); /* INV-5 */
	CHECK(writer == vma_is_dead(vma));	     /* MO-3 */
	CHECK(!tables_cleared);
	for (unsigned long i = start / PAGE_SIZE; i < end / PAGE_SIZE && i < ARENA_PAGES; i++)
		host_ptes[i] = (struct host_pte){ .present = false };
}

void gather_free_tables(struct mmu_gather *tlb, unsigned long start, unsigned long end,
			unsigned long floor, unsigned long ceiling)
{
	struct vma *vma;
	unsigned long top = ceiling ? ceiling : USER_TOP;

	CHECK(floor <= start && start < end && end <= top);
	CHECK(rwsem_is_write_locked(&tlb->mm->mmap_sem));
	list_for_each_entry(vma, &tlb->mm->vmas, list)
		CHECK(vma->end <= floor || vma->start >= top);
	tables_cleared = true;
}

void change_protection(struct vma *vma, unsigned long start, unsigned long end)
{
	CHECK(start >= vma->start && end <= vma->end && start < end);
	CHECK((vma->vm_sequence.seq & 1) && rwsem_is_write_locked(&vma->mm->mmap_sem));
	for (unsigned long i = start / PAGE_SIZE; i < end / PAGE_SIZE && i < ARENA_PAGES; i++)
		host_ptes[i].prot = vma->prot.v;
}

/* A fault at @addr, by @write with a page of its own. */
static void host_fault(struct mm *mm, unsigned long addr, bool write)
{
	struct host_pte *pte = &host_ptes[addr / PAGE_SIZE];
	struct vma *vma;

	down_read(&mm->mmap_sem);
	vma = find_vma(mm, addr);
	if (vma && vma->start <= addr && (vma->flags & VM_ACCESS)) {
		pte->present = true;
		pte->prot = vma->prot.v;
		if (write) {
			int err = anon_vma_prepare(vma);

			CHECK(err == 0 || (err == -ENOMEM && !vma->anon_vma));
			if (!err)
				pte->mapping = vma->anon_vma;
		}
	}
	up_read(&mm->mmap_sem);
}

void mm_populate(struct mm *mm, unsigned long start, unsigned long end)
{
	for (; start < end; start += PAGE_SIZE)
		host_fault(mm, start, true);
}

static void host_setup(void)
{
	host_set_cpu(0);
	this_cpu()->arch.thread = &test_thread;
	test_thread.srcu_depth = 1;
	list_init(&test_mm.vmas);
	test_mm.mmap_sem.name = "mmap_sem";
	spin_init(&test_mm.page_table_lock, "page_table_lock");
	seqlock_init(&test_mm.mm_seq, "mm_seq");
}
