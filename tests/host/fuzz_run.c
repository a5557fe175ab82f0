/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A run of the fuzzer: an address space, its steps, its end.
 */
#include "tests/host/fuzz.h"
#include "kernel/thread.h"
#include "lab/ledger.h"
#include "mm/gather.h"

__thread unsigned long fuzz_at;
unsigned long *fuzz_progress;

void fuzz_fail(const char *file, int line, const char *what, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	panic("%s:%d: step %lu: %s: %s", file, line, fuzz_at, text, what);
}

void fuzz_boot(void)
{
	host_boot(64UL << 20, 8);
	gather_batch = 20; /* more than a gather has room for: it allocates, or makes do */
}

/* Steps are drawn so that the pages are about half mapped: calls that map are rarer, and larger
 * unmappings come now and then. */
struct fuzz_op fuzz_draw(u64 *state)
{
	static const u8 kinds[] = {
		FUZZ_MAP_FIXED, FUZZ_MAP_FIXED, FUZZ_MAP_NOREPLACE, FUZZ_MAP_HINT,
		FUZZ_MAP_ANYWHERE, FUZZ_MUNMAP, FUZZ_MUNMAP, FUZZ_MPROTECT, FUZZ_MPROTECT,
		FUZZ_MPROTECT, FUZZ_DONTNEED, FUZZ_READ, FUZZ_READ, FUZZ_WRITE, FUZZ_WRITE,
		FUZZ_WRITE, FUZZ_EXEC, FUZZ_BRK, FUZZ_BAD,
	};
	u64 a = host_random_next(state), b = host_random_next(state);
	struct fuzz_op op = {
		.kind = kinds[a % ARRAY_SIZE(kinds)],
		.prot = (a >> 8) % 3 ? PROT_READ | PROT_WRITE : (u8)(a >> 16) % 8,
		.flags = (u8)(a >> 24) & (FUZZ_SPF | FUZZ_POPULATE | FUZZ_FAIL_PAGE),
		.fail = (a >> 32) % 4 ? 0 : (u8)(a >> 40),
		.first = (u16)(b % FUZZ_PAGES),
		.n = (b >> 16) % 4 ? (u16)((b >> 20) % 6) : (u16)((b >> 20) % 60),
		.extra = (u32)(b >> 32),
	};

	if ((a >> 48) % 8 == 0)
		op.flags |= FUZZ_SHARED;
	if ((a >> 52) % 16 == 0)
		op.flags |= FUZZ_GROWSDOWN;
	if ((a >> 56) % 64 == 0)
		op.kind = FUZZ_GRACE;
	return op;
}

static void map_around(struct fuzz *f, unsigned long start, unsigned long end)
{
	long ret = mm_mmap(f->mm, start, end - start, 0,
			   MAP_ANONYMOUS | MAP_SHARED | MAP_FIXED);

	FUZZ_CHECK(f, ret == (long)start, "mmap gave %ld", ret);
}

static void begin(struct fuzz *f)
{
	memset(f, 0, sizeof(*f));
	f->mm = mm_create();
	f->base = FUZZ_BASE;
	f->pages = FUZZ_PAGES;
	f->alone = true;
	map_around(f, USER_MIN, FUZZ_BASE);
	map_around(f, FUZZ_TOP, USER_TOP);
	f->mm->mmap_top = fuzz_addr(f, FUZZ_MMAP_TOP_PAGE);
	f->mm->brk_start = f->mm->brk = f->brk = fuzz_addr(f, FUZZ_BRK_PAGE);
	current->mm = f->mm;
	mm_switch(f->mm);
}

static void end(struct fuzz *f, const struct ledger *before)
{
	struct ledger after;
	char why[128];

	current->mm = NULL;
	mm_switch(NULL);
	mm_put(f->mm);
	ledger_read(&after);
	FUZZ_CHECK(f, !ledger_differs(before, &after, why, sizeof(why)), "%s", why);
}

void fuzz_run(const struct fuzz_op *ops, unsigned long nr, bool verbose)
{
	static struct fuzz f;
	struct ledger before;
	char text[128];

	ledger_read(&before);
	begin(&f);
	for (fuzz_at = 1; fuzz_at <= nr; fuzz_at++) {
		if (verbose) {
			fuzz_describe(&ops[fuzz_at - 1], f.pages, text, sizeof(text));
			printf("# %5lu  %s\n", fuzz_at, text);
		}
		if (fuzz_progress)
			WRITE_ONCE(*fuzz_progress, fuzz_at);
		fuzz_step(&f, &ops[fuzz_at - 1]);
		fuzz_check_all(&f);
	}
	end(&f, &before);
}
