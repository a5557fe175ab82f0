/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel stacks with a guard: whoever runs off the end faults at once.
 *
 * Owns the stack area (KSTACK_AREA_BASE). It is cut into slots of twice KSTACK_SIZE, of which the
 * lower half is never mapped and the upper half is the stack, so that a stack begins at a multiple
 * of its size. Slots are taken into use one after the other and never unmapped: a freed stack
 * waits on a list, linked through its lowest word, for the next thread. So no CPU ever needs to
 * flush a kernel translation.
 *
 * Locking: kstack_lock guards the list, the counters and the area's page tables; page allocator
 * locks are inside it.
 */
#include "mm/slab.h"
#include "mm/page.h"
#include "kernel/errno.h"
#include "kernel/printk.h"
#include "kernel/thread.h"
#include "arch/layout.h"
#include "arch/mmu.h"

#define SLOT_SIZE (2UL * KSTACK_SIZE)
#define NR_SLOTS (KSTACK_AREA_SIZE / SLOT_SIZE)
#define PAGES_PER_STACK (KSTACK_SIZE / PAGE_SIZE)

struct free_stack {
	struct free_stack *next;
};

static DEFINE_SPINLOCK(kstack_lock);
static struct free_stack *free_stacks;
static u64 nr_pages; /* mapped so far; the next one's place follows from it */

/* Maps the next page of the slot that is under way. Returns 0 or -ENOMEM. */
static int map_next_page(void)
{
	unsigned long slot = nr_pages / PAGES_PER_STACK;
	unsigned long virt = KSTACK_AREA_BASE + slot * SLOT_SIZE + KSTACK_SIZE +
			     nr_pages % PAGES_PER_STACK * PAGE_SIZE;
	struct page *page = page_alloc(0, PAGE_KERNEL, 0);
	int err;

	if (!page)
		return -ENOMEM;
	err = arch_kernel_map_page(virt, page_to_phys(page));
	if (err)
		page_put(page);
	else
		nr_pages++;
	return err;
}

/* A slot that memory does not suffice for stays as it is, and the next call goes on with it. */
static void *map_stack(void)
{
	unsigned long slot = nr_pages / PAGES_PER_STACK;

	BUG_ON(slot >= NR_SLOTS);
	do {
		if (map_next_page())
			return NULL;
	} while (nr_pages % PAGES_PER_STACK);
	return (void *)(KSTACK_AREA_BASE + slot * SLOT_SIZE + KSTACK_SIZE);
}

void *kstack_alloc(void)
{
	void *stack;

	spin_lock(&kstack_lock);
	stack = free_stacks;
	if (stack)
		free_stacks = free_stacks->next;
	else
		stack = map_stack();
	spin_unlock(&kstack_lock);
	return stack;
}

void kstack_free(void *stack)
{
	struct free_stack *free = stack;

	spin_lock(&kstack_lock);
	free->next = free_stacks;
	free_stacks = free;
	spin_unlock(&kstack_lock);
}

u64 kstack_nr_pages(void)
{
	return READ_ONCE(nr_pages);
}
