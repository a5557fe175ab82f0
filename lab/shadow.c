/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The model of an address space and its checks; see lab/shadow.h.
 *
 * Owns mm->shadow. Its lock is the innermost: taken under PTLs with interrupts off, for some
 * hundred instructions, and nothing is printed under it. An address space that outgrows its model
 * is no longer checked, and says so.
 */
#include "lab/shadow_model.h"

#if LAB
#include "kernel/errno.h"
#include "kernel/printk.h"
#include "kernel/string.h"
#include "kernel/thread.h"
#include "mm/mm.h"
#include "mm/slab.h"

bool shadow_on;

int shadow_enable(bool on)
{
	if (on && shadow_history_init())
		return -ENOMEM;
	WRITE_ONCE(shadow_on, on);
	return 0;
}

void shadow_create_slow(struct mm *mm)
{
	mm->shadow = kzalloc(sizeof(*mm->shadow));
	if (!mm->shadow) {
		printk("shadow: no memory for a model, this address space is not checked");
		return;
	}
	spin_init(&mm->shadow->lock, "shadow");
	mm->shadow->born = shadow_now();
}

static void shadow_lose(struct shadow *shadow, const char *what)
{
	if (!shadow->lost)
		printk("shadow: too many %s, this address space is no longer checked", what);
	shadow->lost = true;
}

/* --- what is mapped --- */

/* The first range that ends above @addr. */
static unsigned int find_range(const struct shadow *shadow, unsigned long addr)
{
	unsigned int i = 0;

	while (i < shadow->nr_ranges && shadow->range[i].end <= addr)
		i++;
	return i;
}

static unsigned long access_at(const struct shadow *shadow, unsigned long addr)
{
	unsigned int i = find_range(shadow, addr);

	if (i == shadow->nr_ranges || shadow->range[i].start > addr)
		return SHADOW_UNMAPPED;
	return shadow->range[i].access;
}

/* The first address from @start on that is not mapped, or @end. */
static unsigned long mapped_until(const struct shadow *shadow, unsigned long start,
				  unsigned long end)
{
	unsigned int i = find_range(shadow, start);

	for (; start < end && i < shadow->nr_ranges && shadow->range[i].start <= start; i++)
		start = shadow->range[i].end;
	return min(start, end);
}

static void insert_range(struct shadow *shadow, unsigned int at, struct shadow_range range)
{
	if (range.start >= range.end)
		return;
	if (shadow->nr_ranges == SHADOW_MAX_RANGES) {
		shadow_lose(shadow, "ranges");
		return;
	}
	memmove(&shadow->range[at + 1], &shadow->range[at],
		(shadow->nr_ranges - at) * sizeof(range));
	shadow->range[at] = range;
	shadow->nr_ranges++;
}

static void remove_range(struct shadow *shadow, unsigned int at)
{
	shadow->nr_ranges--;
	memmove(&shadow->range[at], &shadow->range[at + 1],
		(shadow->nr_ranges - at) * sizeof(shadow->range[0]));
}

/* [@start, @end) is no longer mapped; what sticks out of it stays. */
static void cut_range(struct shadow *shadow, unsigned long start, unsigned long end)
{
	unsigned int i = find_range(shadow, start);

	while (i < shadow->nr_ranges && shadow->range[i].start < end) {
		struct shadow_range old = shadow->range[i];

		remove_range(shadow, i);
		insert_range(shadow, i,
			     (struct shadow_range){ max(old.start, end), old.end, old.access });
		insert_range(shadow, i,
			     (struct shadow_range){ old.start, min(old.end, start), old.access });
		i += (old.start < start) + (old.end > end);
	}
}

static void set_range(struct shadow *shadow, struct shadow_range range)
{
	unsigned int i;

	cut_range(shadow, range.start, range.end);
	if (range.access == SHADOW_UNMAPPED)
		return;
	i = find_range(shadow, range.start);
	if (i < shadow->nr_ranges && shadow->range[i].start == range.end &&
	    shadow->range[i].access == range.access) {
		range.end = shadow->range[i].end;
		remove_range(shadow, i);
	}
	if (i && shadow->range[i - 1].end == range.start &&
	    shadow->range[i - 1].access == range.access) {
		range.start = shadow->range[--i].start;
		remove_range(shadow, i);
	}
	insert_range(shadow, i, range);
}

/* --- what the entries hold --- */

static u32 *page_bucket(struct shadow *shadow, unsigned long addr)
{
	return &shadow->bucket[(addr >> PAGE_SHIFT) % SHADOW_BUCKETS];
}

/* The place of the index of @addr's page; *place is 0 if there is none. */
static u32 *find_page(struct shadow *shadow, unsigned long addr)
{
	u32 *place = page_bucket(shadow, addr);

	while (*place && shadow->page[*place].addr != addr)
		place = &shadow->page[*place].next;
	return place;
}

static pte_t page_pte(struct shadow *shadow, unsigned long addr)
{
	u32 i = *find_page(shadow, addr);

	return i ? shadow->page[i].pte : (pte_t){ 0 };
}

