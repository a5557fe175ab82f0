/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ELF loader: one good executable of each kind, every field of their headers broken one by one,
 * and random damage. The file lies in a block of exactly its size, so the sanitizer sees a byte
 * read too far; what elf_parse accepts must satisfy what elf_load and exec rely on.
 */
#include "tests/host/host.h"
#include "kernel/errno.h"

#include "kernel/elf.c"

#define LOW 0x1000UL
#define HIGH 0x7fffff000000UL
#define PIE 0x555555554000UL
#define CODE 0x400000UL
#define DATA 0x402000UL
#define DATA_MEMSZ 0x3000UL
#define FILE_SIZE 0x1800
#define NR_PHDRS 4
#define PT_TLS 7
#define MUTATIONS 500000

struct elf_file {
	struct elf_header header;
	struct elf_phdr phdrs[NR_PHDRS];
	char rest[FILE_SIZE - sizeof(struct elf_header) - NR_PHDRS * sizeof(struct elf_phdr)];
};

static struct elf_file *file;
static struct elf_image image;

static void file_build(u16 type, u64 base)
{
	static const u8 ident[16] = ELF_MAGIC;

	memset(file, 0, sizeof(*file));
	memcpy(file->header.ident, ident, sizeof(ident));
	file->header.type = type;
	file->header.machine = ARCH_ELF_MACHINE;
	file->header.version = 1;
	file->header.entry = base + 0x200;
	file->header.phoff = sizeof(struct elf_header);
	file->header.ehsize = sizeof(struct elf_header);
	file->header.phentsize = sizeof(struct elf_phdr);
	file->header.phnum = NR_PHDRS;
	file->phdrs[0] = (struct elf_phdr){ PT_LOAD, PF_R | PF_X, 0, base, 0, 0x1000, 0x1000,
					    0x1000 };
	file->phdrs[1] = (struct elf_phdr){ PT_LOAD, PF_R | PF_W, 0x1010,
					    base + (DATA - CODE) + 0x10, 0, 0x7f0, DATA_MEMSZ,
					    0x1000 };
	file->phdrs[2] = (struct elf_phdr){ PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0, 16 };
	file->phdrs[3] = (struct elf_phdr){ PT_TLS, PF_R, ~0ULL, ~0ULL, 0, ~0ULL, 0, 3 };
	memset(file->rest, 0xab, sizeof(file->rest));
}

static int parse(void)
{
	return elf_parse(file, sizeof(*file), LOW, HIGH, PIE, &image);
}

static void accepts_static(void)
{
	file_build(ET_EXEC, CODE);
	CHECK(parse() == 0);
	CHECK(image.nr_segments == 2);
	CHECK(image.segments[0].addr == CODE && image.segments[0].prot == (PROT_READ | PROT_EXEC));
	CHECK(image.segments[1].addr == DATA + 0x10 && image.segments[1].memsz == DATA_MEMSZ);
	CHECK(image.entry == CODE + 0x200);
	CHECK(image.end == DATA + 0x4000);
	CHECK(image.phdr == CODE + sizeof(struct elf_header) && image.phnum == NR_PHDRS);
	CHECK(!image.exec_stack);
}

static void accepts_static_pie(void)
{
	file_build(ET_DYN, 0);
	CHECK(parse() == 0);
	CHECK(image.segments[0].addr == PIE);
	CHECK(image.entry == PIE + 0x200);
	CHECK(image.phdr == PIE + sizeof(struct elf_header));
	/* A larger alignment moves the image down. */
	file->phdrs[0].align = 0x200000;
	CHECK(parse() == 0);
	CHECK(image.segments[0].addr == ALIGN_DOWN(PIE, 0x200000UL));
}

static void knows_exec_stack(void)
{
	file_build(ET_EXEC, CODE);
	file->phdrs[2].flags |= PF_X;
	CHECK(parse() == 0 && image.exec_stack);
}

