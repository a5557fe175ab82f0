/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtual address map of ppc64le, also read by the linker script and by assembly.
 *
 *   0000000000001000 - 00007ffffffff000  user (quadrant 0, the PID register's tree); with pages of
 *                                        64 KiB 10000 to 7fffffff0000
 *   c000000000000000 - c0007fffffffffff  direct map of physical memory (quadrant 3, PID 0's tree)
 *   c008000000000000 - c008007fffffffff  kernel stacks, mapped by base pages, with guard pages
 *
 * The kernel image is used where the direct map has it, c000000000400000: with translation off the
 * CPU ignores the four top bits, so that the same addresses serve before and after. QEMU loads a
 * segment KERNEL_PHYS_BASE above its physical address in the file.
 */
#pragma once

#define NR_CPUS 1024

#ifndef PAGE_SHIFT /* make PAGE_SIZE=64k sets it to 16 */
#define PAGE_SHIFT 12
#endif
/* log2 of the bytes of a kernel stack: 16 KiB, or a page if that is more. */
#if PAGE_SHIFT > 14
#define KSTACK_SHIFT PAGE_SHIFT
#else
#define KSTACK_SHIFT 14
#endif

#define KERNEL_PHYS_BASE 0x400000
#define KERNEL_VIRT_OFFSET 0xc000000000000000
#define KERNEL_LOAD_OFFSET 0xc000000000400000 /* link address - physical address in the file */
#define DIRECT_MAP_BASE 0xc000000000000000
#define DIRECT_MAP_SIZE 0x0000800000000000
#define KSTACK_AREA_BASE 0xc008000000000000
#define KSTACK_AREA_SIZE 0x0000008000000000
/* Devices are the hypervisor's: no registers are mapped. */
#define DEVICE_MAP_BASE 0
#define DEVICE_MAP_SIZE 0
/* Where the interrupts with translation on enter: AIL 3 of the LPCR. */
#define VECTORS_PHYS 0x4000
#define VECTORS_END 0x6000

#define USER_MIN (1 << PAGE_SHIFT)
#define USER_TOP (0x800000000000 - (1 << PAGE_SHIFT)) /* end of user addresses, exclusive */
