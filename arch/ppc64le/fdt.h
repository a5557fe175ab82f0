/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading a flattened device tree. Nothing is written and nothing outside the blob is read,
 * whatever it contains; what is malformed is as if it were absent.
 *
 * A node is the offset of its FDT_BEGIN_NODE in the structure block; -1 is no node.
 */
#pragma once

#include "kernel/types.h"

struct fdt {
	const u8 *structs;
	const char *strings;
	u32 structs_size, strings_size, total_size, boot_cpu;
};

/* Checks the header of @blob, of which at most @limit bytes may be read. 0 or -EINVAL. */
int fdt_open(struct fdt *fdt, const void *blob, size_t limit);
/* The root, the first child of @node, the next node beside it. */
int fdt_root(const struct fdt *fdt);
int fdt_child(const struct fdt *fdt, int node);
int fdt_next(const struct fdt *fdt, int node);
/* The child of @node called @name, with any unit address if @name has none. */
int fdt_find(const struct fdt *fdt, int node, const char *name);
/* The name of @node, with its unit address. */
const char *fdt_name(const struct fdt *fdt, int node);
/* The value of a property, with its length in bytes; NULL if there is none. */
const void *fdt_prop(const struct fdt *fdt, int node, const char *name, u32 *len);
/* Whether the property is the string @value. */
bool fdt_prop_is(const struct fdt *fdt, int node, const char *name, const char *value);
/* @cells big-endian words at @data as a number, the last two of them if there are more. */
u64 fdt_cells(const void *data, u32 cells);
/* A property of one or two cells; @missing if there is none. */
u64 fdt_number(const struct fdt *fdt, int node, const char *name, u64 missing);

#define fdt_for_each_child(child, fdt, node)                                                       \
	for ((child) = fdt_child((fdt), (node)); (child) >= 0; (child) = fdt_next((fdt), (child)))
