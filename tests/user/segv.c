/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `segv MODE...`: a forbidden access gets exactly one SIGSEGV, with the address accessed and the
 * right code, whatever the fault path (INV-13). Without a mode, all that return.
 *
 *   null      write near address 0: nothing is mapped there
 *   gap       read and write in a hole between two mappings
 *   readonly  write to a page that only permits reading: untouched, read before, written before
 *   none      read and write of PROT_NONE, touched before and never touched
 *   alone     the right to write or to execute, and no other, is enough for that
 *   noexec    jump to a readable page, present or not: a signal, not an endless fault (L-11)
 *   kernel    read, write and jump to a kernel address: as unmapped as anything (no probing)
 *   uncaught  no handler: the process dies of signal 11
 */
#include "tests/user/util.h"

#include <sys/utsname.h>

#define CODE_UNMAPPED SEGV_MAPERR
#define CODE_FORBIDDEN SEGV_ACCERR
#define CODE_OUTSIDE SEGV_BNDERR

static unsigned int expected; /* signals so far */
/* Not a constant: compilers know better than to access those. */
static volatile uint64_t *volatile near_null = (volatile uint64_t *)8;

static void expect(const char *what, bool went_through, const volatile void *addr, int code)
{
	expected++;
	check(!went_through, "%s at %p went through", what, (void *)(uintptr_t)addr);
	check(last_segv.count == expected, "%s: %u signals instead of %u", what, last_segv.count,
	      expected);
	check(last_segv.addr == (uintptr_t)addr, "%s: si_addr %#lx instead of %p", what,
	      (unsigned long)last_segv.addr, (void *)(uintptr_t)addr);
	check(last_segv.code == code, "%s: si_code %d instead of %d", what, last_segv.code, code);
}

static void expect_no_access(const char *what, volatile uint64_t *word, int code)
{
	uint64_t value;

	expect(what, try_read(word, &value), word, code);
	expect(what, try_write(word, 1), word, code);
	sched_yield(); /* a second signal would be delivered here, and kill */
}

static void mode_null(void)
{
	expect_no_access("null", near_null, CODE_UNMAPPED);
}

static void mode_gap(void)
{
	char *pages = map_island(3 * page_size(), page_size());

	*page_word(pages, 1) = 1;
	check(!munmap(pages + page_size(), page_size()), "munmap: %s", strerror(errno));
	expect_no_access("gap", page_word(pages, 1) + 3, CODE_UNMAPPED);
	*page_word(pages, 0) = *page_word(pages, 2) = 1;
}

static void mode_readonly(void)
{
	char *pages = map_island(3 * page_size(), page_size());
	uint64_t value;

	*page_word(pages, 2) = 7;
	protect(pages, 3 * page_size(), PROT_READ);
	check(try_read(page_word(pages, 1), &value) && !value, "an untouched page is not zero");
	for (unsigned int i = 0; i < 3; i++)
		expect("write to read-only", try_write(page_word(pages, i) + 1, 1),
		       page_word(pages, i) + 1, CODE_FORBIDDEN);
	check(try_read(page_word(pages, 2), &value) && value == 7, "the page lost its contents");
	protect(pages, 3 * page_size(), PROT_READ | PROT_WRITE);
	for (unsigned int i = 0; i < 3; i++)
		*page_word(pages, i) = i;
}

static void mode_none(void)
{
	char *pages = map_island(2 * page_size(), page_size());

	*page_word(pages, 0) = 7;
	protect(pages, 2 * page_size(), PROT_NONE);
	expect_no_access("PROT_NONE, touched", page_word(pages, 0), CODE_FORBIDDEN);
	expect_no_access("PROT_NONE, untouched", page_word(pages, 1), CODE_FORBIDDEN);
	protect(pages, 2 * page_size(), PROT_READ);
	check(*page_word(pages, 0) == 7, "the page lost its contents");
}

#define CODE_SIZE 32 /* more than enough for a return */

/* What does nothing needs nothing around it, so that a copy works anywhere. */
static void __attribute__((noinline)) do_nothing(void)
{
}

/* Pages that are there, and a page that is not. No signal. */
static void mode_alone(void)
{
	char *pages = map_island(3 * page_size(), page_size());

	memcpy(pages, (const void *)(uintptr_t)do_nothing, CODE_SIZE);
	__builtin___clear_cache(pages, pages + CODE_SIZE);
	*page_word(pages, 1) = 7;
	protect(pages, page_size(), PROT_EXEC);
	protect(pages + page_size(), 2 * page_size(), PROT_WRITE);
	check(try_call(pages), "the right to execute alone is not enough to");
	for (unsigned int i = 1; i < 3; i++)
		check(try_write(page_word(pages, i), 8), "page %u: the right to write alone is not "
		      "enough to", i);
	protect(pages + page_size(), 2 * page_size(), PROT_READ);
	check(*page_word(pages, 1) == 8 && *page_word(pages, 2) == 8, "nothing was written");
}

static void mode_noexec(void)
{
	char *pages = map_island(3 * page_size(), page_size());

	*page_word(pages, 0) = 7;
	(void)*page_word(pages, 1);
	for (unsigned int i = 0; i < 3; i++)
		expect("fetch", try_call(pages + i * page_size()), pages + i * page_size(),
		       CODE_FORBIDDEN);
}

static void mode_kernel(void)
{
	/* ppc64le has its kernel at the second, which on x86_64 is no address at all. The first is
	 * too wide for the page tables of ppc64le, which Linux tells apart. */
	char *addrs[] = { (char *)0xffff800000002000, (char *)0xc000000000400000 };
	struct utsname name;
	bool wide;

	uname(&name);
	wide = !strcmp(name.machine, "ppc64le");
	for (unsigned int i = 0; i < 1u + wide; i++) {
		int code = wide && i == 0 ? CODE_OUTSIDE : CODE_UNMAPPED;

		expect_no_access("kernel address", (volatile uint64_t *)addrs[i], code);
		expect("kernel fetch", try_call(addrs[i]), addrs[i], code);
	}
}

static void mode_uncaught(void)
{
	signal(SIGSEGV, SIG_DFL);
	*near_null = 1;
}

static const struct {
	const char *name;
	void (*run)(void);
	bool returns;
} modes[] = {
	{"null", mode_null, true},	    {"gap", mode_gap, true},
	{"readonly", mode_readonly, true},  {"none", mode_none, true},
	{"alone", mode_alone, true},	    {"noexec", mode_noexec, true},
	{"kernel", mode_kernel, true},	    {"uncaught", mode_uncaught, false},
};

static int segv_main(int argc, char **argv)
{
	unsigned int run = 0;

	segv_catch();
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (argc > 1 ? strcmp(argv[1], modes[i].name) : !modes[i].returns)
			continue;
		modes[i].run();
		run++;
	}
	if (!run)
		usage("no mode '%s'", argv[1]);
	return 0;
}

USER_PROGRAM("segv", segv_main, "forbidden accesses get one SIGSEGV with address and code");
