/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Verdicts, options, memory and the prctl of the user programs under test.
 */
#include "tests/user/util.h"

#include <link.h>
#include <stdarg.h>
#include <sys/prctl.h>

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

unsigned long parse_number(const char *text)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 0);
	if (errno || end == text || *end || *text == '-')
		usage("'%s' is not a number", text);
	return value;
}

static const struct user_option *find_option(const struct user_option *options, const char *name,
					     size_t length)
{
	for (; options->name; options++)
		if (strlen(options->name) == length && !strncmp(options->name, name, length))
			return options;
	usage("unknown option --%s", name);
}

/* Takes the option at argv[at]; returns how many words it had. */
static int parse_option(char **argv, int at, const struct user_option *options)
{
	const char *name = argv[at] + 2, *value = strchr(name, '=');
	size_t length = value ? (size_t)(value - name) : strlen(name);
	const struct user_option *option = find_option(options, name, length);
	int words = 1;

	if (option->kind == OPTION_FLAG) {
		if (value)
			usage("--%s takes no value", option->name);
		*(bool *)option->value = true;
		return words;
	}
	if (value) {
		value++;
	} else {
		value = argv[at + 1];
		words = 2;
	}
	if (!value)
		usage("--%s needs a value", option->name);
	if (option->kind == OPTION_NUMBER)
		*(unsigned long *)option->value = parse_number(value);
	else
		*(const char **)option->value = value;
	return words;
}

int parse_options(int argc, char **argv, const struct user_option *options)
{
	int at = 1, left = 0;

	while (at < argc) {
		if (!strncmp(argv[at], "--", 2))
			at += parse_option(argv, at, options);
		else
			argv[++left] = argv[at++];
	}
	return left;
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

			/* What RELRO would protect is not protected in a static program. */
			if (segment->p_flags & PF_W)
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

/* --- Faultline's extension --- */
bool fl_present(void)
{
	return prctl(PR_FAULTLINE, FL_GET_PATH, 0UL, 0UL, 0UL) >= 0;
}

long fl_prctl(enum fl_op op, const void *a, unsigned long b)
{
	int result;

	if (!fl_present())
		return 0;
	result = prctl(PR_FAULTLINE, (unsigned long)op, a, b, 0UL);
	check(result >= 0, "prctl operation %d: %s", op, strerror(errno));
	return result;
}

bool fl_get_counts(struct fl_counts *counts)
{
	memset(counts, 0, sizeof(*counts));
	fl_prctl(FL_COUNTS, counts, 0);
	return fl_present();
}

const char *fl_path_name(void)
{
	if (!fl_present())
		return "linux";
	return fl_prctl(FL_GET_PATH, NULL, 0) ? "spf" : "classic";
}

void fl_set_path(const char *name)
{
	if (!name)
		return;
	if (strcmp(name, "classic") && strcmp(name, "spf"))
		usage("no fault path '%s'", name);
	fl_prctl(FL_SET_PATH, (const void *)(uintptr_t)!strcmp(name, "spf"), 0);
}
