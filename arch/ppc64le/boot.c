/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the start code to kernel_main: reads the device tree into boot_info.
 *
 * Owns boot_info and boot_cpu. Runs on the boot CPU alone, with translation off until
 * mmu_boot_cpu_init; nothing is locked. The tree stays reserved. RAM below LOW_MEMORY_END is left
 * to the interrupt vectors.
 *
 * Source: LoPAPR, appendix B (the device tree of a partition); Devicetree Specification 0.4.
 */
#include "kernel/boot.h"
#include "arch/mmu.h"
#include "arch/page.h"
#include "arch/ppc64le/fdt.h"
#include "arch/ppc64le/internal.h"
#include "arch/ppc64le/platform.h"
#include "arch/ppc64le/rtas.h"
#include "kernel/exit.h"
#include "kernel/printk.h"
#include "kernel/string.h"
#include "kernel/thread.h"
#include "lab/mutant.h"

#define LOW_MEMORY_END 0x10000UL
#define FDT_SIZE_LIMIT 0x1000000UL
#define TIMEBASE_HZ 512000000UL /* of every POWER9, should the tree not say */

struct boot_info boot_info;
struct cpu boot_cpu;
char boot_nmi_stack[NMI_STACK_SIZE] __aligned(16);

void boot_main(phys_addr_t tree) __noreturn;

/* Keeps the list sorted; the tree's ranges do not overlap. */
static void ram_insert(phys_addr_t start, phys_addr_t end)
{
	struct mem_range *ram = boot_info.ram;
	unsigned int i = boot_info.nr_ram;

	if (i == MAX_MEM_RANGES) {
		printk("boot: more than %d memory ranges, 0x%lx-0x%lx is not used",
		       MAX_MEM_RANGES, start, end);
		return;
	}
	for (; i > 0 && ram[i - 1].start > start; i--)
		ram[i] = ram[i - 1];
	ram[i] = (struct mem_range){ start, end };
	boot_info.nr_ram++;
}

static void ram_add(u64 start, u64 size)
{
	u64 end = min(start + size, DIRECT_MAP_SIZE);

	start = ALIGN_UP(max(start, LOW_MEMORY_END), PAGE_SIZE);
	end = ALIGN_DOWN(end, PAGE_SIZE);
	if (start < end)
		ram_insert(start, end);
}

static void reserve(phys_addr_t start, phys_addr_t end)
{
	if (start == end)
		return;
	if (boot_info.nr_reserved == MAX_MEM_RANGES)
		panic("boot: more than %d reserved memory ranges", MAX_MEM_RANGES);
	boot_info.reserved[boot_info.nr_reserved++] =
		(struct mem_range){ ALIGN_DOWN(start, PAGE_SIZE), ALIGN_UP(end, PAGE_SIZE) };
}

/* The first reserved range that overlaps, or NULL. */
static const struct mem_range *reserved_within(phys_addr_t start, phys_addr_t end)
{
	for (unsigned int i = 0; i < boot_info.nr_reserved; i++) {
		const struct mem_range *range = &boot_info.reserved[i];

		if (start < range->end && range->start < end)
			return range;
	}
	return NULL;
}

phys_addr_t boot_reserve_find(size_t size, size_t align)
{
	for (unsigned int i = 0; i < boot_info.nr_ram; i++) {
		phys_addr_t at = ALIGN_UP(boot_info.ram[i].start, align);
		const struct mem_range *taken;

		while ((taken = reserved_within(at, at + size)))
			at = ALIGN_UP(taken->end, align);
		if (at + size <= boot_info.ram[i].end) {
			reserve(at, at + size);
			return at;
		}
	}
	panic("boot: no free memory for %lu KiB", size / 1024);
}

static void read_chosen(const struct fdt *fdt, int chosen)
{
	u32 len;
	const char *words = fdt_prop(fdt, chosen, "bootargs", &len);
	u64 start = fdt_number(fdt, chosen, "linux,initrd-start", 0);
	u64 end = fdt_number(fdt, chosen, "linux,initrd-end", 0);

	if (words && len > sizeof(boot_info.cmdline))
		panic_with(EXIT_USAGE, "the kernel's command line is longer than %lu characters",
			   sizeof(boot_info.cmdline) - 1);
	if (words && len)
		strlcpy(boot_info.cmdline, words, len);
	if (start < end) {
		boot_info.initrd = (struct mem_range){ start, end };
		reserve(start, end);
	}
}

static void read_memory(const struct fdt *fdt, int root)
{
	u32 address_cells = (u32)fdt_number(fdt, root, "#address-cells", 2);
	u32 size_cells = (u32)fdt_number(fdt, root, "#size-cells", 1);
	u32 entry = 4 * (address_cells + size_cells);
	int node;

	fdt_for_each_child(node, fdt, root) {
		u32 len;
		const u8 *reg = fdt_prop(fdt, node, "reg", &len);

		if (!reg || !entry || !fdt_prop_is(fdt, node, "device_type", "memory"))
			continue;
		for (; len >= entry; len -= entry, reg += entry)
			ram_add(fdt_cells(reg, address_cells),
				fdt_cells(reg + 4 * address_cells, size_cells));
	}
}

/* The boot CPU is the first, the others follow in the tree's order. */
static void cpu_add(u32 hwid, u32 boot_hwid)
{
	if (hwid == boot_hwid)
		return;
	if (boot_info.nr_cpus_found < NR_CPUS)
		boot_info.cpu_hwid[boot_info.nr_cpus_found++] = hwid;
}

static void read_cpus(const struct fdt *fdt, int cpus_node)
{
	u64 hz = TIMEBASE_HZ;
	int node;

	boot_info.cpu_hwid[0] = fdt->boot_cpu;
	boot_info.nr_cpus_found = 1;
	fdt_for_each_child(node, fdt, cpus_node) {
		u32 len;
		const u8 *servers = fdt_prop(fdt, node, "ibm,ppc-interrupt-server#s", &len);

		if (!servers || !fdt_prop_is(fdt, node, "device_type", "cpu"))
			continue;
		hz = fdt_number(fdt, node, "timebase-frequency", hz);
		for (; len >= 4; len -= 4, servers += 4)
			cpu_add((u32)fdt_cells(servers, 1), fdt->boot_cpu);
	}
	timer_set_frequency(hz);
}

static void boot_cpu_init(void)
{
	boot_cpu.arch.self = &boot_cpu;
	boot_cpu.arch.nmi_stack_top = (unsigned long)boot_nmi_stack + NMI_STACK_SIZE;
	cpus[0] = &boot_cpu;
}

/* From boot/ppc64le/start.S, on the boot stack. @tree may be as long as the RAM behind it. */
void boot_main(phys_addr_t tree)
{
	struct fdt fdt;
	int root;

	boot_cpu_init();
	boot_info.protocol = "flattened device tree";
	if (fdt_open(&fdt, phys_to_virt(tree), FDT_SIZE_LIMIT))
		panic("boot: there is no device tree at 0x%lx", tree);
	root = fdt_root(&fdt);
	rtas_init(&fdt);
	reserve(KERNEL_PHYS_BASE, image_to_phys(image_end));
	reserve(tree, tree + fdt.total_size);
	read_chosen(&fdt, fdt_find(&fdt, root, "chosen"));
	read_memory(&fdt, root);
	read_cpus(&fdt, fdt_find(&fdt, root, "cpus"));
	mutant_choose_early(boot_info.cmdline);
	mmu_boot_cpu_init();
	kernel_main();
}
