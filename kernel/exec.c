/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Starting a program: its layout, its image and its first stack.
 *
 * Owns the user address map, the same in every run:
 *
 *   low    the image of an ET_EXEC, where it asks to be; its break behind it
 *   2/3    the image of a static-PIE (0x555555554000 on x86_64); its break behind it
 *   high   mappings, downwards from below the stack's 8 MiB and a gap
 *   top    the stack, growing down, 16 pages below USER_TOP
 *
 * Runs before the mm's first thread exists, so nothing here races; the mm functions take the locks
 * that they need.
 *
 * Source: System V ABI, AMD64 supplement, 3.4.1 "Initial Stack and Register State", which the
 * ppc64 supplement shares; getauxval(3).
 */
#include "kernel/exec.h"
#include "kernel/elf.h"
#include "kernel/errno.h"
#include "kernel/random.h"
#include "kernel/string.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "arch/elf.h"
#include "arch/page.h"

#define STACK_TOP (USER_TOP - 16 * PAGE_SIZE)
#define STACK_MAX (8UL << 20)
#define STACK_INITIAL (128UL << 10) /* mapped from the start; more comes by growing */
#define STACK_GAP (1UL << 20)	    /* nothing is placed so close below the stack */
#define STACK_ARGS_MAX (32UL << 10) /* for everything that exec puts on it */
#define MMAP_TOP (STACK_TOP - STACK_MAX - STACK_GAP)
#define PIE_BASE ALIGN_DOWN(USER_TOP / 3 * 2, PAGE_SIZE)
#define STACK_ALIGN 16
#define EXEC_CLOCK_TICKS 100

enum auxv_type {
	AT_NULL = 0,
	AT_PHDR = 3,
	AT_PHENT = 4,
	AT_PHNUM = 5,
	AT_PAGESZ = 6,
	AT_BASE = 7,
	AT_FLAGS = 8,
	AT_ENTRY = 9,
	AT_UID = 11,
	AT_EUID = 12,
	AT_GID = 13,
	AT_EGID = 14,
	AT_PLATFORM = 15,
	AT_HWCAP = 16,
	AT_CLKTCK = 17,
	AT_SECURE = 23,
	AT_RANDOM = 25,
	AT_HWCAP2 = 26,
	AT_EXECFN = 31,
};

#define ELF_PHDR_SIZE 56
#define AUXV_MAX 20

/* The stack's contents while they are made: strings from the end down, words from the start up. */
struct stack_image {
	char *buf;
	size_t size;
	size_t low;   /* where words end */
	size_t high;  /* where strings begin */
	unsigned long base; /* user address of buf[0] */
};

/* Reserves @len bytes at the high end; their user address, or 0 if the stack is full. */
static unsigned long stack_push(struct stack_image *stack, const void *data, size_t len)
{
	if (len > stack->high - stack->low)
		return 0;
	stack->high -= len;
	memcpy(stack->buf + stack->high, data, len);
	return stack->base + stack->high;
}

static unsigned long stack_push_string(struct stack_image *stack, const char *s)
{
	return stack_push(stack, s, strlen(s) + 1);
}

static void stack_word(struct stack_image *stack, u64 word)
{
	memcpy(stack->buf + stack->low, &word, sizeof(word));
	stack->low += sizeof(word);
}

static void stack_auxv(struct stack_image *stack, enum auxv_type type, u64 value)
{
	stack_word(stack, type);
	stack_word(stack, value);
}

static void stack_all_auxv(struct stack_image *stack, const struct elf_image *image, u64 execfn,
			   u64 platform, u64 random)
{
	stack_auxv(stack, AT_HWCAP, arch_hwcap());
	stack_auxv(stack, AT_HWCAP2, arch_hwcap2());
	stack_auxv(stack, AT_PAGESZ, PAGE_SIZE);
	stack_auxv(stack, AT_CLKTCK, EXEC_CLOCK_TICKS);
	stack_auxv(stack, AT_PHDR, image->phdr);
	stack_auxv(stack, AT_PHENT, ELF_PHDR_SIZE);
	stack_auxv(stack, AT_PHNUM, image->phdr ? image->phnum : 0);
	stack_auxv(stack, AT_BASE, 0);
	stack_auxv(stack, AT_FLAGS, 0);
	stack_auxv(stack, AT_ENTRY, image->entry);
	stack_auxv(stack, AT_UID, 0);
	stack_auxv(stack, AT_EUID, 0);
	stack_auxv(stack, AT_GID, 0);
	stack_auxv(stack, AT_EGID, 0);
	stack_auxv(stack, AT_SECURE, 0);
	stack_auxv(stack, AT_RANDOM, random);
	stack_auxv(stack, AT_EXECFN, execfn);
	stack_auxv(stack, AT_PLATFORM, platform);
	stack_auxv(stack, AT_NULL, 0);
}

