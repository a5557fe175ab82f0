/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The initial ram disk: a reader for cpio archives in the "newc" form.
 *
 * Owns nothing: the archive stays where the boot loader put it, which boot_info has reserved, and
 * is never written. No locks. An entry is a header of 110 characters (a magic and 13 numbers of
 * eight hexadecimal digits), the name and the data, each padded to four bytes from the start of
 * the archive. The entry "TRAILER!!!" ends an archive; zeroes may lie between it and the next.
 * Every length is checked against what is left before it is believed.
 *
 * Source: the cpio(5) manual page of libarchive, "New ASCII Format"; Linux's
 * Documentation/driver-api/early-userspace/buffer-format.rst.
 */
#include "kernel/initrd.h"
#include "kernel/boot.h"
#include "kernel/errno.h"
#include "kernel/string.h"
#include "arch/page.h"

#define CPIO_HEADER_LEN 110
#define CPIO_MAGIC "070701"
#define CPIO_MAGIC_LEN 6
#define CPIO_FIELD_LEN 8
#define CPIO_TRAILER "TRAILER!!!"
#define CPIO_TYPE_MASK 0170000
#define CPIO_TYPE_FILE 0100000

enum cpio_field { CPIO_MODE = 1, CPIO_FILESIZE = 6, CPIO_NAMESIZE = 11 };

struct cpio_entry {
	const char *name; /* ends with a zero inside the archive */
	const void *data;
	size_t size;
	u32 mode;
};

static int cpio_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int cpio_number(const char *header, enum cpio_field field, u32 *value)
{
	const char *digits = header + CPIO_MAGIC_LEN + field * CPIO_FIELD_LEN;

	*value = 0;
	for (int i = 0; i < CPIO_FIELD_LEN; i++) {
		int digit = cpio_hex_digit(digits[i]);

		if (digit < 0)
			return -EINVAL;
		*value = *value << 4 | (u32)digit;
	}
	return 0;
}

static const char *archive_start(size_t *size)
{
	*size = boot_info.initrd.end - boot_info.initrd.start;
	return phys_to_virt(boot_info.initrd.start);
}

/*
 * Reads the entry at *@pos and moves *@pos behind it. 1: *@entry is filled. 0: nothing follows.
 * -EINVAL: what follows is no entry. Trailers and padding between archives are passed over.
 */
static int cpio_next(const char *archive, size_t size, size_t *pos, struct cpio_entry *entry)
{
	for (;;) {
		u32 namesize, filesize;
		size_t data;

		while (*pos < size && !archive[*pos])
			(*pos)++;
		if (*pos == size)
			return 0;
		if (size - *pos < CPIO_HEADER_LEN || !IS_ALIGNED(*pos, 4) ||
		    memcmp(archive + *pos, CPIO_MAGIC, CPIO_MAGIC_LEN) ||
		    cpio_number(archive + *pos, CPIO_MODE, &entry->mode) ||
		    cpio_number(archive + *pos, CPIO_FILESIZE, &filesize) ||
		    cpio_number(archive + *pos, CPIO_NAMESIZE, &namesize))
			return -EINVAL;
		entry->name = archive + *pos + CPIO_HEADER_LEN;
		if (!namesize || namesize > size - *pos - CPIO_HEADER_LEN ||
		    entry->name[namesize - 1])
			return -EINVAL;
		data = ALIGN_UP(*pos + CPIO_HEADER_LEN + namesize, 4);
		if (data > size || filesize > size - data)
			return -EINVAL;
		entry->data = archive + data;
		entry->size = filesize;
		*pos = min(ALIGN_UP(data + filesize, 4), size);
		if (strcmp(entry->name, CPIO_TRAILER))
			return 1;
	}
}

/* "/bin/x", "./bin/x" and "bin/x" are the same file. */
static const char *path_skip_prefix(const char *path)
{
	for (;;) {
		if (*path == '/')
			path++;
		else if (path[0] == '.' && path[1] == '/')
			path += 2;
		else
			return path;
	}
}

static bool cpio_is_file(const struct cpio_entry *entry)
{
	return (entry->mode & CPIO_TYPE_MASK) == CPIO_TYPE_FILE;
}

int initrd_find(const char *path, struct initrd_file *file)
{
	struct cpio_entry entry;
	size_t size, pos = 0;
	const char *archive = archive_start(&size);
	bool found = false;

	path = path_skip_prefix(path);
	while (cpio_next(archive, size, &pos, &entry) > 0) {
		if (!cpio_is_file(&entry) || strcmp(path_skip_prefix(entry.name), path))
			continue;
		file->data = entry.data;
		file->size = entry.size;
		found = true;
	}
	return found ? 0 : -ENOENT;
}

int initrd_init(void)
{
	struct cpio_entry entry;
	size_t size, pos = 0;
	const char *archive = archive_start(&size);
	int ret, files = 0;

	while ((ret = cpio_next(archive, size, &pos, &entry)) > 0)
		files += cpio_is_file(&entry);
	return ret < 0 ? ret : files;
}
