/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fuzzer's steps: each is done by the kernel's code and by the model, and the results compared.
 */
#include "tests/host/fuzz.h"
#include "arch/host/machine.h"
#include "kernel/errno.h"
#include "kernel/thread.h"
#include "mm/page.h"

/* A step as it will be done: what lies outside of the pages is cut off. */
struct range {
	unsigned long first, n, addr, len;
};

static struct range range_of(const struct fuzz *f, const struct fuzz_op *op)
{
	unsigned long first = op->first % f->pages;
	unsigned long n = min(1UL + op->n % 60, f->pages - first);

	return (struct range){ first, n, fuzz_addr(f, first),
			       n * PAGE_SIZE - (op->extra % 2 ? op->extra % PAGE_SIZE : 0) };
}

static unsigned long map_flags(const struct fuzz *f, const struct fuzz_op *op)
{
	unsigned long flags = MAP_ANONYMOUS | (op->flags & FUZZ_POPULATE ? MAP_POPULATE : 0);

	if (op->flags & FUZZ_SHARED)
		return flags | MAP_SHARED;
	/* A stack's guard would reach into what is others'. */
	if (op->flags & FUZZ_GROWSDOWN && f->alone)
		flags |= MAP_GROWSDOWN;
	return flags | MAP_PRIVATE;
}

static struct model_page mapped_as(unsigned long prot, unsigned long flags)
{
	unsigned long vm_flags = prot & VM_ACCESS;

	vm_flags |= flags & MAP_SHARED ? VM_SHARED : 0;
	vm_flags |= flags & MAP_GROWSDOWN ? VM_GROWSDOWN : 0;
	return (struct model_page){ true, (u8)vm_flags, 0 };
}

/* Whether @ret may be what running out of memory comes to; the model follows then. */
static bool ran_out(struct fuzz *f, long ret)
{
	if (!f->failed || ret != -ENOMEM)
		return false;
	model_from_tree(f);
	return true;
}

static void step_map_fixed(struct fuzz *f, const struct fuzz_op *op, bool replace)
{
	struct range r = range_of(f, op);
	unsigned long prot = op->prot % 8, flags = map_flags(f, op);
	bool blocked = !replace && !model_free(f, r.first, r.n);
	long ret = mm_mmap(f->mm, r.addr, r.len, prot,
			   flags | (replace ? MAP_FIXED : MAP_FIXED_NOREPLACE));

	if (ran_out(f, ret))
		return;
	FUZZ_CHECK(f, ret == (blocked ? -EEXIST : (long)r.addr), "mmap gave %ld", ret);
	if (!blocked)
		model_set(f, r.first, r.n, mapped_as(prot, flags));
}

static void step_map_anywhere(struct fuzz *f, const struct fuzz_op *op, bool hint)
{
	struct range r = range_of(f, op);
	unsigned long prot = op->prot % 8, flags = map_flags(f, op), n = 1 + op->n % 60;
	unsigned long want = f->pages;
	long ret;

	if (hint && model_fits(f, r.first, n))
		want = r.first;
	if (want == f->pages)
		want = model_find_gap(f, n, FUZZ_MMAP_TOP_PAGE);
	if (want == f->pages)
		want = model_find_gap(f, n, f->pages);
	ret = mm_mmap(f->mm, hint ? r.addr + op->extra % PAGE_SIZE : 0,
		      n * PAGE_SIZE - op->extra % PAGE_SIZE, prot, flags);
	if (ran_out(f, ret))
		return;
	FUZZ_CHECK(f, ret == (want == f->pages ? -ENOMEM : (long)fuzz_addr(f, want)),
		   "mmap gave %lx, the model page %lu", ret, want);
	if (want < f->pages)
		model_set(f, want, n, mapped_as(prot, flags));
}

static void step_munmap(struct fuzz *f, const struct fuzz_op *op)
{
	struct range r = range_of(f, op);
	long ret = mm_munmap(f->mm, r.addr, r.len);

	if (ran_out(f, ret))
		return;
	FUZZ_CHECK(f, ret == 0, "munmap gave %ld", ret);
	model_set(f, r.first, r.n, (struct model_page){ .mapped = false });
}

