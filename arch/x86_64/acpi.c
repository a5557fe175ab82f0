/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPUs of the machine, from the ACPI table MADT. Boot CPU, at boot, on the boot map only.
 *
 * microvm has only an XSDT, other machines may have only an RSDT. Ids may have holes, and the boot
 * CPU may stand anywhere in the list; it becomes CPU 0. A table with a wrong sum is not believed.
 *
 * Source: ACPI Specification 6.4, 5.2.5 (RSDP), 5.2.7 and 5.2.8 (RSDT, XSDT), 5.2.12 (MADT).
 */
#include "arch/page.h"
#include "arch/x86_64/internal.h"
#include "kernel/boot.h"
#include "kernel/printk.h"
#include "kernel/string.h"

struct acpi_rsdp {
	char signature[8];
	u8 sum, oem[6], revision;
	u32 rsdt;
	u32 length; /* from here on with revision 2 */
	u64 xsdt;
} __packed;

#define RSDP_V1_SIZE 20

struct acpi_header {
	char signature[4];
	u32 length;
	u8 revision, sum, oem[26];
} __packed;

struct acpi_madt {
	struct acpi_header header;
	u32 lapic, flags;
} __packed;

enum { MADT_LAPIC = 0 };

struct madt_entry {
	u8 type, length;
	u8 acpi_id, apic_id; /* MADT_LAPIC from here */
	u32 flags;
} __packed;

#define MADT_ENABLED BIT(0)

static bool sum_is_good(const void *data, size_t size)
{
	const u8 *p = data;
	u8 sum = 0;

	while (size--)
		sum += *p++;
	return sum == 0;
}

/* The table at @phys if the boot map reaches it, it is called @signature and its sum is right. */
static const struct acpi_header *table_at(phys_addr_t phys, const char *signature)
{
	const struct acpi_header *table = phys_to_virt(phys);

	if (!phys || phys + sizeof(*table) > BOOT_MAP_END)
		return NULL;
	if (memcmp(table->signature, signature, 4) != 0)
		return NULL;
	if (table->length >= sizeof(*table) && phys + table->length <= BOOT_MAP_END &&
	    sum_is_good(table, table->length))
		return table;
	printk("acpi: the table %s is damaged\n", signature);
	return NULL;
}

/* Looks in the root table @root, whose entries are of @size bytes. */
static const struct acpi_header *find_in(const struct acpi_header *root, size_t size,
					 const char *signature)
{
	const char *entry = (const char *)(root + 1);
	const char *end = (const char *)root + root->length;

	for (; entry + size <= end; entry += size) {
		const struct acpi_header *table;
		u64 phys = 0;

		memcpy(&phys, entry, size);
		table = table_at(phys, signature);
		if (table)
			return table;
	}
	return NULL;
}

static const struct acpi_header *find_table(phys_addr_t rsdp_phys, const char *signature)
{
	const struct acpi_rsdp *rsdp = phys_to_virt(rsdp_phys);
	const struct acpi_header *root;

	if (!rsdp_phys)
		return NULL;
	if (memcmp(rsdp->signature, "RSD PTR ", 8) != 0 || !sum_is_good(rsdp, RSDP_V1_SIZE)) {
		printk("acpi: the root pointer is damaged\n");
		return NULL;
	}
	root = rsdp->revision >= 2 ? table_at(rsdp->xsdt, "XSDT") : NULL;
	if (root)
		return find_in(root, sizeof(u64), signature);
	root = table_at(rsdp->rsdt, "RSDT");
	return root ? find_in(root, sizeof(u32), signature) : NULL;
}

/* The boot CPU is there already; further CPUs as long as there is room. */
static void add_cpu(const struct madt_entry *entry)
{
	if (!(entry->flags & MADT_ENABLED) || entry->apic_id == boot_info.cpu_hwid[0])
		return;
	if (boot_info.nr_cpus_found < NR_CPUS)
		boot_info.cpu_hwid[boot_info.nr_cpus_found++] = entry->apic_id;
}

bool acpi_find_cpus(phys_addr_t rsdp)
{
	const struct acpi_header *madt = find_table(rsdp, "APIC");
	const char *at, *end;

	if (!madt)
		return false;
	boot_info.cpu_hwid[0] = apic_id();
	boot_info.nr_cpus_found = 1;
	at = (const char *)madt + sizeof(struct acpi_madt);
	end = (const char *)madt + madt->length;
	while (at + 2 <= end) {
		const struct madt_entry *entry = (const void *)at;

		if (entry->length < 2 || at + entry->length > end)
			break;
		if (entry->type == MADT_LAPIC && entry->length >= sizeof(*entry))
			add_cpu(entry);
		at += entry->length;
	}
	return true;
}