static u32 take_free_page(struct shadow *shadow)
{
	u32 i = shadow->free_page;

	if (i) {
		shadow->free_page = shadow->page[i].next;
		return i;
	}
	if (shadow->nr_pages == SHADOW_MAX_PAGES)
		return 0;
	return ++shadow->nr_pages;
}

static void set_page(struct shadow *shadow, unsigned long addr, pte_t pte, u64 seq)
{
	u32 *place = find_page(shadow, addr), i = *place;

	if (pte_none(pte)) {
		shadow->last_zap = seq;
		if (!i)
			return;
		*place = shadow->page[i].next;
		shadow->page[i].next = shadow->free_page;
		shadow->page[i].addr = ~0UL;
		shadow->free_page = i;
		return;
	}
	if (!i) {
		i = take_free_page(shadow);
		if (!i) {
			shadow_lose(shadow, "pages");
			return;
		}
		shadow->page[i].next = 0;
		*place = i;
	}
	shadow->page[i].addr = addr;
	shadow->page[i].pte = pte;
	shadow->page[i].seq = seq;
}

/* --- the checks --- */

/* Whether an entry may stand where @access is mapped. */
static bool pte_within(pte_t pte, unsigned long access)
{
	if (pte_none(pte))
		return true;
	if (access == SHADOW_UNMAPPED)
		return false;
	return !pte_user(pte) || ((!pte_write(pte) || access & PROT_WRITE) &&
				  (!pte_exec(pte) || access & PROT_EXEC) &&
				  access & (PROT_READ | PROT_WRITE | PROT_EXEC));
}

static bool in_change(const struct shadow *shadow, unsigned long addr)
{
	return shadow->version & 1 && addr >= shadow->change.start && addr < shadow->change.end;
}

void shadow_pte_slow(struct mm *mm, unsigned long addr, pte_t old, pte_t new)
{
	struct shadow *shadow = mm->shadow;
	unsigned long flags;
	bool legal, same;
	pte_t known;
	u64 seq;

	if (!shadow)
		return;
	addr &= PAGE_MASK;
	seq = shadow_note(mm, SHADOW_EV_PTE, addr, addr + PAGE_SIZE, new.v);
	flags = spin_lock_irqsave(&shadow->lock);
	known = page_pte(shadow, addr);
	same = pte_none(known) == pte_none(old) &&
	       (pte_none(old) || (pte_pfn(known) == pte_pfn(old) &&
				  pte_write(known) == pte_write(old)));
	legal = pte_within(new, access_at(shadow, addr)) ||
		(in_change(shadow, addr) && pte_within(new, shadow->change.access));
	set_page(shadow, addr, new, seq);
	legal |= shadow->lost;
	same |= shadow->lost;
	spin_unlock_irqrestore(&shadow->lock, flags);
	if (!legal)
		shadow_disagree(mm, addr, "the layout does not permit this entry (INV-1)");
	if (!same)
		shadow_disagree(mm, addr, "the entry had changed behind everybody's back");
}

/* The first page of [@start, @end) whose entry @access does not permit, or which is older than
 * @since; 0 if there is none. */
static unsigned long find_leftover(const struct shadow *shadow, const struct shadow_range *range,
				   u64 since)
{
	for (u32 i = 1; i <= shadow->nr_pages; i++) {
		const struct shadow_page *page = &shadow->page[i];

		if (page->addr >= range->start && page->addr < range->end &&
		    (!pte_within(page->pte, range->access) || page->seq < since))
			return page->addr;
	}
	return 0;
}

void shadow_change_begin_slow(struct mm *mm, unsigned long start, unsigned long end,
			      unsigned long access)
{
	struct shadow *shadow = mm->shadow;
	enum shadow_event_kind kind;
	unsigned long flags;

	if (!shadow)
		return;
	flags = spin_lock_irqsave(&shadow->lock);
	kind = access == SHADOW_UNMAPPED			     ? SHADOW_EV_UNMAP :
	       mapped_until(shadow, start, start + 1) > start ? SHADOW_EV_PROTECT :
								     SHADOW_EV_MAP;
	shadow->change = (struct shadow_range){ start, end, access };
	WRITE_ONCE(shadow->version, shadow->version + 1);
	spin_unlock_irqrestore(&shadow->lock, flags);
	shadow_note(mm, kind, start, end, access);
}

/* How far a change went that ended with @err. Only mprotect stops half-way, at a hole. */
static void cut_change(struct shadow *shadow, int err)
{
	struct shadow_range *change = &shadow->change;
	unsigned long hole = mapped_until(shadow, change->start, change->end);

	if (!err)
		return;
	if (change->access == SHADOW_UNMAPPED || hole == change->start)
		change->end = change->start;
	else if (hole == change->end)
		shadow_lose(shadow, "errors for want of memory");
	else
		change->end = hole;
}

