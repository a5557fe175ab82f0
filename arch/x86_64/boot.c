/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the start code to kernel_main: reads what the loader says into boot_info.
 *
 * Owns boot_info and boot_cpu. Runs on the boot CPU alone; nothing is locked. The loader's
 * structures may lie in RAM that counts as free, so all of them are copied before anybody
 * allocates. RAM below 1 MiB is left to firmware, loaders and the trampoline.
 *
 * Source: Xen's public header arch-x86/hvm/start_info.h; Multiboot2 Specification 2.0, 3.6.
 */
#include "kernel/boot.h"
#include "arch/boot.h"
#include "arch/mmu.h"
#include "arch/x86_64/internal.h"
#include "arch/x86_64/msr.h"
#include "boot/x86_64/boot.h"
#include "kernel/errno.h"
#include "kernel/exit.h"
#include "kernel/printk.h"
#include "kernel/string.h"
#include "kernel/thread.h"
#include "lab/mutant.h"

#define LOW_MEMORY_END 0x100000UL
#define MEMORY_RAM 1 /* the same in both protocols */

_Static_assert(BOOT_STACK_SIZE == KSTACK_SIZE, "the boot stack becomes the idle thread's");

/* Packed, since loaders align them to 4 bytes only. */
struct pvh_start_info {
	u32 magic, version, flags, nr_modules;
	u64 modlist, cmdline, rsdp;
	u64 memmap; /* from version 1 on */
	u32 memmap_entries, reserved;
} __packed;

struct pvh_module {
	u64 start, size, cmdline, reserved;
} __packed;

struct pvh_memory {
	u64 start, size;
	u32 type, reserved;
} __packed;

enum mb2_type {
	MB2_END = 0,
	MB2_CMDLINE = 1,
	MB2_MODULE = 3,
	MB2_MEMORY = 6,
	MB2_RSDP_V1 = 14,
	MB2_RSDP_V2 = 15,
};

/* A tag and what follows it, by type. */
struct mb2_tag {
	u32 type, size;
	union {
		char text[1];
		struct {
			u32 start, end;
		} module;
		struct {
			u32 entry_size, entry_version;
		} memory;
	};
};

struct mb2_memory {
	u64 start, size;
	u32 type, reserved;
};

struct boot_info boot_info;
struct cpu boot_cpu;

void boot_main(u32 magic, u32 info) __noreturn;

/* Keeps the list sorted. Of a range that overlaps others only the part before them is taken. */
static void ram_insert(phys_addr_t start, phys_addr_t end)
{
	struct mem_range *ram = boot_info.ram;
	unsigned int i = 0;

	while (i < boot_info.nr_ram && ram[i].start <= start)
		i++;
	if (i > 0)
		start = max(start, ram[i - 1].end);
	if (i < boot_info.nr_ram)
		end = min(end, ram[i].start);
	if (start >= end)
		return;
	if (boot_info.nr_ram == MAX_MEM_RANGES) {
		printk("boot: more than %d memory ranges, 0x%lx-0x%lx is not used\n",
		       MAX_MEM_RANGES, start, end);
		return;
	}
	memmove(&ram[i + 1], &ram[i], (boot_info.nr_ram - i) * sizeof(ram[0]));
	ram[i] = (struct mem_range){ start, end };
	boot_info.nr_ram++;
}

