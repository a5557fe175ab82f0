/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine's firmware, 260 bytes: jumps to the kernel.
 *
 * QEMU puts it at physical address 0 and starts the boot CPU at 0x100, big-endian, with the
 * address of the flattened device tree in r3, which is all that the kernel wants.
 */
#include "arch/layout.h"

#define ENTRY 0x100
#define BRANCH (0x48000000 + KERNEL_PHYS_BASE - ENTRY) /* b KERNEL_PHYS_BASE */

	.text
	.org ENTRY
	.byte BRANCH >> 24 & 255, BRANCH >> 16 & 255, BRANCH >> 8 & 255, BRANCH & 255
