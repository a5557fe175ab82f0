/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The walker of flattened device trees: trees built here are found again, and damaged ones never
 * make it read outside the blob (each lies at the end of memory of its own size).
 *
 * With a file as argument it prints that tree as source, for test_fdt.py, which has dtc judge.
 */
#include "tests/host/host.h"
#include "arch/ppc64le/fdt.c"

#define MAX_TREE 65536
#define MAX_NODES 64
#define ROUNDS 3000

int open(const char *path, int flags, ...);
ssize_t read(int fd, void *buf, size_t n);
void *malloc(size_t size);

struct node {
	char name[24];
	unsigned int nr_children;
	struct node *children[4];
	u32 value;
	u64 large;
};

static struct node nodes[MAX_NODES];
static unsigned int nr_nodes;
static u8 structs[MAX_TREE];
static u32 used;
static const char strings[] = "\0value\0large\0text\0empty";
enum { STRING_VALUE = 1, STRING_LARGE = 7, STRING_TEXT = 13, STRING_EMPTY = 18 };

static void put32(u8 *at, u32 value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (u8)(value >> (24 - 8 * i));
}

static void put_token(u32 value)
{
	put32(structs + used, value);
	used += 4;
}

static void put_bytes(const void *data, u32 len)
{
	memcpy(structs + used, data, len);
	memset(structs + used + len, 0, 3);
	used = ALIGN_UP(used + len, 4U);
}

static void put_prop(u32 name, const void *data, u32 len)
{
	put_token(FDT_PROP);
	put_token(len);
	put_token(name);
	put_bytes(data, len);
}

static struct node *make_node(unsigned int depth)
{
	struct node *node = &nodes[nr_nodes++];

	*node = (struct node){ .value = (u32)host_random(), .large = host_random() };
	memset(node->name, 0, sizeof(node->name));
	if (depth) {
		char *at = node->name;

		*at++ = (char)('a' + host_random() % 26);
		for (u64 n = host_random() % 5; n; n--)
			*at++ = (char)('a' + host_random() % 26);
		*at++ = '@';
		*at++ = (char)('a' + nr_nodes % 26);
		*at++ = (char)('a' + nr_nodes / 26);
	}
	for (u64 n = host_random() % 5; n && depth < 6 && nr_nodes < MAX_NODES; n--)
		node->children[node->nr_children++] = make_node(depth + 1);
	return node;
}

static void put_node(const struct node *node)
{
	u8 value[8];

	put_token(FDT_BEGIN_NODE);
	put_bytes(node->name, (u32)strlen(node->name) + 1);
	put32(value, node->value);
	put_prop(STRING_VALUE, value, 4);
	if (host_random() % 2)
		put_token(FDT_NOP);
	put32(value, (u32)(node->large >> 32));
	put32(value + 4, (u32)node->large);
	put_prop(STRING_LARGE, value, 8);
	put_prop(STRING_TEXT, node->name, (u32)strlen(node->name) + 1);
	put_prop(STRING_EMPTY, NULL, 0);
	for (unsigned int i = 0; i < node->nr_children; i++)
		put_node(node->children[i]);
	put_token(FDT_END_NODE);
}

/* A random tree as a blob of exactly its own size; nodes[0] is its root. */
static u8 *make_tree(u32 *size)
{
	u8 *blob;

	nr_nodes = used = 0;
	make_node(0);
	put_node(&nodes[0]);
	put_token(FDT_END);
	*size = FDT_HEADER_SIZE + used + sizeof(strings);
	blob = calloc(1, *size);
	put32(blob + 4 * HEADER_MAGIC, FDT_MAGIC);
	put32(blob + 4 * HEADER_TOTAL_SIZE, *size);
	put32(blob + 4 * HEADER_STRUCTS, FDT_HEADER_SIZE);
	put32(blob + 4 * HEADER_STRINGS, FDT_HEADER_SIZE + used);
	put32(blob + 4 * HEADER_VERSION, 17);
	put32(blob + 4 * HEADER_LAST_COMPATIBLE, 16);
	put32(blob + 4 * HEADER_BOOT_CPU, 7);
	put32(blob + 4 * HEADER_STRINGS_SIZE, sizeof(strings));
	put32(blob + 4 * HEADER_STRUCTS_SIZE, used);
	memcpy(blob + FDT_HEADER_SIZE, structs, used);
	memcpy(blob + FDT_HEADER_SIZE + used, strings, sizeof(strings));
	return blob;
}

