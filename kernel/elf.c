/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The loader for static ELF executables: ET_EXEC, and ET_DYN without an interpreter (static-PIE,
 * which relocates itself).
 *
 * Owns nothing; no locks of its own. The file is foreign input: elf_parse reads no byte of it
 * before its place was checked, does no sum that could wrap, and gives the rest of the kernel only
 * checked numbers. Where Linux is more lenient (segments that share a page, an entry outside the
 * code) the answer here is still ENOEXEC: no toolchain makes such files on purpose.
 *
 * Source: System V ABI, chapters 4 and 5 ("ELF Header", "Program Header"), and elf(5).
 */
#include "kernel/elf.h"
#include "kernel/errno.h"
#include "kernel/string.h"
#include "mm/mm.h"
#include "arch/elf.h"
#include "arch/page.h"

#define ELF_MAGIC "\177ELF\2\1\1" /* 64 bits, little-endian, version 1 */
#define ELF_MAGIC_LEN 7
#define ET_EXEC 2
#define ET_DYN 3
#define PT_LOAD 1
#define PT_INTERP 3
#define PT_GNU_STACK 0x6474e551
#define PF_X 1
#define PF_W 2
#define PF_R 4
#define ELF_MAX_PHNUM 128
#define ELF_MAX_ALIGN (1UL << 30)

struct elf_header {
	u8 ident[16];
	u16 type, machine;
	u32 version;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_phdr {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};

/* A copy, since nothing says that the table is aligned. */
static struct elf_phdr phdr_read(const void *data, const struct elf_header *header, unsigned int i)
{
	struct elf_phdr phdr;