static void step_mprotect(struct fuzz *f, const struct fuzz_op *op)
{
	struct range r = range_of(f, op);
	unsigned long prot = op->prot % 8, page = r.first;
	long ret = mm_mprotect(f->mm, r.addr, r.len, prot);

	if (ran_out(f, ret))
		return;
	for (; page < r.first + r.n && f->page[page].mapped; page++)
		f->page[page].flags = (u8)((f->page[page].flags & ~VM_ACCESS) | prot);
	FUZZ_CHECK(f, ret == (page == r.first + r.n ? 0 : -ENOMEM), "mprotect gave %ld", ret);
}

static void step_dontneed(struct fuzz *f, const struct fuzz_op *op)
{
	struct range r = range_of(f, op);
	bool whole = true;
	long ret = mm_madvise(f->mm, r.addr, r.len, MADV_DONTNEED);

	for (unsigned long page = r.first; page < r.first + r.n; page++) {
		whole = whole && f->page[page].mapped;
		f->page[page].value = 0;
	}
	FUZZ_CHECK(f, ret == (whole ? 0 : -ENOMEM), "madvise gave %ld", ret);
}

static void step_brk(struct fuzz *f, const struct fuzz_op *op)
{
	unsigned long old = f->brk, start = fuzz_addr(f, FUZZ_BRK_PAGE);
	unsigned long brk = start + (op->extra % 90) * PAGE_SIZE + op->first % PAGE_SIZE -
			    2 * PAGE_SIZE;
	unsigned long from = (ALIGN_UP(old, PAGE_SIZE) - f->base) / PAGE_SIZE;
	unsigned long to = (ALIGN_UP(brk, PAGE_SIZE) - f->base) / PAGE_SIZE, ret;
	bool ok = brk >= start && (to <= from || model_fits(f, from, to - from + 1));

	ret = mm_brk(f->mm, brk);
	if (f->failed && ret == old && brk != old) {
		model_from_tree(f);
		return;
	}
	FUZZ_CHECK(f, ret == (ok ? brk : old), "brk(%lx) gave %lx", brk, ret);
	if (!ok)
		return;
	f->brk = brk;
	if (to > from)
		model_set(f, from, to - from, (struct model_page){ true, VM_READ | VM_WRITE, 0 });
	else
		model_set(f, to, from - to, (struct model_page){ .mapped = false });
}

/* --- accesses --- */
/* What the model expects of an access, once the stack has grown that could. */
static int expected(struct fuzz *f, unsigned long page, enum host_access access)
{
	unsigned long above = model_next(f, page), need = VM_ACCESS;

	if (above != page) {
		if (!f->alone || !model_may_grow(f, page))
			return SEGV_MAPERR;
		model_set(f, page, above - page,
			  (struct model_page){ true, f->page[above].flags, 0 });
	}
	if (access == HOST_WRITE)
		need = VM_WRITE;
	if (access == HOST_EXEC)
		need = VM_EXEC;
	return f->page[page].flags & need ? 0 : SEGV_ACCERR;
}

static void access_page(struct fuzz *f, unsigned long page, enum host_access access)
{
	u64 value = fuzz_tag(f->base, page) | (++f->written & 0xffffffff), got = value;
	int want = expected(f, page, access);
	int ended = host_user_access(access, fuzz_word(f, page), &got);

	if (ended == SIGKILL && f->failed) {
		model_from_tree(f);
		return;
	}
	FUZZ_CHECK(f, ended == want, "access %d of page %lu gave %d, expected %d", access, page,
		   ended, want);
	if (ended)
		return;
	if (access == HOST_WRITE)
		f->page[page].value = value;
	else
		FUZZ_CHECK(f, got == f->page[page].value, "page %lu holds %lx, expected %lx", page,
			   (unsigned long)got, (unsigned long)f->page[page].value);
}

static void step_access(struct fuzz *f, const struct fuzz_op *op, enum host_access access)
{
	struct range r = range_of(f, op);

	r.n = min(r.n, 1UL + op->extra % 8);
	for (unsigned long page = r.first; page < r.first + r.n; page++)
		access_page(f, page, access);
}

