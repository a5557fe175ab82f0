/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of linker.ld that are x86_64's own.
 *
 * The boot part (headers, code before paging, start tables) is linked where it is loaded; the rest
 * at KERNEL_VIRT_OFFSET above that.
 */
#pragma once

#define LINKER_PHDRS                                                                               \
	boot PT_LOAD FLAGS(5);                                                                     \
	note PT_NOTE FLAGS(4);                                                                     \
	boot_bss PT_LOAD FLAGS(6);

#define LINKER_BOOT                                                                                \
	. = KERNEL_PHYS_BASE;                                                                      \
	boot_start = .;                                                                            \
	.boot : { KEEP(*(.boot.header)) boot_header_end = .;                                       \
		  *(.boot.text) *(.boot.rodata) } :boot                                            \
	.boot.note : { KEEP(*(.note.boot)) } :boot :note                                           \
	. = ALIGN(4096);                                                                           \
	.boot.bss (NOLOAD) : { *(.boot.bss) } :boot_bss                                            \
	. = ALIGN(4096) + KERNEL_VIRT_OFFSET;

#define LINKER_DATA

#define LINKER_ASSERTS                                                                             \
	ASSERT(boot_header_end - boot_start <= 32768,                                              \
	       "multiboot2 wants its header in the first 32 KiB")                                  \
	ASSERT(data_loaded_end - text_start <= 0x100000,                                           \
	       "the loaded image is larger than 1 MiB")                                            \
	ASSERT(trampoline_end - trampoline_start <= 4096, "the trampoline does not fit in a page")
