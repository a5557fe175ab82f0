/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kernel/string.c against plain loops, and kernel/glob.c's patterns and numbers.
 */
#include "tests/host/host.h"

#define memset kernel_memset
#define memcpy kernel_memcpy
#define memmove kernel_memmove
#define memcmp kernel_memcmp
#define strlen kernel_strlen
#define strnlen kernel_strnlen
#define strcmp kernel_strcmp
#define strncmp kernel_strncmp
#define strchr kernel_strchr
#define strlcpy kernel_strlcpy
void *memset(void *dst, int c, size_t n);
void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
size_t strlcpy(char *dst, const char *src, size_t size);
#include "kernel/string.c"
#include "kernel/glob.c"

#define ROUNDS 200000
#define LEN 80

static u8 ours[LEN], model[LEN], source[LEN];

static void fill(u8 *bytes)
{
	for (int i = 0; i < LEN; i++)
		bytes[i] = (u8)host_random();
}

static bool same(const u8 *a, const u8 *b)
{
	for (int i = 0; i < LEN; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

static void memory_moves(void)
{
	for (int round = 0; round < ROUNDS; round++) {
		size_t to = host_random() % LEN, from = host_random() % LEN;
		size_t n = host_random() % (LEN - max(to, from) + 1);
		u8 copy[LEN];

		fill(ours);
		for (int i = 0; i < LEN; i++)
			copy[i] = model[i] = ours[i];
		for (size_t i = 0; i < n; i++)
			model[to + i] = copy[from + i];
		CHECK(memmove(ours + to, ours + from, n) == ours + to && same(ours, model));
		fill(source);
		for (size_t i = 0; i < n; i++)
			model[to + i] = source[from + i];
		CHECK(memcpy(ours + to, source + from, n) == ours + to && same(ours, model));
		for (size_t i = 0; i < n; i++)
			model[to + i] = (u8)round;
		CHECK(memset(ours + to, round, n) == ours + to && same(ours, model));
	}
}

static void memory_compares(void)
{
	for (int round = 0; round < ROUNDS; round++) {
		size_t n = host_random() % 40, at = host_random() % 40;
		int expected = 0, got;

		fill(ours);
		for (int i = 0; i < LEN; i++)
			model[i] = ours[i];
		model[at] ^= host_random() % 3;
		if (at < n)
			expected = ours[at] - model[at];
		got = memcmp(ours, model, n);
		CHECK((got < 0) == (expected < 0) && (got > 0) == (expected > 0));
	}
}

static void strings(void)
{
	char buf[8] = "~~~~~~~";

	CHECK(strlen("") == 0 && strlen("four") == 4);
	CHECK(strnlen("four", 2) == 2 && strnlen("four", 9) == 4);
	CHECK(strcmp("a", "a") == 0 && strcmp("a", "b") < 0 && strcmp("b", "a") > 0);
	CHECK(strcmp("a", "ab") < 0 && strcmp("\x80", "a") > 0);
	CHECK(strncmp("abc", "abd", 2) == 0 && strncmp("abc", "abd", 3) < 0);
	CHECK(strncmp("ab", "ab", 9) == 0 && strncmp("a", "b", 0) == 0);
	CHECK(strlcpy(buf, "0123456789", 5) == 10 && !strcmp(buf, "0123") && buf[5] == '~');
	CHECK(strlcpy(buf, "x", 0) == 1 && !strcmp(buf, "0123"));
	CHECK(!strchr("abc", 'd') && *strchr("abc", 'c') == 'c' && *strchr("abc", 0) == 0);
}

/* By definition, for comparison; exponential, so for short texts only. */
static bool glob_model(const char *glob, const char *name)
{
	if (!*glob)
		return !*name;
	if (*glob == '*')
		return glob_model(glob + 1, name) || (*name && glob_model(glob, name + 1));
	return *name && (*glob == '?' || *glob == *name) && glob_model(glob + 1, name + 1);
}

static void random_text(char *text, const char *letters, unsigned int nr_letters)
{
	unsigned int n = host_random() % 8;

	for (unsigned int i = 0; i < n; i++)
		text[i] = letters[host_random() % nr_letters];
	text[n] = '\0';
}

static void globs(void)
{
	char glob[8], name[8];
	unsigned int matches = 0;

	for (int i = 0; i < ROUNDS; i++) {
		random_text(glob, "ab*?", 4);
		random_text(name, "ab", 2);
		matches += glob_match(glob, name);
		CHECK(glob_match(glob, name) == glob_model(glob, name));
	}
	CHECK(matches > ROUNDS / 20);
	CHECK(glob_match("storm.*", "storm.lookup") && !glob_match("storm", "storm.lookup"));
}

static bool parses(const char *text, u64 expected)
{
	u64 value = 0;

	return !parse_u64(text, &value) && value == expected;
}

static void numbers(void)
{
	static const char *const bad[] = { "", "x", "0x", "-1", "+1", " 1", "1 ", "1kk", "1t",
					   "18446744073709551616", "0x10000000000000000",
					   "17179869184g", "1.5", "0xg", "k" };
	u64 value;

	CHECK(parses("0", 0) && parses("0x1F", 31) && parses("010", 10));
	CHECK(parses("4k", 4096) && parses("0x10M", 16UL << 20) && parses("3g", 3UL << 30));
	CHECK(parses("18446744073709551615", UINT64_MAX) && parses("17179869183g", ~0UL << 30));
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK(parse_u64(bad[i], &value) == -EINVAL);
		if (!parse_u64(bad[i], &value))
			printf("# '%s' was taken\n", bad[i]);
	}
}

int main(void)
{
	RUN(memory_moves);
	RUN(memory_compares);
	RUN(strings);
	RUN(globs);
	RUN(numbers);
	return host_done();
}
