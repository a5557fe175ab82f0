/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pagealloc=debug: freed pages leave the kernel's map and are held back before they are used again.
 *
 * RAM is mapped by base pages. A page that is free is not mapped; it is mapped again when it is
 * handed out. The latest quarantine=N freed pages are not handed out at all. A touch through the
 * kernel's map traps, and the report says who touched and who freed (lab/freed.h). If a test
 * expects the report the page is mapped, and the access goes on with the poison that is in it.
 *
 * Objects of caches for which slab_isolate was called have a page each, so that a touch of a freed
 * VMA traps as well.
 */
#pragma once

#include "kernel/types.h"

struct page;
struct trap_frame;

#define QUARANTINE_DEFAULT 1024
#define QUARANTINE_MAX 65536

#if LAB
extern bool quarantine_on; /* constant once memory is set up */

/* Boot CPU, once, after arch_mmu_init(true): unmaps what is free; holds back @pages pages. */
void quarantine_init(unsigned long pages);
/* Takes a block that was just freed, PAGE_FREE already and poisoned, and gives it or others to the
 * zones by and by. Not from interrupts. */
void quarantine_put(struct page *page, unsigned int order);
/* A block is about to be handed out: maps it. */
void quarantine_map(struct page *page, unsigned int order);
/* Other CPUs forget the translations of what was freed until now: interrupts them, and does not
 * wait. */
void quarantine_flush(void);
/* Sleeps until they have; then a touch of what was freed before traps on any CPU. */
void quarantine_flush_wait(void);
/* Gives everything to the zones, for want of memory; whether there was anything. */
bool quarantine_drain(void);
/* Pages held back now. */
u64 quarantine_nr_pages(void);

/* From the arch: the kernel faulted at @addr of the direct map, interrupts off. True: the page was
 * a freed one, the use is reported, and the access is to be repeated. */
bool quarantine_fault(const struct trap_frame *regs, unsigned long addr, bool write);
void quarantine_serve(void);
/* On every interrupt from another CPU, and at the end of idling; interrupts off. */
static inline void quarantine_catch_up(void)
{
	if (unlikely(quarantine_on))
		quarantine_serve();
}

/* Whether a touch of a freed page table traps here and now: frees one and touches it. */
bool quarantine_probe(void);
#else
#define quarantine_on false
static inline void quarantine_init(unsigned long pages)
{
	(void)pages;
}
static inline void quarantine_flush(void) { }
static inline void quarantine_catch_up(void) { }
static inline bool quarantine_drain(void) { return false; }
static inline u64 quarantine_nr_pages(void) { return 0; }
static inline bool quarantine_fault(const struct trap_frame *regs, unsigned long addr, bool write)
{
	(void)regs, (void)addr, (void)write;
	return false;
}
#endif