	memcpy(&phdr, (const char *)data + header->phoff + i * sizeof(phdr), sizeof(phdr));
	return phdr;
}

static int header_check(const struct elf_header *header, size_t size)
{
	if (memcmp(header->ident, ELF_MAGIC, ELF_MAGIC_LEN))
		return -ENOEXEC;
	if (header->type != ET_EXEC && header->type != ET_DYN)
		return -ENOEXEC;
	if (header->machine != ARCH_ELF_MACHINE || header->version != 1)
		return -ENOEXEC;
	if (header->ehsize != sizeof(*header) || header->phentsize != sizeof(struct elf_phdr))
		return -ENOEXEC;
	if (!header->phnum || header->phnum > ELF_MAX_PHNUM)
		return -ENOEXEC;
	if (header->phoff > size || header->phnum * sizeof(struct elf_phdr) > size - header->phoff)
		return -ENOEXEC;
	return 0;
}

static int load_check(const struct elf_phdr *phdr, size_t size, unsigned long high)
{
	u64 align = phdr->align;

	if (phdr->filesz > phdr->memsz || phdr->offset > size ||
	    phdr->filesz > size - phdr->offset)
		return -ENOEXEC;
	if (phdr->vaddr > high || phdr->memsz > high - phdr->vaddr)
		return -ENOEXEC;
	if (align > 1 && ((align & (align - 1)) || align > ELF_MAX_ALIGN ||
			  (phdr->vaddr - phdr->offset) & (align - 1)))
		return -ENOEXEC;
	if ((phdr->vaddr - phdr->offset) & (PAGE_SIZE - 1))
		return -ENOEXEC;
	return 0;
}

static unsigned long prot_from_flags(u32 flags)
{
	unsigned long prot = 0;

	if (flags & PF_R)
		prot |= PROT_READ;
	if (flags & PF_W)
		prot |= PROT_WRITE;
	if (flags & PF_X)
		prot |= PROT_EXEC;
	return prot;
}

/* Appends a checked PT_LOAD; they must ascend and have no page in common. */
static int image_add(struct elf_image *image, const struct elf_phdr *phdr, const void *data)
{
	struct elf_segment *segment = &image->segments[image->nr_segments];

	if (image->nr_segments == ELF_MAX_SEGMENTS)
		return -ENOEXEC;
	if (image->nr_segments && (phdr->vaddr & PAGE_MASK) < image->end)
		return -ENOEXEC;
	segment->addr = phdr->vaddr;
	segment->memsz = phdr->memsz;
	segment->data = (const char *)data + phdr->offset;
	segment->filesz = phdr->filesz;
	segment->prot = prot_from_flags(phdr->flags);
	image->end = ALIGN_UP(phdr->vaddr + phdr->memsz, PAGE_SIZE);
	image->nr_segments++;
	return 0;
}

/* Where the program headers will lie, if this segment brings all of them. */
static void image_find_phdr(struct elf_image *image, const struct elf_phdr *phdr,
			    const struct elf_header *header)
{
	u64 len = header->phnum * sizeof(struct elf_phdr);

	if (image->phdr || header->phoff < phdr->offset)
		return;
	if (header->phoff - phdr->offset > phdr->filesz ||
	    len > phdr->filesz - (header->phoff - phdr->offset))
		return;
	image->phdr = phdr->vaddr + (header->phoff - phdr->offset);
}

/* Goes through the program headers; *@align becomes the largest alignment asked for. */
static int image_collect(struct elf_image *image, const struct elf_header *header,
			 const void *data, size_t size, unsigned long high, u64 *align)
{
	for (unsigned int i = 0; i < header->phnum; i++) {
		struct elf_phdr phdr = phdr_read(data, header, i);

		if (phdr.type == PT_INTERP)
			return -ENOEXEC;
		if (phdr.type == PT_GNU_STACK)
			image->exec_stack = phdr.flags & PF_X;
		if (phdr.type != PT_LOAD)
			continue;
		if (load_check(&phdr, size, high))
			return -ENOEXEC;
		if (!phdr.memsz)
			continue;
		if (image_add(image, &phdr, data))
			return -ENOEXEC;
		image_find_phdr(image, &phdr, header);
		*align = max(*align, phdr.align);
	}
	return image->nr_segments ? 0 : -ENOEXEC;
}

/* Moves the image up by @bias, and checks that it lies in [@low, @high). */
static int image_place(struct elf_image *image, unsigned long bias, unsigned long low,
		       unsigned long high)
{
	if (bias > high || image->end > high - bias)
		return -ENOEXEC;
	for (unsigned int i = 0; i < image->nr_segments; i++)
		image->segments[i].addr += bias;
	image->end += bias;
	if (image->phdr)
		image->phdr += bias;
	return image->segments[0].addr < low ? -ENOEXEC : 0;
}

static bool image_entry_ok(const struct elf_image *image)
{
	for (unsigned int i = 0; i < image->nr_segments; i++) {
		const struct elf_segment *segment = &image->segments[i];

		if (segment->prot & PROT_EXEC && image->entry >= segment->addr &&
		    image->entry - segment->addr < segment->filesz)
			return true;
	}
	return false;
}

int elf_parse(const void *data, size_t size, unsigned long low, unsigned long high,
	      unsigned long pie_base, struct elf_image *image)
{
	struct elf_header header;
	unsigned long bias = 0;
	u64 align = PAGE_SIZE;

	memset(image, 0, sizeof(*image));
	if (size < sizeof(header))
		return -ENOEXEC;
	memcpy(&header, data, sizeof(header));
	if (header_check(&header, size) ||
	    image_collect(image, &header, data, size, high, &align))
		return -ENOEXEC;
	if (header.type == ET_DYN)
		bias = ALIGN_DOWN(pie_base, align);
	if (image_place(image, bias, low, high) || header.entry > high)
		return -ENOEXEC;
	image->entry = header.entry + bias;
	image->phnum = header.phnum;
	return image_entry_ok(image) ? 0 : -ENOEXEC;
}

/* Writable while it is filled; then as the segment says. */
static int segment_load(struct mm *mm, const struct elf_segment *segment)
{
	unsigned long start = ALIGN_DOWN(segment->addr, PAGE_SIZE);
	unsigned long len = ALIGN_UP(segment->addr + segment->memsz, PAGE_SIZE) - start;
	long ret;

	ret = mm_mmap(mm, start, len, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE);
	if (ret != (long)start)
		return -ENOMEM;
	if (segment->filesz && mm_write(mm, segment->addr, segment->data, segment->filesz))
		return -ENOMEM;
	if (segment->prot == (PROT_READ | PROT_WRITE))
		return 0;
	return mm_mprotect(mm, start, len, segment->prot) ? -ENOMEM : 0;
}

int elf_load(struct mm *mm, const struct elf_image *image)
{
	for (unsigned int i = 0; i < image->nr_segments; i++) {
		int ret = segment_load(mm, &image->segments[i]);

		if (ret)
			return ret;
	}
	return 0;
}
