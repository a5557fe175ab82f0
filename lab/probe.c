/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The probes, and who remembers their answers.
 *
 * A probe is played by two kernel threads, pinned to CPUs 0 and 1, which hand each other the turn.
 * Those about translations share an address space of one page, whose entry the first one points to
 * another page behind the kernel's back while the second one reads: 1 is the old page, 2 the new.
 *
 * Owns the answers and the one probe that is under way (probe_run). The asker sleeps meanwhile, and
 * tests ask one after the other, so nothing is locked. Every wait ends with the probe's deadline,
 * and then the answer is unknown.
 */
#include "lab/probe.h"

#if LAB
#include "arch/tlb.h"
#include "arch/uaccess.h"
#include "kernel/cmdline.h"
#include "kernel/cpu.h"
#include "kernel/errno.h"
#include "kernel/printk.h"
#include "kernel/run.h"
#include "kernel/string.h"
#include "kernel/thread.h"
#include "kernel/time.h"
#include "lab/bug.h"
#include "mm/mm.h"
#include "mm/page.h"
#include "mm/pgtable.h"

#define DEADLINE_NS (5 * NSEC_PER_SEC) /* of a probe that does not get on */
/* No further round after it. Two CPUs that run at once may share a host's core, and then a round
 * takes milliseconds until they happen to run at once indeed. */
#define BUDGET_TURNS_NS (10 * NSEC_PER_MSEC)
#define BUDGET_NS (300 * NSEC_PER_MSEC)
#define LATE_NS NSEC_PER_SEC /* no flush comes later */
#define STALE_ROUNDS 8
#define STORE_ROUNDS 4000
#define BROADCAST_ROUNDS 64
#define SPINS_TURNS 200
#define SPINS 50000

enum { OLD = 1, NEW = 2 };

static struct probe_run {
	u64 deadline, budget;
	bool failed; /* a wait expired, or memory ran out */

	/* Each counted up by one side. */
	u64 turn[2] __aligned(128);
	u64 done __aligned(128); /* rounds of the first side that are complete; or time is up */

	/* A side's own. */
	u64 stored[2][16] __aligned(128); /* the first word of each is used, on a line of its own */
	u64 loaded[2];

	struct mm *mm;
	unsigned long addr;
	pte_t entry[3]; /* of the pages with OLD and NEW in them */
	struct page *spare;

	unsigned int rounds, seen, at_once;
} run;

static struct {
	bool asked;
	enum probe_answer answer;
	char reason[100];
} probes[NR_PROBES];

/* --- the two sides --- */

/* QEMU runs one CPU at a time. */
static bool cpus_take_turns(void)
{
	return cmdline.mode == MODE_INTERLEAVED || cmdline.mode == MODE_REPLAY;
}

/* Waits until @*word is at least @value. An emulated CPU that relaxes takes long to come back;
 * where CPUs take turns, one that does not keeps the other from its step. */
static bool wait_for(const u64 *word, u64 value)
{
	unsigned int patience = cpus_take_turns() ? SPINS_TURNS : SPINS;

	for (unsigned int spins = 0; __atomic_load_n(word, __ATOMIC_SEQ_CST) < value; spins++) {
		if (spins < patience)
			continue;
		if (READ_ONCE(run.failed) || time_ns() > run.deadline) {
			WRITE_ONCE(run.failed, true);
			return false;
		}
		cpu_relax();
	}
	return true;
}

/* Both sides come here for the @n-th time before either goes on. */
static bool meet(unsigned int side, u64 n)
{
	__atomic_store_n(&run.turn[side], n, __ATOMIC_SEQ_CST);
	return wait_for(&run.turn[!side], n);
}

/* Runs @first on CPU 0 and @second on CPU 1. */
static bool play(void (*first)(void *), void (*second)(void *))
{
	struct thread *threads[2] = { thread_create("probe", first, NULL, 0),
				      thread_create("probe", second, NULL, 1) };
	bool made = !IS_ERR(threads[0]) && !IS_ERR(threads[1]);

	run.deadline = time_ns() + DEADLINE_NS;
	run.budget = time_ns() + (cpus_take_turns() ? BUDGET_TURNS_NS : BUDGET_NS);
	for (unsigned int i = 0; i < 2; i++) {
		if (IS_ERR(threads[i]))
			continue;
		if (!made) {
			thread_discard(threads[i]);
			continue;
		}
		thread_start(threads[i]);
	}
	for (unsigned int i = 0; made && i < 2; i++)
		thread_join(threads[i]);
	return made && !run.failed;
}

/* --- the address space of one page --- */