/* A table outside the segments is legal; the program then learns of none. */
static void phdr_outside_segments(void)
{
	file_build(ET_EXEC, CODE);
	file->phdrs[0].filesz = 0x210;
	file->header.phoff = 0x1500;
	memcpy((char *)file + 0x1500, file->phdrs, sizeof(file->phdrs));
	((struct elf_phdr *)((char *)file + 0x1500))[1].filesz = 0;
	CHECK(parse() == 0 && image.phdr == 0);
}

/* Sets one field of a good file and expects ENOEXEC. */
#define BREAK(field, value)                                                                        \
	do {                                                                                       \
		file_build(ET_EXEC, CODE);                                                         \
		file->field = (__typeof__(file->field))(value);                                    \
		CHECK(parse() == -ENOEXEC);                                                        \
	} while (0)

static void broken_header(void)
{
	BREAK(header.ident[0], 'E');
	BREAK(header.ident[4], 1); /* 32 bits */
	BREAK(header.ident[5], 2); /* big-endian */
	BREAK(header.ident[6], 0);
	BREAK(header.type, 1);
	BREAK(header.type, 4);
	BREAK(header.machine, 3);
	BREAK(header.version, 2);
	BREAK(header.entry, 0);
	BREAK(header.entry, CODE + 0x1000);
	BREAK(header.entry, DATA + 0x10);
	BREAK(header.entry, ~0ULL);
	BREAK(header.phoff, ~0ULL);
	BREAK(header.phoff, FILE_SIZE);
	BREAK(header.phoff, FILE_SIZE - NR_PHDRS * sizeof(struct elf_phdr) + 1);
	BREAK(header.ehsize, 52);
	BREAK(header.phentsize, 32);
	BREAK(header.phnum, 0);
	BREAK(header.phnum, 0xffff);
}

static void broken_segment(void)
{
	BREAK(phdrs[0].type, PT_INTERP);
	BREAK(phdrs[0].offset, ~0ULL);
	BREAK(phdrs[0].offset, FILE_SIZE + 1);
	BREAK(phdrs[0].offset, 0x1000);	/* bytes behind the file */
	BREAK(phdrs[0].offset, 0x10);	/* not the address modulo page size */
	BREAK(phdrs[0].filesz, 0x1001); /* more than memory */
	BREAK(phdrs[0].filesz, ~0ULL);
	BREAK(phdrs[0].flags, PF_R); /* no code at the entry */
	BREAK(phdrs[0].vaddr, 0);
	BREAK(phdrs[0].vaddr, ~0ULL & PAGE_MASK);
	BREAK(phdrs[0].vaddr, HIGH);
	BREAK(phdrs[0].memsz, ~0ULL);
	BREAK(phdrs[0].memsz, HIGH);
	BREAK(phdrs[0].align, 3);
	BREAK(phdrs[0].align, 1UL << 62);
	BREAK(phdrs[1].align, 0x8000); /* address and offset differ modulo it */
	BREAK(phdrs[1].vaddr, CODE + 0x10);	     /* both in one page */
	BREAK(phdrs[1].vaddr, CODE - 0x1000 + 0x10); /* descending */
	BREAK(phdrs[1].memsz, 0x7ef);
}

static void no_segment(void)
{
	file_build(ET_EXEC, CODE);
	file->phdrs[0].type = 0;
	file->phdrs[1].type = 0;
	CHECK(parse() == -ENOEXEC);
}

static void too_many_segments(void)
{
	file_build(ET_EXEC, CODE);
	file->header.phnum = ELF_MAX_SEGMENTS + 1;
	for (u64 i = 0; i <= ELF_MAX_SEGMENTS; i++) {
		struct elf_phdr phdr = { PT_LOAD, PF_R | PF_X, 0, CODE + i * 0x1000, 0, 0x1000,
					 0x1000, 0x1000 };

		memcpy((char *)file + file->header.phoff + i * sizeof(phdr), &phdr, sizeof(phdr));
	}
	CHECK(parse() == -ENOEXEC);
	file->header.phnum--;
	CHECK(parse() == 0);
}

