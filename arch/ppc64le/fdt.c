/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A read-only walker of flattened device trees.
 *
 * The structure block is a sequence of tokens; each step reads one of them and checks it against
 * the block's end. Owns nothing, locks nothing; the caller keeps the blob in place.
 *
 * Source: Devicetree Specification 0.4, chapter 5 "Flattened Devicetree (DTB) Format".
 */
#include "arch/ppc64le/fdt.h"
#include "kernel/errno.h"
#include "kernel/string.h"

#define FDT_MAGIC 0xd00dfeed
#define FDT_HEADER_SIZE 40
#define FDT_COMPATIBLE 17 /* the oldest version that says how large the structure block is */

enum fdt_token { FDT_BEGIN_NODE = 1, FDT_END_NODE, FDT_PROP, FDT_NOP, FDT_END = 9 };

enum fdt_header {
	HEADER_MAGIC,
	HEADER_TOTAL_SIZE,
	HEADER_STRUCTS,
	HEADER_STRINGS,
	HEADER_RESERVED,
	HEADER_VERSION,
	HEADER_LAST_COMPATIBLE,
	HEADER_BOOT_CPU,
	HEADER_STRINGS_SIZE,
	HEADER_STRUCTS_SIZE,
};

static u32 read32(const void *at)
{
	const u8 *byte = at;

	return (u32)byte[0] << 24 | (u32)byte[1] << 16 | (u32)byte[2] << 8 | byte[3];
}

static bool block_fits(u32 start, u32 size, u32 total)
{
	return start >= FDT_HEADER_SIZE && start <= total && size <= total - start;
}

int fdt_open(struct fdt *fdt, const void *blob, size_t limit)
{
	u32 header[FDT_HEADER_SIZE / 4];

	if (limit < FDT_HEADER_SIZE || read32(blob) != FDT_MAGIC)
		return -EINVAL;
	for (unsigned int i = 0; i < ARRAY_SIZE(header); i++)
		header[i] = read32((const u8 *)blob + 4 * i);
	fdt->total_size = header[HEADER_TOTAL_SIZE];
	fdt->structs = (const u8 *)blob + header[HEADER_STRUCTS];
	fdt->strings = (const char *)blob + header[HEADER_STRINGS];
	fdt->structs_size = header[HEADER_STRUCTS_SIZE];
	fdt->strings_size = header[HEADER_STRINGS_SIZE];
	fdt->boot_cpu = header[HEADER_BOOT_CPU];
	if (fdt->total_size > limit || header[HEADER_VERSION] < FDT_COMPATIBLE ||
	    header[HEADER_LAST_COMPATIBLE] > FDT_COMPATIBLE || fdt->structs_size > INT32_MAX ||
	    !block_fits(header[HEADER_STRUCTS], fdt->structs_size, fdt->total_size) ||
	    !block_fits(header[HEADER_STRINGS], fdt->strings_size, fdt->total_size))
		return -EINVAL;
	return 0;
}

/* The token at @at, and in *@next where the one after it begins; FDT_END where it is malformed. */
static enum fdt_token token_read(const struct fdt *fdt, u32 at, u32 *next)
{
	u32 left = at <= fdt->structs_size ? fdt->structs_size - at : 0;
	const u8 *data = fdt->structs + at;
	enum fdt_token token;
	u32 size = 4;

	*next = at;
	if (left < 4)
		return FDT_END;
	token = read32(data);
	if (token == FDT_BEGIN_NODE) {
		size_t name = strnlen((const char *)data + 4, left - 4);

		if (name == left - 4)
			return FDT_END;
		size += (u32)name + 1;
	} else if (token == FDT_PROP) {
		if (left < 12 || read32(data + 4) > left - 12)
			return FDT_END;
		size = 12 + read32(data + 4);
	} else if (token != FDT_END_NODE && token != FDT_NOP) {
		return FDT_END;
	}
	*next = at + ALIGN_UP(size, 4U);
	return token;
}

/* The first node after @at, where the level is that of the node looked for; -1 at its end. */
static int node_at(const struct fdt *fdt, u32 at)
{
	enum fdt_token token;
	u32 next;

	while ((token = token_read(fdt, at, &next)) == FDT_PROP || token == FDT_NOP)
		at = next;
	return token == FDT_BEGIN_NODE ? (int)at : -1;
}

int fdt_root(const struct fdt *fdt)
{
	return node_at(fdt, 0);
}

int fdt_child(const struct fdt *fdt, int node)
{
	u32 next;

	if (node < 0 || token_read(fdt, (u32)node, &next) != FDT_BEGIN_NODE)
		return -1;
	return node_at(fdt, next);
}

int fdt_next(const struct fdt *fdt, int node)
{
	u32 at = (u32)node, depth = 0;

	if (node < 0)
		return -1;
	do {
		enum fdt_token token = token_read(fdt, at, &at);

		if (token == FDT_BEGIN_NODE)
			depth++;
		else if (token == FDT_END_NODE)
			depth--;
		else if (token == FDT_END)
			return -1;
	} while (depth);
	return node_at(fdt, at);
}

const char *fdt_name(const struct fdt *fdt, int node)
{
	u32 next;

	if (node < 0 || token_read(fdt, (u32)node, &next) != FDT_BEGIN_NODE)
		return "";
	return (const char *)fdt->structs + node + 4;
}

static bool name_matches(const char *name, const char *wanted)
{
	size_t len = strlen(wanted);

	if (strncmp(name, wanted, len))
		return false;
	return !name[len] || name[len] == '@';
}

int fdt_find(const struct fdt *fdt, int node, const char *name)
{
	int child;

	fdt_for_each_child(child, fdt, node)
		if (name_matches(fdt_name(fdt, child), name))
			break;
	return child;
}

static bool string_is(const struct fdt *fdt, u32 offset, const char *name)
{
	size_t size = strlen(name) + 1;

	return offset < fdt->strings_size && size <= fdt->strings_size - offset &&
	       !memcmp(fdt->strings + offset, name, size);
}

const void *fdt_prop(const struct fdt *fdt, int node, const char *name, u32 *len)
{
	enum fdt_token token;
	u32 at, next;

	if (node < 0 || token_read(fdt, (u32)node, &at) != FDT_BEGIN_NODE)
		return NULL;
	while ((token = token_read(fdt, at, &next)) == FDT_PROP || token == FDT_NOP) {
		if (token == FDT_PROP && string_is(fdt, read32(fdt->structs + at + 8), name)) {
			*len = read32(fdt->structs + at + 4);
			return fdt->structs + at + 12;
		}
		at = next;
	}
	return NULL;
}

bool fdt_prop_is(const struct fdt *fdt, int node, const char *name, const char *value)
{
	u32 len;
	const char *text = fdt_prop(fdt, node, name, &len);

	return text && len == strlen(value) + 1 && !memcmp(text, value, len);
}

u64 fdt_cells(const void *data, u32 cells)
{
	u64 value = 0;

	for (u32 i = 0; i < cells; i++)
		value = value << 32 | read32((const u8 *)data + 4 * i);
	return value;
}

u64 fdt_number(const struct fdt *fdt, int node, const char *name, u64 missing)
{
	u32 len;
	const void *data = fdt_prop(fdt, node, name, &len);

	return data && (len == 4 || len == 8) ? fdt_cells(data, len / 4) : missing;
}