static bool space_make(void)
{
	u32 old = OLD;
	struct spinlock *ptl;
	pte_t *ptep;

	run.mm = mm_create();
	run.spare = page_alloc(0, PAGE_KERNEL, ALLOC_ZERO);
	if (!run.mm || !run.spare)
		return false;
	*(u32 *)page_to_virt(run.spare) = NEW;
	run.addr = (unsigned long)mm_mmap(run.mm, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS);
	if (mm_write(run.mm, run.addr, &old, sizeof(old)))
		return false;
	ptep = pte_lock(run.mm, run.addr, &ptl);
	/* Nothing is left for a walker to set, so the entry changes only here. */
	run.entry[OLD] = pte_mkyoung(pte_mkdirty(pte_read(ptep)));
	run.entry[NEW] = pte_make(page_to_pfn(run.spare), pgprot_make(true, true, false));
	run.entry[NEW] = pte_mkyoung(pte_mkdirty(run.entry[NEW]));
	pte_set(ptep, run.entry[OLD]);
	spin_unlock(ptl);
	return true;
}

/* No CPU has it loaded any more, so no translation is left. */
static void space_end(void)
{
	if (run.mm)
		mm_put(run.mm);
	if (run.spare)
		page_put(run.spare);
}

/* From here on the page's address is this thread's, too. */
static void space_enter(void)
{
	current->mm = run.mm;
	mm_switch(run.mm);
}

static void space_leave(void)
{
	current->mm = NULL;
	mm_switch(NULL);
}

static void space_point_to(unsigned int which)
{
	struct spinlock *ptl;
	pte_t *ptep = pte_lock(run.mm, run.addr, &ptl);

	pte_set(ptep, run.entry[which]);
	spin_unlock(ptl);
}

static u32 space_read(void)
{
	u32 value = 0;

	if (user_read32((const void *)run.addr, &value))
		WRITE_ONCE(run.failed, true);
	return value;
}

static bool play_in_space(void (*first)(void *), void (*second)(void *))
{
	bool played = space_make() && play(first, second);

	space_end();
	return played;
}

/* --- stale_translation --- */

static void stale_change(void *arg)
{
	u64 n = 0;

	(void)arg;
	for (unsigned int i = 0; i < STALE_ROUNDS && !run.seen; i++) {
		if (!meet(0, ++n)) /* the other side has read */
			break;
		space_point_to(NEW);
		if (!meet(0, ++n) || !meet(0, ++n)) /* it has read again, and once more */
			break;
		space_point_to(OLD);
	}
	space_point_to(OLD);
}

/* The third reading, with the translations gone, shows that the entry was changed indeed. */
static void stale_read(void *arg)
{
	u64 n = 0;

	(void)arg;
	for (unsigned int i = 0; i < STALE_ROUNDS && !run.seen; i++) {
		bool stale;

		space_enter();
		(void)space_read();
		if (!meet(1, ++n) || !meet(1, ++n))
			break;
		if (bug(probe_fresh))
			arch_tlb_flush_all();
		stale = space_read() == OLD;
		space_leave();
		space_enter();
		if (space_read() != NEW)
			WRITE_ONCE(run.failed, true);
		space_leave();
		run.seen += stale;
		run.rounds++;
		if (!meet(1, ++n))
			break;
	}
	space_leave();
}

static enum probe_answer probe_stale_translation(void)
{
	if (!play_in_space(stale_change, stale_read))
		return PROBE_UNKNOWN;
	return run.seen ? PROBE_YES : PROBE_NO;
}

/* --- store_reordering: two CPUs store each its word and load the other's --- */

/* Until both loads of a round have missed the other's store, or time is up. */
static void store_and_load(unsigned int side)
{
	for (u64 i = 1; i <= STORE_ROUNDS; i++) {
		if (!meet(side, 2 * i - 1))
			return;
		WRITE_ONCE(run.stored[side][0], i);
		run.loaded[side] = READ_ONCE(run.stored[!side][0]);
		if (side == 0) {
			run.rounds++;
			run.done = time_ns() > run.budget;
		}
		if (!meet(side, 2 * i) || run.done)
			return;
		if (run.loaded[0] < i && run.loaded[1] < i) {
			run.seen = 1;
			return;
		}
	}
}

static void store_first(void *arg)
{
	(void)arg;
	store_and_load(0);
}

static void store_second(void *arg)
{
	(void)arg;
	store_and_load(1);
}

static enum probe_answer probe_store_reordering(void)
{
	if (!play(store_first, store_second))
		return PROBE_UNKNOWN;
	if (run.seen)
		return PROBE_YES;
	return run.rounds == STORE_ROUNDS || cpus_take_turns() ? PROBE_NO : PROBE_UNKNOWN;
}

/* --- broadcast_waits --- */

