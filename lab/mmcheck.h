/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looks at a whole address space that nobody uses any more, before it is taken apart: whatever its
 * faults and calls have left must agree with itself. So every program checks the kernel's books,
 * however little it sees of them.
 */
#pragma once

struct mm;

#if LAB
/*
 * A report that begins with WARN says what does not hold: the tree of VMAs and its gaps
 * (vma_validate, which panics); each present entry lies in a VMA, has its protection, and maps the
 * page of zeroes read-only or a page of its own (INV-12); each leaf table has a VMA that may need
 * it. No thread of @mm is left. May sleep.
 */
void mm_check(struct mm *mm);
#else
static inline void mm_check(struct mm *mm)
{
	(void)mm;
}
#endif
