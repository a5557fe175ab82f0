/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fuzzer's steps in words: what each uses of its struct fuzz_op, and nothing else.
 */
#include "tests/host/fuzz.h"

/* What a step of each kind says after its name; one letter each, see describe_part. */
static const struct {
	const char *name, *parts;
} kinds[NR_FUZZ_KINDS] = {
	[FUZZ_MAP_FIXED] = { "mmap fixed", "rpm" },
	[FUZZ_MAP_NOREPLACE] = { "mmap noreplace", "rpm" },
	[FUZZ_MAP_HINT] = { "mmap hint", "rpm" },
	[FUZZ_MAP_ANYWHERE] = { "mmap", "npm" },
	[FUZZ_MUNMAP] = { "munmap", "r" },
	[FUZZ_MPROTECT] = { "mprotect", "rp" },
	[FUZZ_DONTNEED] = { "madvise dontneed", "r" },
	[FUZZ_READ] = { "read", "as" },
	[FUZZ_WRITE] = { "write", "as" },
	[FUZZ_EXEC] = { "fetch", "as" },
	[FUZZ_BRK] = { "brk", "b" },
	[FUZZ_BAD] = { "bad call", "c" },
	[FUZZ_GRACE] = { "grace period", "" },
};

static int describe_part(const struct fuzz_op *op, char part, unsigned long pages, char *text,
			 size_t size)
{
	unsigned long first = op->first % pages, n = min(1UL + op->n % 60, pages - first);

	switch (part) {
	case 'r':
		return snprintf(text, size, " %lu+%lu", first, n);
	case 'a':
		return snprintf(text, size, " %lu+%lu", first, min(n, 1UL + op->extra % 8));
	case 'n':
		return snprintf(text, size, " %lu pages", 1UL + op->n % 60);
	case 'p':
		return snprintf(text, size, " %c%c%c", op->prot & PROT_READ ? 'r' : '-',
				op->prot & PROT_WRITE ? 'w' : '-',
				op->prot & PROT_EXEC ? 'x' : '-');
	case 'm':
		return snprintf(text, size, "%s%s", op->flags & FUZZ_SHARED ? " shared" :
				op->flags & FUZZ_GROWSDOWN ? " growsdown" : "",
				op->flags & FUZZ_POPULATE ? " populate" : "");
	case 's':
		return snprintf(text, size, op->flags & FUZZ_SPF ? " spf" : " classic");
	case 'b':
		return snprintf(text, size, " page %ld, byte %lu",
				(long)(FUZZ_BRK_PAGE + op->extra % 90) - 2, op->first % PAGE_SIZE);
	default:
		return snprintf(text, size, " %u", op->extra % FUZZ_BAD_CALLS);
	}
}

void fuzz_describe(const struct fuzz_op *op, unsigned long pages, char *text, size_t size)
{
	unsigned int kind = op->kind % NR_FUZZ_KINDS;
	size_t len = (size_t)snprintf(text, size, "%s", kinds[kind].name);

	for (const char *part = kinds[kind].parts; *part; part++)
		len += (size_t)describe_part(op, *part, pages, text + len, size - len);
	if (fuzz_fails(op))
		snprintf(text + len, size - len, ", %s %u cannot be had",
			 op->flags & FUZZ_FAIL_PAGE ? "page" : "object", op->fail % 16);
}