void shadow_change_end_slow(struct mm *mm, int err)
{
	struct shadow *shadow = mm->shadow;
	unsigned long flags, leftover;
	struct shadow_range change;

	if (!shadow)
		return;
	flags = spin_lock_irqsave(&shadow->lock);
	cut_change(shadow, err);
	change = shadow->change;
	if (change.start < change.end)
		set_range(shadow, change);
	leftover = shadow->lost ? 0 : find_leftover(shadow, &change, 0);
	WRITE_ONCE(shadow->version, shadow->version + 1);
	spin_unlock_irqrestore(&shadow->lock, flags);
	shadow_note(mm, SHADOW_EV_END, change.start, change.end, change.access);
	if (leftover)
		shadow_disagree(mm, leftover, change.access == SHADOW_UNMAPPED ?
				"an entry is left where all was unmapped" :
				"an entry permits more than what the change has left");
}

u64 shadow_zap_begin_slow(struct mm *mm)
{
	(void)mm;
	return shadow_now();
}

void shadow_zap_end_slow(struct mm *mm, unsigned long start, unsigned long end, u64 since)
{
	const struct shadow_range range = { start, end, PROT_READ | PROT_WRITE | PROT_EXEC };
	struct shadow *shadow = mm->shadow;
	unsigned long flags, leftover;

	if (!shadow)
		return;
	flags = spin_lock_irqsave(&shadow->lock);
	leftover = find_leftover(shadow, &range, since);
	leftover = shadow->lost ? 0 : leftover;
	spin_unlock_irqrestore(&shadow->lock, flags);
	if (leftover)
		shadow_disagree(mm, leftover, "a page is left that was given back");
}

void shadow_destroy_slow(struct mm *mm)
{
	struct shadow *shadow = mm->shadow;

	if (!shadow)
		return;
	for (u32 i = 1; i <= shadow->nr_pages && !shadow->lost; i++)
		if (shadow->page[i].addr != ~0UL)
			shadow_disagree(mm, shadow->page[i].addr, "mapped to the end (INV-14)");
	mm->shadow = NULL;
	kfree(shadow);
}

/* --- faults --- */

void shadow_fault_begin_slow(struct mm *mm)
{
	struct shadow *shadow = mm->shadow;

	current->shadow_version = shadow ? READ_ONCE(shadow->version) : 1;
	current->shadow_begin = shadow_now();
}

/* Whether nothing has changed since the fault began, so that there is one answer only. */
static bool undisturbed(const struct shadow *shadow)
{
	return shadow && !shadow->lost && !(current->shadow_version & 1) &&
	       shadow->version == current->shadow_version;
}

static bool access_permits(unsigned long access, u32 flags)
{
	if (access == SHADOW_UNMAPPED)
		return false;
	if (flags & FAULT_WRITE)
		return access & PROT_WRITE;
	return access & (flags & FAULT_EXEC ? PROT_EXEC : PROT_READ | PROT_WRITE | PROT_EXEC);
}

void shadow_fault_done_slow(struct mm *mm, unsigned long addr, u32 flags)
{
	struct shadow *shadow = mm->shadow;
	unsigned long irq_flags;
	bool permitted = true, there = true;
	pte_t pte;

	if (!shadow || current->shadow_version & 1)
		return;
	addr &= PAGE_MASK;
	shadow_note(mm, SHADOW_EV_RESOLVED, addr, addr + PAGE_SIZE, flags);
	irq_flags = spin_lock_irqsave(&shadow->lock);
	if (undisturbed(shadow)) {
		permitted = access_permits(access_at(shadow, addr), flags);
		pte = page_pte(shadow, addr);
		there = shadow->last_zap > current->shadow_begin ||
			(!pte_none(pte) && (!(flags & FAULT_WRITE) || pte_write(pte)));
	}
	spin_unlock_irqrestore(&shadow->lock, irq_flags);
	if (!permitted)
		shadow_disagree(mm, addr, "a fault was resolved that the layout does not permit");
	else if (!there)
		shadow_disagree(mm, addr, "a fault was resolved, but its page is not there");
}

void shadow_fault_refused_slow(struct mm *mm, unsigned long addr, u32 flags, bool mapped)
{
	struct shadow *shadow = mm->shadow;
	unsigned long irq_flags, access;
	bool right = true;

	if (!shadow)
		return;
	addr &= PAGE_MASK;
	shadow_note(mm, SHADOW_EV_REFUSED, addr, addr + PAGE_SIZE, flags);
	irq_flags = spin_lock_irqsave(&shadow->lock);
	if (undisturbed(shadow)) {
		access = access_at(shadow, addr);
		right = !access_permits(access, flags) && (access != SHADOW_UNMAPPED) == mapped;
	}
	spin_unlock_irqrestore(&shadow->lock, irq_flags);
	current->shadow_version = 1; /* it is judged */
	if (!right)
		shadow_disagree(mm, addr, "a fault was refused %s, which the layout does not say",
				mapped ? "for its access" : "since nothing is mapped there");
}
#endif
