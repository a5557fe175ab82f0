/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kernel_main does on a machine, for host tests that want all of mm.
 */
#include "tests/host/host.h"
#include "kernel/boot.h"
#include "kernel/cmdline.h"
#include "mm/mm.h"
#include "mm/page.h"
#include "mm/slab.h"

struct cmdline cmdline = { .fault = FAULT_PATH_SPF, .ptl = "abort" };

/* The leak checker's: it looks for pointers there too. */
__attribute__((weak)) void __lsan_register_root_region(const void *start, size_t size);

void host_boot(u64 ram, unsigned int n)
{
	host_ram_init(ram);
	if (__lsan_register_root_region)
		__lsan_register_root_region(host_ram, ram);
	boot_info.ram[0] = (struct mem_range){ 0, ram };
	boot_info.nr_ram = 1;
	host_cpus_init(n);
	host_set_cpu(0);
	page_alloc_init();
	for (unsigned int i = 0; i < n; i++)
		BUG_ON(page_alloc_init_cpu(cpus[i]));
	slab_init();
	mm_subsystem_init();
}