static void pie_does_not_fit(void)
{
	file_build(ET_DYN, 0);
	file->phdrs[1].memsz = HIGH - 0x10000;
	CHECK(parse() == -ENOEXEC);
}

static void short_file(void)
{
	for (size_t size = 0; size < sizeof(struct elf_header) + 200; size++) {
		char *part = calloc(1, size ? size : 1);

		file_build(ET_EXEC, CODE);
		memcpy(part, file, size);
		CHECK(elf_parse(part, size, LOW, HIGH, PIE, &image) == -ENOEXEC);
		free(part);
	}
}

static void image_check(void)
{
	unsigned long end = LOW;
	u32 sum = 0;

	CHECK(image.nr_segments >= 1 && image.nr_segments <= ELF_MAX_SEGMENTS);
	for (unsigned int i = 0; i < image.nr_segments; i++) {
		const struct elf_segment *s = &image.segments[i];

		CHECK((s->addr & PAGE_MASK) >= end);
		CHECK(s->memsz && s->filesz <= s->memsz && s->memsz <= HIGH - s->addr);
		for (unsigned long k = 0; k < s->filesz; k++)
			sum += ((const u8 *)s->data)[k];
		end = ALIGN_UP(s->addr + s->memsz, PAGE_SIZE);
	}
	CHECK(sum != ~0U && image.end == end && end <= HIGH && image.entry < end);
}

static void random_damage(void)
{
	const size_t headers = offsetof(struct elf_file, rest);

	for (int i = 0; i < MUTATIONS; i++) {
		file_build(i & 1 ? ET_EXEC : ET_DYN, i & 1 ? CODE : 0);
		for (u64 n = host_random() % 3 + 1; n; n--)
			((u8 *)file)[host_random() % headers] = (u8)host_random();
		if (!parse())
			image_check();
	}
}

/* --- loading, with an address space that only notes what is asked --- */

static char memory[0x10000]; /* what lies from CODE on */
static unsigned long prot_of[16];

long mm_mmap(struct mm *mm, unsigned long addr, unsigned long len, unsigned long prot,
	     unsigned long flags)
{
	(void)mm;
	(void)flags;
	for (unsigned long a = addr; a < addr + len; a += PAGE_SIZE)
		prot_of[(a - CODE) / PAGE_SIZE] = prot;
	return (long)addr;
}

int mm_write(struct mm *mm, unsigned long addr, const void *src, size_t len)
{
	(void)mm;
	memcpy(memory + (addr - CODE), src, len);
	return 0;
}

long mm_mprotect(struct mm *mm, unsigned long addr, unsigned long len, unsigned long prot)
{
	return mm_mmap(mm, addr, len, prot, 0) < 0;
}

static void loads_segments(void)
{
	file_build(ET_EXEC, CODE);
	CHECK(parse() == 0 && elf_load(NULL, &image) == 0);
	CHECK(!memcmp(memory, file, 0x1000));
	CHECK(!memcmp(memory + 0x2010, (char *)file + 0x1010, 0x7f0));
	CHECK(memory[0x2800] == 0);
	CHECK(prot_of[0] == (PROT_READ | PROT_EXEC));
	CHECK(prot_of[1] == 0);
	for (int i = 2; i < 6; i++)
		CHECK(prot_of[i] == (PROT_READ | PROT_WRITE));
	CHECK(prot_of[6] == 0);
}

int main(void)
{
	file = calloc(1, sizeof(*file));
	RUN(accepts_static);
	RUN(accepts_static_pie);
	RUN(knows_exec_stack);
	RUN(phdr_outside_segments);
	RUN(broken_header);
	RUN(broken_segment);
	RUN(no_segment);
	RUN(too_many_segments);
	RUN(pie_does_not_fit);
	RUN(short_file);
	RUN(random_damage);
	RUN(loads_segments);
	free(file);
	return host_done();
}
