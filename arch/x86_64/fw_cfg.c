/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QEMU's firmware configuration interface, by port I/O: the CPU count, and files given with
 * -fw_cfg. Boot CPU, at boot only.
 *
 * Source: QEMU, docs/specs/fw_cfg.
 */
#include "arch/x86_64/internal.h"
#include "arch/x86_64/io.h"
#include "kernel/errno.h"
#include "kernel/string.h"

#define FW_CFG_SELECT 0x510
#define FW_CFG_DATA 0x511

enum fw_cfg_item { FW_CFG_SIGNATURE = 0x00, FW_CFG_NB_CPUS = 0x05, FW_CFG_FILE_DIR = 0x19 };

/* Numbers of the directory are big-endian. */
struct fw_cfg_file {
	u32 size;
	u16 select, reserved;
	char name[56];
};

static bool fw_cfg_present(void)
{
	char signature[4];

	outw(FW_CFG_SELECT, FW_CFG_SIGNATURE);
	insb(FW_CFG_DATA, signature, sizeof(signature));
	return memcmp(signature, "QEMU", sizeof(signature)) == 0;
}

unsigned int fw_cfg_nr_cpus(void)
{
	u16 nr;

	if (!fw_cfg_present())
		return 0;
	outw(FW_CFG_SELECT, FW_CFG_NB_CPUS);
	insb(FW_CFG_DATA, &nr, sizeof(nr));
	return nr;
}

static bool fw_cfg_find(const char *name, struct fw_cfg_file *file)
{
	u32 nr;

	outw(FW_CFG_SELECT, FW_CFG_FILE_DIR);
	insb(FW_CFG_DATA, &nr, sizeof(nr));
	for (nr = __builtin_bswap32(nr); nr; nr--) {
		insb(FW_CFG_DATA, file, sizeof(*file));
		if (strncmp(file->name, name, sizeof(file->name)) == 0)
			return true;
	}
	return false;
}

int fw_cfg_read_string(const char *name, char *buf, size_t size)
{
	struct fw_cfg_file file;
	size_t len;

	if (!fw_cfg_present() || !fw_cfg_find(name, &file))
		return -ENOENT;
	len = min((size_t)__builtin_bswap32(file.size), size - 1);
	outw(FW_CFG_SELECT, __builtin_bswap16(file.select));
	insb(FW_CFG_DATA, buf, len);
	buf[len] = '\0';
	return (int)len;
}
