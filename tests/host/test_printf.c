/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vsnprintf against the C library's: every flag, width, precision and length with values at the
 * edges, and buffers that are too small; then what only the kernel's has.
 */
#include "tests/host/host.h"

int memcmp(const void *a, const void *b, size_t n);
int strcmp(const char *a, const char *b);
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int snprintf(char *buf, size_t size, const char *fmt, ...);

#define vsnprintf kernel_vsnprintf
#define snprintf kernel_snprintf
int kernel_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int kernel_snprintf(char *buf, size_t size, const char *fmt, ...);
#include "kernel/printf.c"
#undef vsnprintf
#undef snprintf

#define ROUNDS 300000

const char *symbol_lookup(unsigned long addr, unsigned long *offset, unsigned long *size)
{
	if (addr < 0x1000 || addr >= 0x1040)
		return NULL;
	*offset = addr - 0x1000;
	*size = 0x40;
	return "some_function";
}

/* One format for both, into buffers of @size bytes with a guard behind. */
static void compare(size_t size, const char *fmt, ...)
{
	char ours[256], theirs[256];
	int n, m;
	va_list ap;

	for (unsigned int i = 0; i < sizeof(ours); i++)
		ours[i] = theirs[i] = '~';
	va_start(ap, fmt);
	n = kernel_vsnprintf(ours, size, fmt, ap);
	va_end(ap);
	va_start(ap, fmt);
	m = vsnprintf(theirs, size, fmt, ap);
	va_end(ap);
	if (n == m && !memcmp(ours, theirs, sizeof(ours)))
		return;
	CHECK(!"the results differ");
	printf("# format '%s', size %zu: '%.*s' (%d), C library '%.*s' (%d)\n", fmt, size,
	       (int)size, ours, n, (int)size, theirs, m);
}

static u64 random_value(void)
{
	static const u64 edges[] = { 0, 1, 7, 8, 9, 10, 127, 128, 255, 256, 32767, 32768, 65535,
				     INT32_MAX, 1UL << 31, UINT32_MAX, INT64_MAX, 1UL << 63,
				     UINT64_MAX, UINT64_MAX - 1 };
	u64 r = host_random();

	if (r % 3 == 0)
		return edges[host_random() % ARRAY_SIZE(edges)];
	return host_random() >> r % 64;
}

/* "%", flags, width, precision; the length of what it wrote. */
static int format_head(char *fmt)
{
	int n = 0;

	fmt[n++] = '%';
	for (u64 flags = host_random() % 8; flags; flags &= flags - 1)
		fmt[n++] = "-0#"[__builtin_ctzll(flags)];
	if (host_random() % 2)
		n += snprintf(fmt + n, 8, "%u", (unsigned int)(1 + host_random() % 30));
	if (host_random() % 2)
		n += snprintf(fmt + n, 8, ".%u", (unsigned int)(host_random() % 30));
	return n;
}

static void numbers_agree(void)
{
	static const char *const lengths[] = { "hh", "h", "", "l", "ll", "z" };

	for (int i = 0; i < ROUNDS; i++) {
		const char *length = lengths[host_random() % ARRAY_SIZE(lengths)];
		char fmt[64] = "<";
		int n = 1 + format_head(fmt + 1);

		snprintf(fmt + n, sizeof(fmt) - n, "%s%c>", length, "diuxXo"[host_random() % 6]);
		compare(host_random() % 4 ? 200 : host_random() % 20, fmt, random_value());
	}
}

static void strings_agree(void)
{
	static const char *const strings[] = { "", "a", "hello", "a rather long string" };

	for (int i = 0; i < ROUNDS / 10; i++) {
		char fmt[64] = "<%";
		int n = 2;

		if (host_random() % 2)
			fmt[n++] = '-';
		snprintf(fmt + n, sizeof(fmt) - n, "*.*s|%%%%|%%%s3c>",
			 host_random() % 2 ? "-" : "");
		compare(host_random() % 4 ? 200 : host_random() % 20, fmt,
			(int)(host_random() % 40) - 20, (int)(host_random() % 12) - 1,
			strings[host_random() % ARRAY_SIZE(strings)], 'x');
	}
	compare(200, "%s %5s %-5s|%.2s", "a", "b", "c", "defg");
}

static void pointers_agree(void)
{
	compare(200, "%p %20p %-20p|", (void *)0x1234, (void *)UINT64_MAX, (void *)8);
	compare(200, "%p %10p|", NULL, NULL);
}

static void expect_text(const char *expected, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	kernel_vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	CHECK(!strcmp(text, expected));
	if (strcmp(text, expected))
		printf("# '%s', expected '%s'\n", text, expected);
}

static void symbols_have_names(void)
{
	expect_text("some_function+0x0/0x40", "%pS", (void *)0x1000);
	expect_text("at some_function+0x1f/0x40.", "at %pS.", (void *)0x101f);
	expect_text("0x1040", "%pS", (void *)0x1040);
	expect_text("some_function+0x40/0x40", "%pB", (void *)0x1040);
	expect_text("0x1000", "%pB", (void *)0x1000);
}

static void odd_formats_show(void)
{
	expect_text("(null)", "%s", NULL);
	expect_text("%q 5", "%q %d", 5);
	expect_text("5 %", "%d %", 5);
}

int main(void)
{
	RUN(numbers_agree);
	RUN(strings_agree);
	RUN(pointers_agree);
	RUN(symbols_have_names);
	RUN(odd_formats_show);
	return host_done();
}