static void compare(const struct fdt *fdt, int at, const struct node *node)
{
	unsigned int n = 0;
	char base[24];
	u32 len = 1;
	int child;

	CHECK(!strcmp(fdt_name(fdt, at), node->name));
	CHECK(fdt_number(fdt, at, "value", 0) == node->value);
	CHECK(fdt_number(fdt, at, "large", 0) == node->large);
	CHECK(fdt_prop_is(fdt, at, "text", node->name));
	CHECK(fdt_prop(fdt, at, "empty", &len) && len == 0);
	CHECK(!fdt_prop(fdt, at, "valu", &len) && fdt_number(fdt, at, "none", 5) == 5);
	fdt_for_each_child(child, fdt, at) {
		if (n < node->nr_children) {
			compare(fdt, child, node->children[n]);
			CHECK(fdt_find(fdt, at, node->children[n]->name) == child);
			memcpy(base, node->children[n]->name, sizeof(base));
			base[strlen(base) - 3] = 0;
			CHECK(fdt_find(fdt, at, base) >= 0 && fdt_find(fdt, at, base) <= child);
		}
		n++;
	}
	CHECK(n == node->nr_children);
	CHECK(fdt_find(fdt, at, "nothing") == -1);
}

static void trees_are_found_again(void)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct fdt fdt;
		u32 size;
		u8 *blob = make_tree(&size);

		CHECK(!fdt_open(&fdt, blob, size) && fdt.boot_cpu == 7);
		compare(&fdt, fdt_root(&fdt), &nodes[0]);
		CHECK(fdt_next(&fdt, fdt_root(&fdt)) == -1);
		CHECK(fdt_open(&fdt, blob, size - 1) == -EINVAL);
		free(blob);
	}
}

/* Reads all there is; it must end, and the sanitizer watches where it reads. */
static unsigned int visit(const struct fdt *fdt, int at, unsigned int depth)
{
	unsigned int n = 1;
	int child;
	u32 len;

	fdt_prop(fdt, at, "text", &len);
	fdt_number(fdt, at, "none", 0);
	fdt_find(fdt, at, "nothing");
	fdt_for_each_child(child, fdt, at)
		if (depth < 100)
			n += visit(fdt, child, depth + 1);
	return n + (strlen(fdt_name(fdt, at)) > 1000);
}

static void damage_does_no_harm(void)
{
	unsigned int opened = 0;

	for (int round = 0; round < ROUNDS * 4; round++) {
		struct fdt fdt;
		u32 size;
		u8 *blob = make_tree(&size);

		for (u64 n = host_random() % 4; n < 4; n++)
			blob[host_random() % size] = (u8)(host_random() >> 8);
		if (round % 3 == 0)
			put32(blob + 4 * (1 + host_random() % 9),
			      (u32)(host_random() % (2 * size)));
		if (!fdt_open(&fdt, blob, size)) {
			opened++;
			visit(&fdt, fdt_root(&fdt), 0);
		}
		free(blob);
	}
	CHECK(opened > ROUNDS);
}

static void no_tree(void)
{
	static const u8 zeros[FDT_HEADER_SIZE];
	struct fdt fdt;
	u32 len;

	CHECK(fdt_open(&fdt, zeros, sizeof(zeros)) == -EINVAL);
	CHECK(fdt_open(&fdt, zeros, 4) == -EINVAL);
	fdt = (struct fdt){ .structs = zeros, .strings = strings };
	CHECK(fdt_root(&fdt) == -1 && fdt_child(&fdt, -1) == -1 && fdt_next(&fdt, -1) == -1);
	CHECK(!fdt_prop(&fdt, -1, "value", &len) && !*fdt_name(&fdt, -1));
}

static void print_node(const struct fdt *fdt, int at)
{
	enum fdt_token token;
	u32 next, place;
	int child;

	printf("%s {\n", *fdt_name(fdt, at) ? fdt_name(fdt, at) : "/");
	token_read(fdt, (u32)at, &place);
	while ((token = token_read(fdt, place, &next)) == FDT_PROP || token == FDT_NOP) {
		const char *name = fdt->strings + read32(fdt->structs + place + 8);
		const u8 *value;
		u32 len;

		place = next;
		if (token == FDT_NOP)
			continue;
		value = fdt_prop(fdt, at, name, &len);
		printf("%s", name);
		for (u32 i = 0; i < len; i++)
			printf("%s%02x", i ? " " : " = [", value[i]);
		printf(len ? "];\n" : ";\n");
	}
	fdt_for_each_child(child, fdt, at)
		print_node(fdt, child);
	printf("};\n");
}

static int print_file(const char *path)
{
	static u8 blob[0x1000000];
	int fd = open(path, 0);
	size_t size = 0;
	struct fdt fdt;
	ssize_t n;

	while ((n = read(fd, blob + size, sizeof(blob) - size)) > 0)
		size += (size_t)n;
	if (fdt_open(&fdt, blob, size))
		return 1;
	printf("/dts-v1/;\n");
	print_node(&fdt, fdt_root(&fdt));
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return print_file(argv[1]);
	RUN(trees_are_found_again);
	RUN(damage_does_no_harm);
	RUN(no_tree);
	return host_done();
}
