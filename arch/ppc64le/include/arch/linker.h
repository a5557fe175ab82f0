/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of linker.ld that are ppc64le's own.
 *
 * The image is linked where it is used; boot_entry, the first byte, is where the firmware jumps to.
 * The table of contents, which r2 points into, lies between data and bss, in reach of all.
 */
#pragma once

#define LINKER_PHDRS

#define LINKER_BOOT                                                                                \
	boot_start = KERNEL_PHYS_BASE;                                                             \
	. = KERNEL_VIRT_OFFSET + KERNEL_PHYS_BASE;

#define LINKER_DATA                                                                                \
	.got : AT(ADDR(.got) - KERNEL_LOAD_OFFSET) { *(.got .toc) } :data

#define LINKER_ASSERTS                                                                             \
	ASSERT(boot_entry == image_start, "the firmware jumps to the first byte")                  \
	ASSERT(image_end - image_start <= 0x1000000, "the image is larger than 16 MiB")
