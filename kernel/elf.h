/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Static ELF executables: what of their headers the loader believes, and how they are mapped.
 */
#pragma once

#include "kernel/types.h"

struct mm;

#define ELF_MAX_SEGMENTS 16

/* One PT_LOAD, at the address where it will lie. */
struct elf_segment {
	unsigned long addr; /* of its first byte; not page-aligned */
	unsigned long memsz;
	const void *data;
	unsigned long filesz; /* the rest of memsz is zeroes */
	unsigned long prot;   /* PROT_* */
};

struct elf_image {
	unsigned int nr_segments;
	struct elf_segment segments[ELF_MAX_SEGMENTS]; /* ascending, no page in common */
	unsigned long entry;
	unsigned long end;  /* first page boundary behind the last segment */
	unsigned long phdr; /* address of the program headers in the image, 0 if not in it */
	unsigned int phnum;
	bool exec_stack; /* PT_GNU_STACK asks for it */
};

/*
 * Checks the @size bytes at @data and fills *@image. The image will lie in [@low, @high); a
 * position-independent one at @pie_base, or lower if its alignment asks for it. Returns 0, or
 * -ENOEXEC for anything that is broken or not a static executable for this machine.
 */
int elf_parse(const void *data, size_t size, unsigned long low, unsigned long high,
	      unsigned long pie_base, struct elf_image *image);
/* Maps the segments of @image in @mm with contents and protection. 0 or -ENOMEM. May sleep. */
int elf_load(struct mm *mm, const struct elf_image *image);
