/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names for addresses of the kernel's text.
 *
 * The build links twice: with an empty table, and with the one that tools/gen-symtab.py made of
 * the first result. Offsets count from image_start and rise; the last entry only says where the
 * function before it ends. Constant data, no locks: any context.
 */
#include "kernel/symbols.h"

extern const char image_start[];
extern const u32 symtab_count;
extern const u32 symtab_offsets[];
extern const u32 symtab_name_offsets[];
extern const char symtab_names[];

/* The last entry at or below @offset; the first one must be. */
static u32 symtab_search(u32 offset)
{
	u32 low = 0, high = symtab_count;

	while (high - low > 1) {
		u32 middle = low + (high - low) / 2;

		if (symtab_offsets[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

const char *symbol_lookup(unsigned long addr, unsigned long *offset, unsigned long *size)
{
	unsigned long where = addr - (unsigned long)image_start;
	u32 i;

	if (symtab_count < 2 || where < symtab_offsets[0] ||
	    where >= symtab_offsets[symtab_count - 1])
		return NULL;
	i = symtab_search((u32)where);
	*offset = where - symtab_offsets[i];
	*size = symtab_offsets[i + 1] - symtab_offsets[i];
	return symtab_names + symtab_name_offsets[i];
}
