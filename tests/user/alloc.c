/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `alloc`: threads allocate, grow and free memory at random through the C library, which turns it
 * into brk, mmap, mremap where there is one, munmap and page faults. Every block is full of a
 * pattern of its own from birth to death: a page given to two owners, lost or not zeroed shows.
 */
#include "tests/user/util.h"

#define SLOTS 32
#define SMALL 2000
#define LARGE 300000 /* beyond the C library's threshold for mmap */

struct block {
	unsigned char *bytes;
	size_t size;
	unsigned char pattern;
};

struct alloc_run {
	unsigned long rounds, seed;
};

static void check_block(const struct block *block, size_t size)
{
	for (size_t i = 0; i < size; i++)
		check(block->bytes[i] == (unsigned char)(block->pattern + i),
		      "byte %zu of %zu of a block is %#x instead of %#x", i, block->size,
		      block->bytes[i], (unsigned char)(block->pattern + i));
}

static void fill_block(struct block *block, uint64_t *random)
{
	block->pattern = (unsigned char)random_next(random);
	for (size_t i = 0; i < block->size; i++)
		block->bytes[i] = (unsigned char)(block->pattern + i);
}

static size_t random_size(uint64_t *random)
{
	return 1 + random_below(random, random_below(random, 16) ? SMALL : LARGE);
}

static void drop_block(struct block *block)
{
	check_block(block, block->size);
	free(block->bytes);
	block->bytes = NULL;
}

static void resize_block(struct block *block, uint64_t *random)
{
	size_t size = random_size(random);

	block->bytes = realloc(block->bytes, size);
	check(block->bytes, "realloc to %zu bytes failed", size);
	check_block(block, size < block->size ? size : block->size);
	block->size = size;
	fill_block(block, random);
}

static void new_block(struct block *block, uint64_t *random)
{
	bool zeroed = random_below(random, 2);

	block->size = random_size(random);
	block->bytes = zeroed ? calloc(1, block->size) : malloc(block->size);
	check(block->bytes, "no memory for %zu bytes", block->size);
	for (size_t i = 0; zeroed && i < block->size; i++)
		check(!block->bytes[i], "calloc gave byte %zu as %#x", i, block->bytes[i]);
	fill_block(block, random);
}

static void use_memory(struct worker *worker)
{
	struct alloc_run *run = worker->arg;
	uint64_t random = run->seed * 1000 + worker->id;
	struct block blocks[SLOTS] = {0};

	for (unsigned long i = 0; i < run->rounds; i++) {
		struct block *block = &blocks[random_below(&random, SLOTS)];

		if (!block->bytes)
			new_block(block, &random);
		else if (random_below(&random, 3))
			drop_block(block);
		else
			resize_block(block, &random);
	}
	for (unsigned int i = 0; i < SLOTS; i++)
		if (blocks[i].bytes)
			drop_block(&blocks[i]);
}

static int alloc_main(int argc, char **argv)
{
	struct alloc_run run = {.rounds = 400, .seed = 1};
	unsigned long threads = 4;
	const struct user_option options[] = {{"threads", OPTION_NUMBER, &threads},
					      {"rounds", OPTION_NUMBER, &run.rounds},
					      {"seed", OPTION_NUMBER, &run.seed},
					      {0}};

	parse_options(argc, argv, options);
	workers_join(workers_start((unsigned int)threads, 0, use_memory, &run),
		     (unsigned int)threads);
	return 0;
}

USER_PROGRAM("alloc", alloc_main, "malloc, realloc, calloc, free by several threads");
