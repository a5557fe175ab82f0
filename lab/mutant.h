/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mutants: small defects made by a tool, hundreds of them in one image, of which the boot word
 * mutant=N chooses one. Only in an image that tools/mutants has made from a changed copy of the
 * sources, with MUTANTS the number of them; in any other image nothing of this exists.
 *
 * In the copy a statement S has become { if (!mutant(17)) S; }, a condition C has become
 * (!mutant(18) && (C)). So what was never executed is known: mutant=record tells after each test
 * which mutants it reached, and a chosen one says on the control channel when it is reached first.
 */
#pragma once

#include "kernel/types.h"

#ifndef MUTANTS
#define MUTANTS 0
#endif

#if LAB && MUTANTS
#define MUTANT_RECORD 0xffffffffu

extern u32 mutant_now; /* the one that is on; 0: none */

bool mutant_reach(u32 id);

/* Whether the defect @id is to happen; counts. */
static __always_inline bool mutant(u32 id)
{
	u32 now = READ_ONCE(mutant_now);

	return unlikely(now == id || now == MUTANT_RECORD) && mutant_reach(id);
}

/* For the other places of a defect of which one counts. */
static __always_inline bool mutant_is(u32 id)
{
	return unlikely(READ_ONCE(mutant_now) == id);
}

/* Boot, as soon as the command line is known: so that what runs before it is parsed has mutants
 * too. The console must work. */
void mutant_choose_early(const char *words);
/* Turns @word on: "" for none, "record", or a number. 0, or -EINVAL with a message. */
int mutant_set(const char *word);
/* Before the first test: tells what the start of the machine reached. */
void mutant_after_boot(void);
/* After a test: tells what it reached, or ends the run if a mutant is on and the test @failed. */
void mutant_after_test(const char *suite, const char *name, bool failed);
/* How often the mutant that is on was reached, on the control channel. */
void mutant_report_hits(void);
#else
static inline void mutant_choose_early(const char *words)
{
	(void)words;
}
static inline void mutant_after_boot(void)
{
}
static inline int mutant_set(const char *word)
{
	return word[0] ? -1 : 0;
}
static inline void mutant_after_test(const char *suite, const char *name, bool failed)
{
	(void)suite, (void)name, (void)failed;
}
static inline void mutant_report_hits(void)
{
}
#endif
