/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fuzzer of the memory calls: all of mm/ in this process, on arch/host, against a naive model.
 *
 * The model is a flat array of pages, each with its flags and one word of contents; it knows
 * nothing of VMAs, trees, tables or translations. A step is one call or a few accesses of user
 * mode; it is done on both sides, and then everything is compared (fuzz_check.c). Steps are plain
 * data, so a sequence that fails can be cut down and written out.
 *
 * The pages lie around the first address of a top-level entry, so that tables of all levels come
 * and go. Everything above and below is mapped without any access, so that calls that choose an
 * address must choose among them.
 */
#pragma once

#include "tests/host/host.h"
#include "mm/mm.h"

#define FUZZ_PAGES 768UL
#define FUZZ_BASE (PGD_SIZE - 300 * PAGE_SIZE)
#define FUZZ_TOP (FUZZ_BASE + FUZZ_PAGES * PAGE_SIZE)
#define FUZZ_BRK_PAGE 40UL
#define FUZZ_MMAP_TOP_PAGE (FUZZ_PAGES - 60)

enum fuzz_kind {
	FUZZ_MAP_FIXED,
	FUZZ_MAP_NOREPLACE,
	FUZZ_MAP_HINT,
	FUZZ_MAP_ANYWHERE,
	FUZZ_MUNMAP,
	FUZZ_MPROTECT,
	FUZZ_DONTNEED,
	FUZZ_READ,
	FUZZ_WRITE,
	FUZZ_EXEC,
	FUZZ_BRK,
	FUZZ_BAD, /* a call whose arguments are wrong */
	FUZZ_GRACE, /* waits for all that is freed later */
	NR_FUZZ_KINDS
};

/* One step. Any values are good. */
struct fuzz_op {
	u8 kind, prot;
	u8 flags; /* FUZZ_* below */
	u8 fail;  /* this allocation within the step fails; 0: none */
	u16 first, n;
	u32 extra; /* what is left to chance besides */
};

#define FUZZ_SPF BIT(0) /* faults take the speculative path */
#define FUZZ_SHARED BIT(1)
#define FUZZ_GROWSDOWN BIT(2)
#define FUZZ_POPULATE BIT(3)
#define FUZZ_FAIL_PAGE BIT(4) /* what fails is a page, else an object */

#define FUZZ_BAD_CALLS 18 /* how many wrong calls there are */

/* Whether an allocation fails within @op. */
static inline bool fuzz_fails(const struct fuzz_op *op)
{
	return op->fail % 16 > 0 && op->fail % 16 < 4;
}

struct model_page {
	bool mapped;
	u8 flags; /* VM_* */
	u64 value; /* of the page's word; 0 if nothing was written since it was mapped or zapped */
};

struct fuzz {
	struct mm *mm;
	unsigned long base, pages; /* the part of the address space that is its own */
	bool alone; /* nobody else uses the address space */
	unsigned long brk;
	u64 written; /* values so far */
	bool failed; /* an allocation was made to fail in this step */
	bool ever_failed; /* so VMAs may have stayed apart that could be one */
	struct model_page page[FUZZ_PAGES];
};

/* Ends the process: after a wrong result nothing that follows would mean anything. */
#define FUZZ_CHECK(f, cond, fmt, ...)                                                              \
	do {                                                                                       \
		if (!(cond))                                                                       \
			fuzz_fail(__FILE__, __LINE__, #cond, fmt, ##__VA_ARGS__);                  \
	} while (0)
void fuzz_fail(const char *file, int line, const char *what, const char *fmt, ...)
	__printf(4, 5) __noreturn;

/* fuzz_ops.c: does @op on both sides and compares what it returned. */
void fuzz_step(struct fuzz *f, const struct fuzz_op *op);
/* fuzz_describe.c: "mmap fixed 12+4 rw-" and the like. */
void fuzz_describe(const struct fuzz_op *op, unsigned long pages, char *text, size_t size);

/* fuzz_check.c: everything that can be looked at while nothing runs. */
void fuzz_check_all(struct fuzz *f);
/* No translation of this CPU says more than the tables do. */
void fuzz_check_tlb(void);

/* fuzz_model.c */
static inline unsigned long fuzz_addr(const struct fuzz *f, unsigned long page)
{
	return f->base + page * PAGE_SIZE;
}

/* The upper half of every value written to a page: whose value it is. */
static inline u64 fuzz_tag(unsigned long base, unsigned long page)
{
	return (u64)(base / PAGE_SIZE + page) << 32;
}

/* Where in its page the word of a page is. */
static inline unsigned long fuzz_word(const struct fuzz *f, unsigned long page)
{
	return fuzz_addr(f, page) + page * 40 % PAGE_SIZE;
}

void model_set(struct fuzz *f, unsigned long first, unsigned long n, struct model_page to);
bool model_free(const struct fuzz *f, unsigned long first, unsigned long n);
/* The first mapped page at or above @page; f->pages if there is none. */
unsigned long model_next(const struct fuzz *f, unsigned long page);
/* Whether [@first, @first + @n) is free and keeps away from a stack above. */
bool model_fits(const struct fuzz *f, unsigned long first, unsigned long n);
/* The highest first page of a gap of @n that ends at or below @top, or f->pages. */
unsigned long model_find_gap(const struct fuzz *f, unsigned long n, unsigned long top);
/* Whether the stack above the free page @page may grow to it. */
bool model_may_grow(const struct fuzz *f, unsigned long page);
/* A call ran out of memory half-way: takes over from the tree what is mapped now. */
void model_from_tree(struct fuzz *f);

/* fuzz_run.c: @nr steps in an address space of their own, everything compared after each one, and
 * nothing left of it at the end. */
void fuzz_boot(void);
void fuzz_run(const struct fuzz_op *ops, unsigned long nr, bool verbose);
/* The step that is being done, counted from 1, for messages. */
extern __thread unsigned long fuzz_at;
/* If not NULL, it is stored there too, where it outlives the process. */
extern unsigned long *fuzz_progress;
/* The next step of the sequence of *@state. */
struct fuzz_op fuzz_draw(u64 *state);

/* malloc_slab.c: the @nth object from now cannot be had (0: all can). */
void malloc_slab_fail(unsigned int nth);
