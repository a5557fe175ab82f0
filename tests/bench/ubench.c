/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `ubench`: what one operation costs, in cycles(): instructions, where the machine counts so.
 *
 * Each row is the median and the minimum of 31 samples, less what reading the counter costs; a row
 * of many faults is divided by their number. Rows include the access in user mode that faults.
 * "single" gives back and faults again one hot page; "per fault" averages 256 pages under one page
 * table and so includes the allocator's refills. --path chooses the fault path, --threads2 keeps a
 * second thread asleep in the address space, as Linux's speculation wants it. The rows are about
 * pages of 4 KiB, with others it is refused.
 */
#include "tests/user/util.h"
#include "tests/bench/sample.h"

#define PAGES 256
#define MANY_VMAS 1000
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

static size_t page;

static inline void write_pages(char *base, size_t n)
{
	size_t stride = page;

	for (size_t i = 0; i < n; i++)
		*(volatile char *)(base + i * stride) = 1;
}

static inline void read_pages(char *base, size_t n)
{
	size_t stride = page;

	for (size_t i = 0; i < n; i++)
		(void)*(volatile char *)(base + i * stride);
}

static void map_zero_pages(char *base)
{
	madvise(base, PAGES * page, MADV_DONTNEED);
	read_pages(base, PAGES);
}

static void measure_faults(void)
{
	char *base = map_island(TABLE_SPAN, TABLE_SPAN);
	size_t all = PAGES * page;

	SAMPLE(new_row("dontneed_per_page", PAGES), write_pages(base, PAGES),
	       madvise(base, all, MADV_DONTNEED));
	SAMPLE(new_row("anon_write_per_fault", PAGES), madvise(base, all, MADV_DONTNEED),
	       write_pages(base, PAGES));
	SAMPLE(new_row("anon_write_single", 1), madvise(base, page, MADV_DONTNEED),
	       *(volatile char *)base = 1);
	SAMPLE(new_row("zero_read_per_fault", PAGES), madvise(base, all, MADV_DONTNEED),
	       read_pages(base, PAGES));
	SAMPLE(new_row("zero_cow_per_fault", PAGES), map_zero_pages(base),
	       write_pages(base, PAGES));
	munmap(base, TABLE_SPAN);
}

/* The part of an anonymous fault that is the hardware's, not the kernel's. */
static void measure_clear(void)
{
	char *base = map_pages(page, RW);

	write_pages(base, 1);
	SAMPLE(new_row("page_clear", 1), (void)0, clear_like_kernel(base));
	munmap(base, page);
}

static void measure_first_touch(void)
{
	struct row *row = new_row("anon_write_first_in_table", 1);
	char *base = NULL;

	for (unsigned int i = 0; i < SAMPLES; i++) {
		uint64_t start;

		base = map_island(TABLE_SPAN, TABLE_SPAN);
		start = cycles();
		*(volatile char *)base = 1;
		row->samples[i] = cycles() - start;
		munmap(base, TABLE_SPAN);
	}
}

static inline void map_and_unmap(size_t size, size_t touched_pages)
{
	char *base = mmap(NULL, size, RW, ANON, -1, 0);

	write_pages(base, touched_pages);
	munmap(base, size);
}

static void measure_maps(void)
{
	SAMPLE(new_row("mmap_munmap_4k", 1), (void)0, map_and_unmap(page, 0));
	SAMPLE(new_row("mmap_munmap_128m", 1), (void)0, map_and_unmap(128UL << 20, 0));
	SAMPLE(new_row("mmap_touch_munmap_4k", 1), (void)0, map_and_unmap(page, 1));
	SAMPLE(new_row("mmap_touch_munmap_per_page", PAGES), (void)0,
	       map_and_unmap(PAGES * page, PAGES));
}

static void protect_pair(char *base, size_t pages)
{
	mprotect(base, pages * page, PROT_READ);
	mprotect(base, pages * page, RW);
}

static void measure_protects(void)
{
	char *base = map_pages(16 * page, PROT_NONE);

	protect(base + 4 * page, 4 * page, RW);
	SAMPLE(new_row("mprotect_pair_untouched", 1), (void)0, protect_pair(base + 4 * page, 4));
	write_pages(base + 4 * page, 4);
	SAMPLE(new_row("mprotect_pair_populated", 1), (void)0, protect_pair(base + 4 * page, 4));
	munmap(base, 16 * page);
	base = map_pages(64 * page, RW);
	write_pages(base, 64);
	SAMPLE(new_row("mprotect_pair_split_merge", 1), (void)0,
	       protect_pair(base + 16 * page, 16));
	munmap(base, 64 * page);
}

/* What the lookup adds: a read fault in one of many VMAs, every second page being one. */
static void measure_lookup(void)
{
	size_t all = 2 * MANY_VMAS;
	char *base = map_pages(all * page, PROT_NONE), *place = base + (all / 2 + 1) * page;

	for (size_t i = 1; i < all; i += 2)
		protect(base + i * page, page, RW);
	SAMPLE(new_row("zero_read_many_vmas", 1), madvise(place, page, MADV_DONTNEED),
	       (void)*(volatile char *)place);
	munmap(base, all * page);
}

static void *sleep_till_unlocked(void *mutex)
{
	pthread_mutex_lock(mutex);
	pthread_mutex_unlock(mutex);
	return NULL;
}

static int ubench_main(int argc, char **argv)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	const char *path = NULL;
	bool threads2 = false;
	const struct user_option options[] = {
		{"path", OPTION_WORD, &path}, {"threads2", OPTION_FLAG, &threads2}, {0}};
	pthread_t sleeper = 0;

	parse_options(argc, argv, options);
	fl_set_path(path);
	page = page_size();
	if (page != 4096)
		usage("the rows are about pages of 4 KiB, and here they have %zu", page);
	pthread_mutex_lock(&mutex);
	if (threads2)
		sleeper = thread_start(sleep_till_unlocked, &mutex);
	warm_up();
	SAMPLE(new_row("getppid", 1), (void)0, syscall(SYS_getppid));
	measure_clear();
	measure_faults();
	measure_first_touch();
	measure_maps();
	measure_protects();
	measure_lookup();
	pthread_mutex_unlock(&mutex);
	if (threads2)
		thread_join(sleeper);
	printf("path %s threads %d samples %d\n", fl_path_name(), threads2 ? 2 : 1, SAMPLES);
	print_rows();
	return 0;
}

USER_PROGRAM("ubench", ubench_main, "cost of faults and system calls, name median min");
