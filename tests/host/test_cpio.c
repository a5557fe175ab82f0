/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The initial ram disk: what the archive reader finds, and that no broken archive leads it outside.
 * Every archive lies in a block of exactly its size, so the sanitizer sees a byte read too far.
 */
#include "tests/host/host.h"
#include "kernel/boot.h"
#include "kernel/errno.h"
#include "kernel/printk.h"

#include "kernel/initrd.c"

#define ARCHIVE_MAX 4096
#define MODE_FILE 0100644
#define MODE_DIR 0040755
#define MUTATIONS 200000

static char archive[ARCHIVE_MAX];
static size_t archive_len;

static void put(const void *data, size_t n)
{
	memcpy(archive + archive_len, data, n);
	archive_len += n;
}

static void pad(void)
{
	while (archive_len % 4)
		archive[archive_len++] = 0;
}

static void put_entry(const char *name, u32 mode, const char *content)
{
	u32 fields[13] = { 1, mode, 0, 0, 1, 0, (u32)strlen(content), 0, 0, 0, 0,
			   (u32)strlen(name) + 1, 0 };
	char digits[9];

	put("070701", 6);
	for (int i = 0; i < 13; i++) {
		snprintf(digits, sizeof(digits), "%08x", fields[i]);
		put(digits, 8);
	}
	put(name, strlen(name) + 1);
	pad();
	put(content, strlen(content));
	pad();
}

/* Two archives, with zeroes between them; "bin/b" is in both. */
static void archive_build(void)
{
	archive_len = 0;
	put_entry("bin", MODE_DIR, "");
	put_entry("bin/a", MODE_FILE, "aaaaa");
	put_entry("./bin/b", MODE_FILE, "old");
	put_entry("TRAILER!!!", 0, "");
	memset(archive + archive_len, 0, 64);
	archive_len += 64;
	put_entry("bin/b", MODE_FILE, "new one");
	put_entry("empty", MODE_FILE, "");
	put_entry("TRAILER!!!", 0, "");
}

static char *initrd_block;

static void initrd_set(size_t len)
{
	free(initrd_block);
	initrd_block = calloc(1, len ? len : 1);
	memcpy(initrd_block, archive, len);
	boot_info.initrd.start = virt_to_phys(initrd_block);
	boot_info.initrd.end = boot_info.initrd.start + len;
}

static bool finds(const char *path, const char *content)
{
	struct initrd_file file;

	return !initrd_find(path, &file) && file.size == strlen(content) &&
	       !memcmp(file.data, content, file.size);
}

static void find_by_path(void)
{
	struct initrd_file file;

	archive_build();
	initrd_set(archive_len);
	CHECK(initrd_init() == 4);
	CHECK(finds("bin/a", "aaaaa"));
	CHECK(finds("/bin/a", "aaaaa"));
	CHECK(finds("./bin/a", "aaaaa"));
	CHECK(finds("empty", ""));
	CHECK(initrd_find("bin", &file) == -ENOENT);
	CHECK(initrd_find("a", &file) == -ENOENT);
	CHECK(initrd_find("", &file) == -ENOENT);
}

static void last_archive_wins(void)
{
	archive_build();
	initrd_set(archive_len);
	CHECK(finds("/bin/b", "new one"));
}

static void no_archive(void)
{
	struct initrd_file file;

	initrd_set(0);
	CHECK(initrd_init() == 0);
	CHECK(initrd_find("bin/a", &file) == -ENOENT);
}

/* Cut anywhere, it is either an error or a shorter archive, and never more files. */
static void cut_anywhere(void)
{
	archive_build();
	for (size_t len = 0; len < archive_len; len++) {
		initrd_set(len);
		CHECK(initrd_init() <= 4);
	}
}

static void broken_headers(void)
{
	static const struct {
		size_t at;
		const char *text;
	} breaks[] = {
		{ 0, "070702" }, { 5, "7" }, { 14, "zzzzzzzz" }, { 54, "ffffffff" },
		{ 94, "ffffffff" }, { 94, "00000000" }, { 94, "00000003" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(breaks); i++) {
		archive_build();
		memcpy(archive + breaks[i].at, breaks[i].text, strlen(breaks[i].text));
		initrd_set(archive_len);
		CHECK(initrd_init() == -EINVAL);
	}
}

/* What is found lies inside the archive, whatever stands in it. */
static void random_damage(void)
{
	struct initrd_file file;

	for (int i = 0; i < MUTATIONS; i++) {
		archive_build();
		for (u64 n = host_random() % 4 + 1; n; n--)
			archive[host_random() % archive_len] = (char)host_random();
		initrd_set(archive_len);
		initrd_init();
		if (initrd_find("bin/b", &file))
			continue;
		CHECK((const char *)file.data >= initrd_block);
		CHECK((const char *)file.data + file.size <= initrd_block + archive_len);
	}
}

int main(void)
{
	RUN(find_by_path);
	RUN(last_archive_wins);
	RUN(no_archive);
	RUN(cut_anywhere);
	RUN(broken_headers);
	RUN(random_damage);
	free(initrd_block);
	return host_done();
}
