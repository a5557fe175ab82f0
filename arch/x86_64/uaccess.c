/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access to user memory.
 *
 * Each instruction here that touches user memory has an entry in .ex_table. When it faults, trap.c
 * either has the page brought in and the instruction repeated, or goes on at the entry's fixup;
 * the error was put in place before, and is replaced only when all went well. The table is short
 * and is searched from its start, and only when the kernel faults.
 *
 * Owns the exception table and the only code that opens user memory under SMAP. No locks; may
 * sleep.
 */
#include "kernel/errno.h"
#include "kernel/types.h"
#include "arch/layout.h"
#include "arch/uaccess.h"
#include "arch/x86_64/offsets.h"
#include "arch/x86_64/traps.h"

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

u32 uaccess_smap;

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

/*
 * Opens or closes user memory to the kernel. By popfq and not by stac and clac: a KVM without
 * hardware virtualisation shows the CPU's SMAP bit, whatever -cpu says, and ends the guest at
 * either of them.
 */
static __always_inline void user_access_begin(void)
{
	if (uaccess_smap)
		__asm__ __volatile__("pushfq; orl %0, (%%rsp); popfq" ::"i"(RFLAGS_AC)
				     : "memory", "cc");
}

static __always_inline void user_access_end(void)
{
	if (uaccess_smap)
		__asm__ __volatile__("pushfq; andl %0, (%%rsp); popfq" ::"i"(~RFLAGS_AC)
				     : "memory", "cc");
}

/*
 * One load or store of a value of type @type; the error goes to @err. The address is a mere
 * register, since what user mode calls a pointer may be NULL or odd.
 */
#define USER_LOAD(type, insn, dst, src, err)                                                       \
	do {                                                                                       \
		type ul_value = 0;                                                                 \
		__asm__ __volatile__("1:\t" insn " (%2), %1\n"                                     \
				     "\txorl %0, %0\n"                                             \
				     "2:\n" EX_TABLE(1b, 2b)                                       \
				     : "+&r"(err), "+&r"(ul_value) \
				     : "r"(src)                                                    \
				     : "memory", "cc");                                            \
		__builtin_memcpy((dst), &ul_value, sizeof(ul_value));                              \
	} while (0)

#define USER_STORE(type, insn, dst, src, err)                                                      \
	do {                                                                                       \
		type us_value;                                                                     \
		__builtin_memcpy(&us_value, (src), sizeof(us_value));                              \
		__asm__ __volatile__("1:\t" insn " %2, (%1)\n"                                     \
				     "\txorl %0, %0\n"                                             \
				     "2:\n" EX_TABLE(1b, 2b)                                       \
				     : "+&r"(err)                                                  \
				     : "r"(dst), "r"(us_value)                                     \
				     : "memory", "cc");                                            \
	} while (0)

/* Any size: words, then the bytes that are left. */
static int user_copy(void *dst, const void *src, size_t n)
{
	size_t words = n / 8;
	int err = -EFAULT;

	__asm__ __volatile__("1:\trep movsq\n"
			     "\tmovq %4, %%rcx\n"
			     "2:\trep movsb\n"
			     "\txorl %0, %0\n"
			     "3:\n" EX_TABLE(1b, 3b) EX_TABLE(2b, 3b)
			     : "+&r"(err), "+&D"(dst), "+&S"(src), "+&c"(words)
			     : "r"(n % 8)
			     : "memory", "cc");
	return err;
}

int copy_from_user(void *dst, const void *uaddr, size_t n)
{
	int err = -EFAULT;

	if (!user_range_ok(uaddr, n))
		return -EFAULT;
	user_access_begin();
	if (n == 8)
		USER_LOAD(u64, "movq", dst, uaddr, err);
	else if (n == 4)
		USER_LOAD(u32, "movl", dst, uaddr, err);
	else
		err = user_copy(dst, uaddr, n);
	user_access_end();
	return err;
}

int copy_to_user(void *uaddr, const void *src, size_t n)
{
	int err = -EFAULT;

	if (!user_range_ok(uaddr, n))
		return -EFAULT;
	user_access_begin();
	if (n == 8)
		USER_STORE(u64, "movq", uaddr, src, err);
	else if (n == 4)
		USER_STORE(u32, "movl", uaddr, src, err);
	else
		err = user_copy(uaddr, src, n);
	user_access_end();
	return err;
}

int clear_user(void *uaddr, size_t n)
{
	size_t words = n / 8;
	int err = -EFAULT;

	if (!user_range_ok(uaddr, n))
		return -EFAULT;
	user_access_begin();
	__asm__ __volatile__("1:\trep stosq\n"
			     "\tmovq %3, %%rcx\n"
			     "2:\trep stosb\n"
			     "\txorl %0, %0\n"
			     "3:\n" EX_TABLE(1b, 3b) EX_TABLE(2b, 3b)
			     : "+&r"(err), "+&D"(uaddr), "+&c"(words)
			     : "r"(n % 8), "a"(0L)
			     : "memory", "cc");
	user_access_end();
	return err;
}

long strncpy_from_user(char *dst, const void *uaddr, size_t size)
{
	const char *src = uaddr;
	size_t i;
	int err;

	for (i = 0; i < size; i++) {
		if (!user_range_ok(src + i, 1))
			return -EFAULT;
		err = -EFAULT;
		user_access_begin();
		USER_LOAD(u8, "movb", dst + i, src + i, err);
		user_access_end();
		if (err)
			return -EFAULT;
		if (!dst[i])
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

	if (!user_range_ok(uaddr, sizeof(old)))
		return -EFAULT;
	user_access_begin();
	__asm__ __volatile__("1:\tlock; cmpxchgl %3, (%2)\n"
			     "\tmovl $0, %0\n"
			     "2:\n" EX_TABLE(1b, 2b)
			     : "+&r"(err), "+&a"(old)
			     : "r"(uaddr), "r"(new)
			     : "memory", "cc");
	user_access_end();
	if (!err)
		*prev = old;
	return err;
}
