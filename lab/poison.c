/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Filling memory with poison and looking for what is none. Owns page_checks. No locks, any
 * context.
 */
#include "lab/poison.h"

#if LAB
enum page_checks page_checks = PAGE_CHECKS_POISON;

/* Eight words at a time: half of the time of freeing a page is spent here. */
void poison_fill(void *start, size_t size, u8 byte)
{
	u64 value = POISON_WORD(byte);
	u64 *word = start, *end = (u64 *)((char *)start + ALIGN_DOWN(size, 64UL));

	for (; word < end; word += 8) {
		word[0] = word[1] = word[2] = word[3] = value;
		word[4] = word[5] = word[6] = word[7] = value;
	}
	for (end = (u64 *)((char *)start + size); word < end; word++)
		*word = value;
}

size_t poison_find(const void *start, size_t size, u8 byte)
{
	u64 value = POISON_WORD(byte);
	const u64 *word = start, *end = (const u64 *)((const char *)start + size);

	for (; end - word >= 8; word += 8)
		if (word[0] != value || word[1] != value || word[2] != value || word[3] != value ||
		    word[4] != value || word[5] != value || word[6] != value || word[7] != value)
			break;
	while (word < end && *word == value)
		word++;
	return (size_t)((const char *)word - (const char *)start);
}
#endif