/* Copies @argv's strings to the high end, and their addresses, as yet, to the low end. */
static int stack_push_argv(struct stack_image *stack, const char *const *argv, unsigned int *argc)
{
	for (*argc = 0; argv[*argc]; (*argc)++) {
		unsigned long addr = stack_push_string(stack, argv[*argc]);

		if (!addr || stack->high - stack->low < sizeof(u64))
			return -E2BIG;
		stack_word(stack, addr);
	}
	return 0;
}

/*
 * Fills the image: argc, argv, NULL, (no environment) NULL, auxv, then what they point to. The
 * words are first put at the start of the buffer; once all are known they move up to right
 * below the strings, where the stack pointer is a multiple of 16.
 */
static int stack_fill(struct stack_image *stack, const struct elf_image *image, const char *path,
		      const char *const *argv, u64 seed)
{
	static const u64 end_marker;
	atomic64_t random = { (s64)seed };
	u64 bytes[2] = { random_next(&random), random_next(&random) };
	unsigned long execfn, platform, random_addr;
	unsigned int argc;
	size_t top;

	stack_push(stack, &end_marker, sizeof(end_marker));
	execfn = stack_push_string(stack, path);
	if (!execfn)
		return -E2BIG;
	stack_word(stack, 0); /* argc's place */
	if (stack_push_argv(stack, argv, &argc))
		return -E2BIG;
	platform = stack_push_string(stack, ARCH_PLATFORM);
	random_addr = stack_push(stack, bytes, sizeof(bytes));
	if (!platform || !random_addr ||
	    stack->high - stack->low < (2 + 2 * AUXV_MAX) * sizeof(u64) + STACK_ALIGN)
		return -E2BIG;
	stack_word(stack, 0); /* end of argv */
	stack_word(stack, 0); /* end of the environment */
	stack_all_auxv(stack, image, execfn, platform, random_addr);
	memcpy(stack->buf, &(u64){ argc }, sizeof(u64));
	top = ALIGN_DOWN(stack->high - stack->low, STACK_ALIGN);
	memmove(stack->buf + top, stack->buf, stack->low);
	stack->low = top;
	return 0;
}

static int stack_map(struct mm *mm, bool exec)
{
	unsigned long prot = PROT_READ | PROT_WRITE | (exec ? PROT_EXEC : 0);
	long ret = mm_mmap(mm, STACK_TOP - STACK_INITIAL, STACK_INITIAL, prot,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_GROWSDOWN);

	return ret == STACK_TOP - STACK_INITIAL ? 0 : -ENOMEM;
}

static int stack_build(struct mm *mm, const struct elf_image *image, const char *path,
		       const char *const *argv, u64 seed, unsigned long *sp)
{
	struct stack_image stack = {
		.buf = kmalloc(STACK_ARGS_MAX),
		.size = STACK_ARGS_MAX,
		.high = STACK_ARGS_MAX,
		.base = STACK_TOP - STACK_ARGS_MAX,
	};
	int ret;

	if (!stack.buf)
		return -ENOMEM;
	ret = stack_fill(&stack, image, path, argv, seed);
	if (!ret) {
		*sp = stack.base + stack.low;
		ret = mm_write(mm, *sp, stack.buf + stack.low, stack.size - stack.low);
		if (ret)
			ret = -ENOMEM;
	}
	kfree(stack.buf);
	return ret;
}

int exec_load(struct mm *mm, const struct initrd_file *file, const char *path,
	      const char *const *argv, u64 seed, struct exec_start *start)
{
	struct elf_image image;
	int ret;

	ret = elf_parse(file->data, file->size, USER_MIN, MMAP_TOP, PIE_BASE, &image);
	if (ret)
		return ret;
	mm->mmap_top = MMAP_TOP;
	mm->brk_start = image.end;
	mm->brk = image.end;
	ret = elf_load(mm, &image);
	if (ret)
		return ret;
	ret = stack_map(mm, image.exec_stack);
	if (ret)
		return ret;
	start->pc = image.entry;
	return stack_build(mm, &image, path, argv, seed, &start->sp);
}
