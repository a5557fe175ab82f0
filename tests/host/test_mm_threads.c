/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mm under threads: CPUs of arch/host fault and change one address space at once.
 *
 * Storms: each CPU does random steps on pages of its own and compares them with its model; the
 * pages of all lie side by side, so that VMAs are merged and split over the borders and tables are
 * shared. Each also reads the others' pages, in which it must find what was written to that page or
 * zeroes, or a signal: anything else is a stale translation. The thread sanitizer looks for data
 * that no lock guards, the address sanitizer for VMAs that are gone.
 *
 * Races: two CPUs in one forced order. Each is repeated with the defect that it is for, in a child
 * process, which must die of it.
 */
#include "tests/host/fuzz.h"
#include "kernel/thread.h"
#include "lab/bug.h"
#include "lab/ledger.h"
#include "lab/sync.h"
#include "mm/gather.h"
#include "mm/pgtable.h"
#include "mm/ptl.h"
#include "tests/host/child.h"

#define CPUS 4
#define SLICE 64UL
#define STEPS 1500
#define LIMIT_S 300

struct storm {
	enum fault_path path;
	const char *ptl;
	enum pgtable_free_mode free_mode;
};

static struct fuzz slices[CPUS];
static struct mm *mm;
static char output[1 << 20];

static void enter(void)
{
	current->mm = mm;
	mm_switch(mm);
}

static void leave(void)
{
	current->mm = NULL;
	mm_switch(NULL);
}

/* A read of a page of somebody else, who may be changing it. */
static void peek(u64 *state)
{
	struct fuzz *other = &slices[host_random_next(state) % CPUS];
	unsigned long page = host_random_next(state) % SLICE;
	u64 value = 0;

	if (host_user_access(HOST_READ, fuzz_word(other, page), &value))
		return;
	FUZZ_CHECK(other, value == 0 || value >> 32 == fuzz_tag(other->base, page) >> 32,
		   "page %lu of CPU %u holds %lx", page, (unsigned int)(other - slices),
		   (unsigned long)value);
}

static void *storm_cpu(void *arg)
{
	static const u8 kinds[] = {
		FUZZ_MAP_FIXED, FUZZ_MAP_FIXED, FUZZ_MAP_NOREPLACE, FUZZ_MUNMAP, FUZZ_MPROTECT,
		FUZZ_MPROTECT, FUZZ_DONTNEED, FUZZ_READ, FUZZ_WRITE, FUZZ_WRITE, FUZZ_EXEC,
		FUZZ_BAD,
	};
	u64 state = 77 + cpu_id();

	enter();
	for (fuzz_at = 1; fuzz_at <= STEPS; fuzz_at++) {
		struct fuzz_op op = fuzz_draw(&state);

		op.kind = kinds[host_random_next(&state) % ARRAY_SIZE(kinds)];
		fuzz_step(&slices[cpu_id()], &op);
		for (unsigned int i = 0; i < 4; i++)
			peek(&state);
	}
	leave();
	return arg;
}

/* In a child of its own, so that each begins with a fresh machine. */
static void storm(void *arg)
{
	const struct storm *storm = arg;
	struct ledger before, after;
	char why[128];

	fuzz_boot();
	ledger_read(&before);
	mm = mm_create();
	mm->fault_path = storm->path;
	mm->ptl_policy = ptl_policy_find(storm->ptl);
	pgtable_free_mode = storm->free_mode;
	gather_batch = 4;
	for (unsigned int i = 0; i < CPUS; i++) {
		slices[i].mm = mm;
		slices[i].base = FUZZ_BASE + (240 + i * SLICE) * PAGE_SIZE;
		slices[i].pages = SLICE;
	}
	host_run_cpus(CPUS, storm_cpu);
	enter();
	for (unsigned int i = 0; i < CPUS; i++)
		fuzz_check_all(&slices[i]);
	leave();
	mm_put(mm);
	ledger_read(&after);
	FUZZ_CHECK(&slices[0], !ledger_differs(&before, &after, why, sizeof(why)), "%s", why);
}

static void run_storm(const struct storm *storm_of)
{
	int status = child_run(storm, (void *)storm_of, LIMIT_S, output, sizeof(output));

	if (status)
		printf("# status %d:\n%s\n", status, output);
	CHECK(status == 0);
}