static void ram_add(u64 start, u64 size, u32 type)
{
	u64 end = min(start + size, MMU_RAM_LIMIT);

	if (type != MEMORY_RAM || end < start)
		return;
	start = ALIGN_UP(max(start, LOW_MEMORY_END), PAGE_SIZE);
	ram_insert(start, ALIGN_DOWN(end, PAGE_SIZE));
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

static void take_initrd(phys_addr_t start, phys_addr_t end)
{
	boot_info.initrd = (struct mem_range){ start, end };
	reserve(start, end);
}

/* Adds @text to the command line. */
static void take_words(const char *text)
{
	size_t used = strlen(boot_info.cmdline);
	size_t room = sizeof(boot_info.cmdline) - used;

	if (strlcpy(boot_info.cmdline + used, text, room) >= room)
		panic_with(EXIT_USAGE, "the kernel's command line is longer than %lu characters",
			   (unsigned long)sizeof(boot_info.cmdline) - 1);
}

/* Returns where the RSDP is, 0 if there is none. */
static phys_addr_t read_pvh(const struct pvh_start_info *info)
{
	const struct pvh_module *module = phys_to_virt(info->modlist);
	const struct pvh_memory *memory = phys_to_virt(info->memmap);

	boot_info.protocol = "pvh";
	if (info->version < 1 || !info->memmap_entries)
		panic("boot: the PVH start info has no memory map");
	if (info->cmdline)
		take_words(phys_to_virt(info->cmdline));
	if (info->nr_modules)
		take_initrd(module->start, module->start + module->size);
	for (u32 i = 0; i < info->memmap_entries; i++)
		ram_add(memory[i].start, memory[i].size, memory[i].type);
	return info->rsdp;
}

static void read_mb2_memory(const struct mb2_tag *tag)
{
	const char *entry = (const char *)(&tag->memory + 1);

	for (; entry < (const char *)tag + tag->size; entry += tag->memory.entry_size) {
		const struct mb2_memory *memory = (const void *)entry;

		ram_add(memory->start, memory->size, memory->type);
	}
}

/* GRUB's menu is on the medium; words for one boot come through fw_cfg and follow it. */
static void take_fw_cfg_words(void)
{
	static char words[sizeof(boot_info.cmdline)];

	if (fw_cfg_read_string("opt/faultline/cmdline", words, sizeof(words)) < 0)
		return;
	if (boot_info.cmdline[0])
		take_words(" ");
	take_words(words);
}

/* The tag's copy of the RSDP serves as well as the original. */
static phys_addr_t read_multiboot2(const char *info)
{
	const struct mb2_tag *tag = (const void *)(info + 8);
	phys_addr_t rsdp = 0;

	boot_info.protocol = "multiboot2";
	while (tag->type != MB2_END) {
		if (tag->type == MB2_CMDLINE)
			take_words(tag->text);
		else if (tag->type == MB2_MODULE && !boot_info.initrd.end)
			take_initrd(tag->module.start, tag->module.end);
		else if (tag->type == MB2_MEMORY)
			read_mb2_memory(tag);
		else if (tag->type == MB2_RSDP_V2 || (tag->type == MB2_RSDP_V1 && !rsdp))
			rsdp = virt_to_phys(tag->text);
		tag = (const void *)((const char *)tag + ALIGN_UP(tag->size, 8U));
	}
	take_fw_cfg_words();
	return rsdp;
}

/* A piece of RAM below 4 GiB that nothing uses; 0 if there is none. */
static phys_addr_t find_free(size_t size)
{
	for (unsigned int i = 0; i < boot_info.nr_ram; i++) {
		phys_addr_t at = boot_info.ram[i].start;

		for (unsigned int j = 0; j < boot_info.nr_reserved; j++) {
			const struct mem_range *r = &boot_info.reserved[j];

			if (at >= r->end || r->start >= at + size)
				continue;
			at = r->end;
			j = -1U; /* look at all of them again */
		}
		if (at + size <= min(boot_info.ram[i].end, BOOT_MAP_END))
			return at;
	}
	return 0;
}

static void map_high_ram(void)
{
	size_t size = mmu_high_ram_tables();
	phys_addr_t tables;

	if (!size)
		return;
	tables = find_free(size);
	if (!tables)
		panic("boot: no free memory for %lu KiB of page tables", size / 1024);
	reserve(tables, tables + size);
	mmu_map_high_ram(tables);
}

/* By the MADT, or else CPUs with the ids 0, 1, ... as many as QEMU says. */
static void find_cpus(phys_addr_t rsdp)
{
	unsigned int emulated = fw_cfg_nr_cpus();

	if (acpi_find_cpus(rsdp)) {
		if (emulated && emulated != boot_info.nr_cpus_found)
			printk("boot: ACPI lists %u CPUs, but QEMU has %u\n",
			       boot_info.nr_cpus_found, emulated);
		return;
	}
	boot_info.nr_cpus_found = min(max(emulated, 1U), (unsigned int)NR_CPUS);
	for (unsigned int i = 0; i < boot_info.nr_cpus_found; i++)
		boot_info.cpu_hwid[i] = i;
	printk("boot: no CPUs in ACPI tables; taking %u\n", boot_info.nr_cpus_found);
}

static void boot_cpu_init(void)
{
	boot_cpu.arch.self = &boot_cpu;
	cpus[0] = &boot_cpu;
	wrmsr(MSR_GS_BASE, (u64)&boot_cpu);
}

/*
 * QEMU 8 and later put the end of microvm's initrd into the page at the top of memory that their
 * firmware keeps for ACPI tables. It is there whole, but no range of the memory map holds it.
 */
static void ram_add_initrd(void)
{
	ram_insert(ALIGN_DOWN(boot_info.initrd.start, PAGE_SIZE),
		   ALIGN_UP(boot_info.initrd.end, PAGE_SIZE));
}

/* From boot/x86_64/start.S, on the boot stack and the boot map. */
void boot_main(u32 magic, u32 info)
{
	phys_addr_t rsdp;

	boot_cpu_init();
	console_init();
	apic_init_boot();
	boot_cpu.arch.apic_id = apic_id();
	reserve(boot_image_start, boot_image_end);
	if (magic == BOOT_MAGIC_PVH)
		rsdp = read_pvh(phys_to_virt(info));
	else if (magic == BOOT_MAGIC_MULTIBOOT2)
		rsdp = read_multiboot2(phys_to_virt(info));
	else
		panic("boot: started by an unknown protocol, magic 0x%x", magic);
	ram_add_initrd();
	mutant_choose_early(boot_info.cmdline);
	nmi_timer_init_boot();
	find_cpus(rsdp);
	map_high_ram();
	smp_init_boot();
	kernel_main();
}