/* --- wrong arguments --- */
static void step_bad(struct fuzz *f, const struct fuzz_op *op)
{
	struct mm *mm = f->mm;
	struct range r = range_of(f, op);
	unsigned long rw = PROT_READ | PROT_WRITE, anon = MAP_ANONYMOUS | MAP_PRIVATE;
	unsigned long odd = r.addr + 1 + op->first % (PAGE_SIZE - 1), fixed = anon | MAP_FIXED;
	bool whole = !model_free(f, r.first, 1);
	long ret = 0, want = -EINVAL;

	for (unsigned long page = r.first; page < r.first + r.n; page++)
		whole = whole && f->page[page].mapped;
	switch (op->extra % FUZZ_BAD_CALLS) {
	case 0: ret = mm_mmap(mm, r.addr, r.len, rw, MAP_PRIVATE | MAP_FIXED); want = -EBADF; break;
	case 1: ret = mm_mmap(mm, r.addr, 0, rw, fixed); break;
	case 2: ret = mm_mmap(mm, 0, ~0UL - op->first % PAGE_SIZE, rw, anon); want = -ENOMEM; break;
	case 3: ret = mm_mmap(mm, odd, r.len, rw, fixed); break;
	case 4: ret = mm_mmap(mm, 0, r.len, rw, fixed); want = -EPERM; break;
	case 5: ret = mm_mmap(mm, r.addr, r.len, rw, MAP_ANONYMOUS | MAP_FIXED); break;
	case 6: ret = mm_mmap(mm, r.addr, r.len, rw,
			      MAP_ANONYMOUS | MAP_SHARED | MAP_GROWSDOWN | MAP_FIXED); break;
	case 7: ret = mm_mmap(mm, USER_TOP - PAGE_SIZE, 2 * PAGE_SIZE, rw, fixed);
		want = -ENOMEM; break;
	case 8: ret = mm_munmap(mm, odd, r.len); break;
	case 9: ret = mm_munmap(mm, r.addr, 0); break;
	case 10: ret = mm_munmap(mm, r.addr, USER_TOP); break;
	case 11: ret = mm_mprotect(mm, odd, r.len, rw); break;
	case 12: ret = mm_mprotect(mm, r.addr, r.len, 8 | rw); break;
	case 13: ret = mm_mprotect(mm, r.addr, 0, rw); want = 0; break;
	case 14: ret = mm_mprotect(mm, r.addr, ~0UL - r.addr, rw); want = -ENOMEM; break;
	case 15: ret = mm_madvise(mm, r.addr, r.len, 99); break;
	case 16: ret = mm_madvise(mm, odd, r.len, MADV_DONTNEED); break;
	default: ret = mm_madvise(mm, r.addr, r.len, MADV_RANDOM); want = whole ? 0 : -ENOMEM;
	}
	if (!ran_out(f, ret))
		FUZZ_CHECK(f, ret == want, "bad call %u gave %ld, expected %ld",
			   op->extra % FUZZ_BAD_CALLS, ret, want);
}

static void inject(struct fuzz *f, const struct fuzz_op *op)
{
	f->failed = fuzz_fails(op) && f->alone;
	f->ever_failed |= f->failed;
	if (!f->failed)
		return;
	if (op->flags & FUZZ_FAIL_PAGE)
		page_alloc_fail_after(op->fail % 16);
	else
		malloc_slab_fail(op->fail % 16);
}

static void inject_end(struct fuzz *f)
{
	if (!f->failed)
		return;
	page_alloc_fail_after(0);
	malloc_slab_fail(0);
}

static void step_do(struct fuzz *f, const struct fuzz_op *op)
{
	switch (op->kind % NR_FUZZ_KINDS) {
	case FUZZ_MAP_FIXED: step_map_fixed(f, op, true); break;
	case FUZZ_MAP_NOREPLACE: step_map_fixed(f, op, false); break;
	case FUZZ_MAP_HINT: step_map_anywhere(f, op, true); break;
	case FUZZ_MAP_ANYWHERE: step_map_anywhere(f, op, false); break;
	case FUZZ_MUNMAP: step_munmap(f, op); break;
	case FUZZ_MPROTECT: step_mprotect(f, op); break;
	case FUZZ_DONTNEED: step_dontneed(f, op); break;
	case FUZZ_READ: step_access(f, op, HOST_READ); break;
	case FUZZ_WRITE: step_access(f, op, HOST_WRITE); break;
	case FUZZ_EXEC: step_access(f, op, HOST_EXEC); break;
	case FUZZ_BRK: step_brk(f, op); break;
	case FUZZ_BAD: step_bad(f, op); break;
	case FUZZ_GRACE: srcu_barrier(&vma_srcu); break;
	}
}

void fuzz_step(struct fuzz *f, const struct fuzz_op *op)
{
	if (f->alone)
		f->mm->fault_path = op->flags & FUZZ_SPF ? FAULT_PATH_SPF : FAULT_PATH_CLASSIC;
	inject(f, op);
	step_do(f, op);
	inject_end(f);
}
