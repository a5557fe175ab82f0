/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtual address map of x86_64, also read by the linker script and by assembly.
 *
 *   0000000000001000 - 00007ffffffff000  user
 *   ffff800000000000 - ffffbfffffffffff  direct map of physical memory
 *   ffffc00000000000 - ffffc07fffffffff  kernel stacks, 4 KiB-mapped, with guard pages
 *   ffffc08000000000 - ffffc08000200000  device registers (LAPIC, IOAPIC)
 *   ffffffff80100000 - ...               the kernel image, physical address 0x100000
 */
#pragma once

#define NR_CPUS 256
#define PAGE_SHIFT 12
#define KSTACK_SHIFT 14 /* log2 of the bytes of a kernel stack */

#define KERNEL_PHYS_BASE 0x100000
#define KERNEL_VIRT_OFFSET 0xffffffff80000000
#define KERNEL_LOAD_OFFSET KERNEL_VIRT_OFFSET /* link address - physical address in the file */
#define DIRECT_MAP_BASE 0xffff800000000000
#define KSTACK_AREA_BASE 0xffffc00000000000
#define KSTACK_AREA_SIZE 0x0000008000000000
#define DEVICE_MAP_BASE 0xffffc08000000000
#define DEVICE_MAP_SIZE 0x200000
/* Code of the kernel's at an address of RAM that the CPU prescribes: none. */
#define VECTORS_PHYS 0
#define VECTORS_END 0

#define USER_MIN 0x1000
#define USER_TOP 0x7ffffffff000 /* end of user addresses, exclusive */
