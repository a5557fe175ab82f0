/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtual address map of ppc64le, also read by the linker script and by assembly.
 *
 *   0000000000001000 - 00007ffffffff000  user (quadrant 0, the PID register's tree)
 *   c000000000000000 - c0007fffffffffff  direct map of physical memory (quadrant 3, PID 0's tree)
 *   c008000000000000 - c008007fffffffff  kernel stacks, 4 KiB-mapped, with guard pages
 *
 * The kernel image is used where the direct map has it, c000000000400000: with translation off the
 * CPU ignores the four top bits, so that the same addresses serve before and after. QEMU loads a
 * segment KERNEL_PHYS_BASE above its physical address in the file.
 */
#pragma once

#define NR_CPUS 1024

#define KERNEL_PHYS_BASE 0x400000
#define KERNEL_VIRT_OFFSET 0xc000000000000000
#define KERNEL_LOAD_OFFSET 0xc000000000400000 /* link address - physical address in the file */
#define DIRECT_MAP_BASE 0xc000000000000000
#define DIRECT_MAP_SIZE 0x0000800000000000
#define KSTACK_AREA_BASE 0xc008000000000000
#define KSTACK_AREA_SIZE 0x0000008000000000

#define USER_MIN 0x1000
#define USER_TOP 0x7ffffffff000 /* end of user addresses, exclusive */