/* A round begins when the other side is about to read, and is over when the flush has returned. */
static void broadcast_change(void *arg)
{
	(void)arg;
	for (u64 n = 1; n <= BROADCAST_ROUNDS && wait_for(&run.turn[1], n); n++) {
		space_point_to(n % 2 ? NEW : OLD);
		arch_tlb_broadcast_page(run.mm->pgd, run.addr);
		__atomic_store_n(&run.done, n, __ATOMIC_SEQ_CST);
	}
	space_point_to(OLD);
	WRITE_ONCE(run.turn[0], 1);
}

/* What is late has come by then. A flush that never comes excuses no test: it ends the run. */
static void broadcast_await(u32 old)
{
	u64 deadline = time_ns() + LATE_NS;

	for (bool over = false; space_read() == old; over = time_ns() > deadline) {
		if (over)
			panic("BUG: no broadcast flush reaches CPU %u", cpu_id());
		cpu_relax();
	}
}

/*
 * Reads in round @n; whether it got the old page although the flush was over. arch_tlb_late_read
 * says that it begins, and then reads so late that the flush can be over, without a place between
 * the two at which an emulated CPU looks for what others want of it. Where the flush was not over
 * by then, because CPUs take turns, there is the reading after it.
 */
static bool broadcast_read_stale(u64 n)
{
	u32 old = n % 2 ? OLD : NEW, value;
	u64 done;

	(void)space_read();
	value = arch_tlb_late_read(&run.turn[1], n, &run.done, (const u32 *)run.addr, &done);
	if (done == n)
		run.at_once++;
	else if (wait_for(&run.done, n))
		value = space_read();
	else
		return false;
	if (value == old)
		broadcast_await(old);
	return value == old;
}

static void broadcast_read(void *arg)
{
	(void)arg;
	space_enter();
	for (u64 n = 1; n <= BROADCAST_ROUNDS && !run.seen && time_ns() < run.budget; n++) {
		run.seen += broadcast_read_stale(n);
		run.rounds++;
	}
	/* The other side goes through the rounds that are left, and puts the old page back. */
	__atomic_store_n(&run.turn[1], BROADCAST_ROUNDS, __ATOMIC_SEQ_CST);
	(void)wait_for(&run.turn[0], 1);
	space_leave();
}

/* That no reading fell behind a flush proves nothing, unless it is because one CPU runs at a time:
 * then whatever is owed is done when they change. */
static enum probe_answer probe_broadcast_waits(void)
{
	if (!ARCH_TLB_BROADCAST || !play_in_space(broadcast_change, broadcast_read))
		return PROBE_UNKNOWN;
	if (run.seen)
		return PROBE_NO;
	return run.at_once || cpus_take_turns() ? PROBE_YES : PROBE_UNKNOWN;
}

/* --- asking --- */

static const struct {
	const char *name, *what;
	enum probe_answer (*ask)(void);
} table[NR_PROBES] = {
#define X(name, what) { #name, what, probe_##name },
	PROBE_LIST(X)
#undef X
};

static const char *answer_name(enum probe_answer answer)
{
	return answer == PROBE_YES ? "yes" : answer == PROBE_NO ? "no" : "unknown";
}

static void give_reason(enum probe_id id, u64 elapsed_ns)
{
	char *reason = probes[id].reason;
	size_t size = sizeof(probes[id].reason);

	if (cpumask_weight(&cpus_online) < 2)
		strlcpy(reason, "it takes two CPUs", size);
	else if (id == PROBE_broadcast_waits && !ARCH_TLB_BROADCAST)
		strlcpy(reason, "this machine has no broadcast flush", size);
	else if (run.failed)
		strlcpy(reason, "the probe did not come to its end", size);
	else
		snprintf(reason, size, "seen in %u of %u rounds, %lu us", run.seen, run.rounds,
			 (unsigned long)(elapsed_ns / NSEC_PER_USEC));
}

enum probe_answer probe_ask(enum probe_id id)
{
	u64 start = time_ns();

	if (probes[id].asked)
		return probes[id].answer;
	memset(&run, 0, sizeof(run));
	if (cpumask_weight(&cpus_online) >= 2)
		probes[id].answer = table[id].ask();
	probes[id].asked = true;
	give_reason(id, time_ns() - start);
	printk("probe %s: %s (%s)", table[id].name, answer_name(probes[id].answer),
	       probes[id].reason);
	control_print("probe_%s=%s\n", table[id].name, answer_name(probes[id].answer));
	return probes[id].answer;
}

const char *probe_reason(enum probe_id id)
{
	return probes[id].reason;
}

void probe_ask_all(void)
{
	for (unsigned int id = 0; id < NR_PROBES; id++)
		(void)probe_ask((enum probe_id)id);
}

void probe_print_list(void)
{
	probe_ask_all();
	for (unsigned int id = 0; id < NR_PROBES; id++)
		printk("probe %-18s %-8s %s", table[id].name, answer_name(probes[id].answer),
		       table[id].what);
}
#endif
