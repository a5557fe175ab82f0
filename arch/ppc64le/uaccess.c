/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access to user memory.
 *
 * User addresses are the kernel's, too: the CPU translates them by the tree of the loaded PID. Each
 * instruction here that touches user memory has an entry in .ex_table. When it faults, trap.c
 * either has the page brought in and the instruction repeated, or goes on at the entry's fixup;
 * the error was put in place before, and is replaced only when all went well. The table is short
 * and is searched from its start, and only when the kernel faults.
 *
 * Owns the exception table. No locks; may sleep.
 */
#include "kernel/errno.h"
#include "kernel/types.h"
#include "arch/layout.h"
#include "arch/uaccess.h"
#include "arch/ppc64le/traps.h"

/* Both relative to their own place. */
struct ex_entry {
	s32 insn, fixup;
};

extern const struct ex_entry ex_table_start[], ex_table_stop[];

/* Assembly: if the instruction at label @insn faults, go on at label @fixup. */
#define EX_TABLE(insn, fixup)                                                                      \
	"\t.pushsection .ex_table, \"a\"\n"                                                        \
	"\t.balign 4\n"                                                                            \
	"\t.long " #insn " - .\n"                                                                  \
	"\t.long " #fixup " - .\n"                                                                 \
	"\t.popsection\n"

unsigned long uaccess_fixup(unsigned long pc)
{
	const struct ex_entry *e;

	for (e = ex_table_start; e < ex_table_stop; e++)
		if ((unsigned long)&e->insn + (unsigned long)(long)e->insn == pc)
			return (unsigned long)&e->fixup + (unsigned long)(long)e->fixup;
	return 0;
}

static inline bool user_range_ok(const void *addr, size_t n)
{
	return (unsigned long)addr <= USER_TOP && n <= USER_TOP - (unsigned long)addr;
}

/* One load or store by @insn; the error goes to @err. */
#define USER_LOAD(insn, value, src, err)                                                           \
	__asm__ __volatile__("1:\t" insn " %1, 0(%2)\n"                                            \
			     "\tli %0, 0\n"                                                        \
			     "2:\n" EX_TABLE(1b, 2b)                                               \
			     : "+&r"(err), "+&r"(value)                                            \
			     : "b"(src)                                                            \
			     : "memory")

#define USER_STORE(insn, dst, value, err)                                                          \
	__asm__ __volatile__("1:\t" insn " %2, 0(%1)\n"                                            \
			     "\tli %0, 0\n"                                                        \
			     "2:\n" EX_TABLE(1b, 2b)                                               \
			     : "+&r"(err)                                                          \
			     : "b"(dst), "r"(value)                                                \
			     : "memory")

/* Any size: words, then the bytes that are left. Either side may be the user's. */
static int user_copy(void *dst, const void *src, size_t n)
{
	size_t words = n / 8, bytes = n % 8;
	unsigned long value = 0;
	int err = -EFAULT;

	__asm__ __volatile__("\tcmpdi %4, 0\n"
			     "\tbeq 3f\n"
			     "\tmtctr %4\n"
			     "1:\tld %3, 0(%2)\n"
			     "2:\tstd %3, 0(%1)\n"
			     "\taddi %2, %2, 8\n"
			     "\taddi %1, %1, 8\n"
			     "\tbdnz 1b\n"
			     "3:\tcmpdi %5, 0\n"
			     "\tbeq 6f\n"
			     "\tmtctr %5\n"
			     "4:\tlbz %3, 0(%2)\n"
			     "5:\tstb %3, 0(%1)\n"
			     "\taddi %2, %2, 1\n"
			     "\taddi %1, %1, 1\n"
			     "\tbdnz 4b\n"
			     "6:\tli %0, 0\n"
			     "7:\n" EX_TABLE(1b, 7b) EX_TABLE(2b, 7b) EX_TABLE(4b, 7b)
				     EX_TABLE(5b, 7b)
			     : "+&r"(err), "+&b"(dst), "+&b"(src), "+&r"(value)
			     : "r"(words), "r"(bytes)
			     : "memory", "ctr", "cr0");
	return err;
}

int copy_from_user(void *dst, const void *uaddr, size_t n)
{
	int err = -EFAULT;

	if (!user_range_ok(uaddr, n))
		return -EFAULT;
	if (n == 8) {
		u64 value = 0;

		USER_LOAD("ld", value, uaddr, err);
		__builtin_memcpy(dst, &value, sizeof(value));
		return err;
	}
	if (n == 4) {
		u32 value = 0;

		USER_LOAD("lwz", value, uaddr, err);
		__builtin_memcpy(dst, &value, sizeof(value));
		return err;
	}
	return user_copy(dst, uaddr, n);
}

int copy_to_user(void *uaddr, const void *src, size_t n)
{
	int err = -EFAULT;
	u64 word;
	u32 half;

	if (!user_range_ok(uaddr, n))
		return -EFAULT;
	if (n == 8) {
		__builtin_memcpy(&word, src, sizeof(word));
		USER_STORE("std", uaddr, word, err);
		return err;
	}
	if (n == 4) {
		__builtin_memcpy(&half, src, sizeof(half));
		USER_STORE("stw", uaddr, half, err);
		return err;
	}
	return user_copy(uaddr, src, n);
}

int clear_user(void *uaddr, size_t n)
{
	char *at = uaddr;
	int err = 0;

	if (!user_range_ok(uaddr, n))
		return -EFAULT;
	for (; !err && n >= 8; n -= 8, at += 8) {
		err = -EFAULT;
		USER_STORE("std", at, 0L, err);
	}
	for (; !err && n; n--, at++) {
		err = -EFAULT;
		USER_STORE("stb", at, 0L, err);
	}
	return err;
}

long strncpy_from_user(char *dst, const void *uaddr, size_t size)
{
	const char *src = uaddr;
	unsigned long c = 0;
	size_t i;
	int err;

	for (i = 0; i < size; i++) {
		if (!user_range_ok(src + i, 1))
			return -EFAULT;
		err = -EFAULT;
		USER_LOAD("lbz", c, src + i, err);
		if (err)
			return -EFAULT;
		dst[i] = (char)c;
		if (!c)
			return (long)i;
	}
	return -E2BIG;
}

int user_read32(const void *uaddr, u32 *value)
{
	return copy_from_user(value, uaddr, sizeof(*value));
}

int user_cmpxchg32(void *uaddr, u32 old, u32 new, u32 *prev)
{
	int err = -EFAULT;
	u32 found = 0;

	if (!user_range_ok(uaddr, sizeof(old)))
		return -EFAULT;
	__asm__ __volatile__("\tsync\n"
			     "1:\tlwarx %1, 0, %2\n"
			     "\tcmpw %1, %3\n"
			     "\tbne 3f\n"
			     "2:\tstwcx. %4, 0, %2\n"
			     "\tbne 1b\n"
			     "\tsync\n"
			     "3:\tli %0, 0\n"
			     "4:\n" EX_TABLE(1b, 4b) EX_TABLE(2b, 4b)
			     : "+&r"(err), "+&r"(found)
			     : "b"(uaddr), "r"(old), "r"(new)
			     : "memory", "cr0");
	if (!err)
		*prev = found;
	return err;
}
