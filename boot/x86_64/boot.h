/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Constants that the start code in assembly and arch/x86_64 agree on; only #defines.
 */
#pragma once

/* What boot_main gets in its first argument. */
#define BOOT_MAGIC_PVH 0x336ec578
#define BOOT_MAGIC_MULTIBOOT2 0x36d76289

#define BOOT_STACK_SIZE 16384 /* KSTACK_SIZE of kernel/thread.h */

/* Where secondary CPUs start, in real mode: a page below 1 MiB that no loader keeps anything in. */
#define TRAMPOLINE_PHYS 0x8000

/* States of smp_door. */
#define SMP_DOOR_NEW 0	/* nobody has come yet; who comes first opens it */
#define SMP_DOOR_OPEN 1
#define SMP_DOOR_WAIT 2 /* an INIT is under way */
#define SMP_DOOR_SHUT 3 /* for good */
