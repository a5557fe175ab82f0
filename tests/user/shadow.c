/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The shadow's side of every operation: see shadow.h.
 */
#include "tests/user/shadow.h"

void shadow_init(struct shadow_range *range, unsigned long pages)
{
	for (unsigned long i = 0; i < pages; i++)
		range->pages[i] =
			(struct shadow_page){.mapped = true, .prot = PROT_READ | PROT_WRITE};
}

/* Whether an access that was @done or not had to end like that. */
static void check_access(struct shadow_range *range, unsigned long index, int needed, bool done)
{
	const struct shadow_page *page = &range->pages[index];
	uintptr_t addr = (uintptr_t)page_word(range->base, index);

	check(done || last_segv.addr == addr, "SIGSEGV for %#lx at an access to %#lx",
	      (unsigned long)last_segv.addr, (unsigned long)addr);
	if (!range->strict)
		return;
	check(done == (page->mapped && (page->prot & needed)), "%s of %#lx %s, %s protection %d",
	      needed == PROT_WRITE ? "write" : "read", (unsigned long)addr,
	      done ? "went through" : "got SIGSEGV", page->mapped ? "mapped," : "not mapped,",
	      page->prot);
	check(done || last_segv.code == (page->mapped ? SEGV_ACCERR : SEGV_MAPERR),
	      "si_code %d at %#lx", last_segv.code, (unsigned long)addr);
}

bool shadow_read(struct shadow_range *range, unsigned long index, uint64_t *value)
{
	volatile uint64_t *word = page_word(range->base, index);
	bool done = try_read(word, value);

	check_access(range, index, PROT_READ, done);
	check(!done || !range->strict || *value == range->pages[index].value,
	      "%p holds %#llx instead of %#llx", (void *)(uintptr_t)word,
	      (unsigned long long)*value, (unsigned long long)range->pages[index].value);
	return done;
}

void shadow_write(struct shadow_range *range, unsigned long index, uint64_t value)
{
	bool done = try_write(page_word(range->base, index), value);

	check_access(range, index, PROT_WRITE, done);
	if (done)
		range->pages[index].value = value;
}

static char *address_of(struct shadow_range *range, unsigned long index)
{
	return range->base + index * page_size();
}

/* A call over a hole says ENOMEM, and nothing else goes wrong. */
static void check_result(const struct shadow_range *range, const char *call, int result, bool hole)
{
	check(!result || errno == ENOMEM, "%s: %s", call, strerror(errno));
	check(!range->strict || (result < 0) == hole, "%s %s", call,
	      hole ? "did not report a hole" : "found a hole where there is none");
}

void shadow_map(struct shadow_range *range, unsigned long first, unsigned long n, int prot)
{
	char *addr = address_of(range, first);

	check(mmap(addr, n * page_size(), prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
		      addr,
	      "mmap: %s", strerror(errno));
	for (unsigned long i = first; i < first + n; i++)
		range->pages[i] = (struct shadow_page){.mapped = true, .prot = prot};
}

void shadow_unmap(struct shadow_range *range, unsigned long first, unsigned long n, int prot)
{
	(void)prot;
	check(!munmap(address_of(range, first), n * page_size()), "munmap: %s", strerror(errno));
	memset(&range->pages[first], 0, n * sizeof(range->pages[0]));
}

/* Stops at the first hole, with what lies before it changed. */
void shadow_protect(struct shadow_range *range, unsigned long first, unsigned long n, int prot)
{
	int result = mprotect(address_of(range, first), n * page_size(), prot);
	unsigned long i = first;

	for (; i < first + n && range->pages[i].mapped; i++)
		range->pages[i].prot = prot;
	check_result(range, "mprotect", result, i < first + n);
}

/* Passes over holes, and reports them. */
void shadow_discard(struct shadow_range *range, unsigned long first, unsigned long n, int prot)
{
	int result = madvise(address_of(range, first), n * page_size(), MADV_DONTNEED);
	bool hole = false;

	(void)prot;
	for (unsigned long i = first; i < first + n; i++) {
		hole |= !range->pages[i].mapped;
		range->pages[i].value = 0;
	}
	check_result(range, "madvise", result, hole);
}