static void test_storm_classic(void)
{
	run_storm(&(struct storm){ FAULT_PATH_CLASSIC, "abort", PGTABLE_FREE_IPI });
}

static void test_storm_spf(void)
{
	run_storm(&(struct storm){ FAULT_PATH_SPF, "abort", PGTABLE_FREE_IPI });
}

static void test_storm_spf_loop(void)
{
	run_storm(&(struct storm){ FAULT_PATH_SPF, "loop", PGTABLE_FREE_IPI });
}

static void test_storm_spf_free_rcu(void)
{
	run_storm(&(struct storm){ FAULT_PATH_SPF, "abort", PGTABLE_FREE_RCU });
}

/* --- races --- */
char *strstr(const char *text, const char *part);

#define RACE_ADDR 0x40000000UL

struct race {
	const char *bug, *schedule;
	void *(*cpus)(void *);
};

static u64 stage;

static void await_stage(u64 n)
{
	u64 deadline = time_ns() + wait_limit_ns;

	while (smp_load_acquire(&stage) < n) {
		BUG_ON(time_ns() > deadline);
		cpu_relax();
	}
}

/* A fault has found a VMA that is unmapped before it looks at it. */
static void *found_and_unmapped(void *arg)
{
	u64 value = 1;

	enter();
	if (cpu_id() == 0)
		BUG_ON(host_user_access(HOST_WRITE, RACE_ADDR, &value) != SEGV_MAPERR);
	else
		BUG_ON(mm_munmap(mm, RACE_ADDR, PAGE_SIZE));
	leave();
	return arg;
}

/* A CPU has a translation of a page that another unmaps. */
static void *written_and_unmapped(void *arg)
{
	u64 value = 1;

	enter();
	if (cpu_id() == 0) {
		BUG_ON(host_user_access(HOST_WRITE, RACE_ADDR, &value));
		smp_store_release(&stage, 1);
		await_stage(2);
		BUG_ON(host_user_access(HOST_READ, RACE_ADDR, &value) != SEGV_MAPERR);
	} else {
		await_stage(1);
		BUG_ON(mm_munmap(mm, RACE_ADDR, PAGE_SIZE));
		smp_store_release(&stage, 2);
	}
	leave();
	return arg;
}

static void race(void *arg)
{
	const struct race *race = arg;
	char why[128];

	fuzz_boot();
	if (race->bug)
		BUG_ON(bug_set_list(race->bug));
	mm = mm_create();
	BUG_ON(mm_mmap(mm, RACE_ADDR, PAGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED) < 0);
	if (race->schedule)
		BUG_ON(sync_arm(race->schedule) || sync_go());
	host_run_cpus(2, race->cpus);
	if (race->schedule)
		BUG_ON_MSG(sync_disarm(why, sizeof(why)), "%s", why);
	mm_put(mm);
	srcu_barrier(&vma_srcu);
}

/* Holds as it is; with @bug it does not, and the report says @sign. */
static void run_race(struct race of, const char *bug, const char *sign, const char *or_sign)
{
	int status = child_run(race, &of, LIMIT_S, output, sizeof(output));

	if (status)
		printf("# status %d:\n%s\n", status, output);
	CHECK(status == 0);
	of.bug = bug;
	status = child_run(race, &of, LIMIT_S, output, sizeof(output));
	if (!strstr(output, sign) && !strstr(output, or_sign))
		printf("# with %s, status %d:\n%s\n", bug, status, output);
	CHECK(status != 0 && (strstr(output, sign) || strstr(output, or_sign)));
}

static void test_found_vma_lives(void)
{
	run_race((struct race){ .schedule = "spf_found>munmap_write_held,munmap_done>spf_found",
				.cpus = found_and_unmapped },
		 "srcu_free_at_once", "heap-use-after-free", "data race");
}

static void test_translations_go(void)
{
	run_race((struct race){ .cpus = written_and_unmapped }, "skip_shootdown",
		 "host_user_access(HOST_READ", "faults for ever");
}

int main(void)
{
	RUN(test_storm_classic);
	RUN(test_storm_spf);
	RUN(test_storm_spf_loop);
	RUN(test_storm_spf_free_rcu);
	RUN(test_found_vma_lives);
	RUN(test_translations_go);
	return host_done();
}
