/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Verdicts and memory of the user programs under test.
 */
#include "tests/user/util.h"

#include <link.h>
#include <stdarg.h>

/* One write, so that lines of several threads or processes do not mix. */
static void complain(const char *format, va_list args)
{
	char line[512];
	int used = snprintf(line, sizeof(line), "utest %s: ", program_name);

	vsnprintf(line + used, sizeof(line) - (size_t)used - 1, format, args);
	strcat(line, "\n");
	if (write(STDERR_FILENO, line, strlen(line)) < 0)
		_exit(1);
}

void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	_exit(1);
}

void usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	_exit(2);
}

/* --- memory --- */
size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

char *map_pages(size_t size, int prot)
{
	char *addr = mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check(addr != MAP_FAILED, "mmap of %zu bytes: %s", size, strerror(errno));
	return addr;
}

char *map_reserve(size_t size, size_t align)
{
	size_t page = page_size();
	uintptr_t addr = (uintptr_t)map_pages(size + align + 2 * page, PROT_NONE);

	return (char *)((addr + page + align - 1) & ~(align - 1));
}

char *map_island(size_t size, size_t align)
{
	char *addr = map_reserve(size, align);

	protect(addr, size, PROT_READ | PROT_WRITE);
	return addr;
}

void protect(void *addr, size_t size, int prot)
{
	check(!mprotect(addr, size, prot), "mprotect(%p, %zu, %d): %s", addr, size, prot,
	      strerror(errno));
}

volatile uint64_t *page_word(char *base, size_t index)
{
	return (volatile uint64_t *)(base + index * page_size());
}

/* What a C library may have made read-only after relocation. */
static bool in_relro(const struct dl_phdr_info *info, uintptr_t addr)
{
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + segment->p_vaddr;

		if (segment->p_type == PT_GNU_RELRO && addr >= start &&
		    addr < start + segment->p_memsz)
			return true;
	}
	return false;
}

static int touch_segments(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	(void)data;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t addr = info->dlpi_addr + segment->p_vaddr;
		uintptr_t end = addr + segment->p_memsz;

		if (segment->p_type != PT_LOAD)
			continue;
		for (; addr < end; addr = (addr | (page_size() - 1)) + 1) {
			volatile char *byte = (volatile char *)addr;
			char value = *byte;

			if (segment->p_flags & PF_W && !in_relro(info, addr))
				*byte = value;
		}
	}
	return 0;
}

static __attribute__((noinline)) void touch_stack(void)
{
	volatile char frame[32768];

	for (size_t i = 0; i < sizeof(frame); i += 1024)
		frame[i] = 0;
}

void warm_up(void)
{
	dl_iterate_phdr(touch_segments, NULL);
	touch_stack();
}

uint64_t random_next(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}
