/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the machine told us when it handed over, in one form for all boot protocols.
 * Filled by the arch before kernel_main; constant afterwards.
 */
#pragma once

#include "kernel/types.h"
#include "arch/layout.h"

#define MAX_MEM_RANGES 32

struct mem_range {
	phys_addr_t start, end; /* end exclusive */
};

struct boot_info {
	const char *protocol; /* "pvh", "multiboot2" */
	char cmdline[2048];
	struct mem_range ram[MAX_MEM_RANGES]; /* usable, sorted, not overlapping */
	unsigned int nr_ram;
	struct mem_range reserved[MAX_MEM_RANGES]; /* kernel image, initrd, firmware data in use */
	unsigned int nr_reserved;
	struct mem_range initrd; /* empty if none */
	unsigned int nr_cpus_found;
	u32 cpu_hwid[NR_CPUS]; /* LAPIC id or such, by CPU number; the boot CPU is 0 */
};

extern struct boot_info boot_info;

/*
 * From the arch, on the boot CPU and its boot stack: interrupts off, paging on with a map of all
 * RAM, console usable, this_cpu() valid (cpus[0] with id 0), boot_info filled.
 */
void kernel_main(void) __noreturn;
