/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Poison: what freed memory is filled with, in every build with instruments.
 *
 * A page is filled with the architecture's PGTABLE_POISON, of which no page-table entry is present,
 * since the page may have been a table; a slab object with SLAB_POISON, which makes a sequence
 * count look busy. Neither makes a valid address.
 */
#pragma once

#include "kernel/types.h"

#define SLAB_POISON 0x6b

/* A word of @byte. */
#define POISON_WORD(byte) (0x0101010101010101UL * (byte))

/* How freed pages are watched: boot word pagealloc=. */
enum page_checks {
	PAGE_CHECKS_PLAIN,  /* tables and objects are poisoned, pages of programs are not */
	PAGE_CHECKS_POISON, /* all are, which costs some 2000 instructions in the life of each */
	PAGE_CHECKS_DEBUG,  /* lab/quarantine.h */
};

#if LAB
extern enum page_checks page_checks; /* constant once the command line was read */

/* Fills @size bytes at @start, whole words, with @byte. */
void poison_fill(void *start, size_t size, u8 byte);
/* The offset of the first word that is not @byte throughout; @size if there is none. */
size_t poison_find(const void *start, size_t size, u8 byte);
#endif
