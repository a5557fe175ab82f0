/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suite lockdep, its self-test: what lockdep must report, and what it must not.
 *
 * Each case is a little program of lock operations, run one part after the other so that nothing
 * can really deadlock: lockdep must see the danger in the order alone. Locks and classes are the
 * test's own. After each case all that was learned is forgotten. A case that reports nothing where
 * something is expected, or the other way round, or the wrong kind, is named.
 *
 * The language: a capital takes a lock, the small letter releases it. A to D are spinlocks, or the
 * kinds that the case is repeated for; E and F semaphores, taken for writing; Q a sequence count's
 * write section; S an SRCU read section; K reclaim; O and P spinlocks of the classes
 * page_table_lock and ptl, whose order is declared. Before a letter: r for reading, t a try, n
 * nested, v saves and restores the state of interrupts, i makes it anew, y tells that it may be
 * waited for, 2 the second lock of that class.
 * Alone: w waits for acknowledgements, g for a grace period, m allocates what may reclaim, x ends a
 * system call, - and + turn interrupts off and on. | begins the next part, ! one that runs in an
 * interrupt handler, @ one in a thread of its own, which then ends.
 */
#include "kernel/mutex.h"
#include "kernel/seqlock.h"
#include "kernel/srcu.h"
#include "kernel/string.h"
#include "lab/lockdep.h"
#include "tests/kernel/test.h"

#if LAB
enum lock_as { AS_SPINLOCK, AS_WRITE, AS_READ, NR_AS };

#define NR_LETTERS 4

static const char *const letter_names[NR_LETTERS] = { "test_A", "test_B", "test_C", "test_D" };
static struct spinlock spins[NR_LETTERS][2], order_o[2], order_p[2];
static struct rwsem sems[NR_LETTERS][2], sem_e[2], sem_f[2];
static struct seqcount seq_q[2];
static struct srcu srcu_s = { .name = "test_S" };

struct lock_case {
	const char *name, *program;
	enum lockdep_kind expected;
	bool all_kinds; /* repeated with semaphores for A to D, writing and reading */
};

static const struct lock_case cases[] = {
	{ "AA", "A2A2aa", LOCKDEP_RECURSION, true },
	{ "AA, nested", "An2A2aa|An2A2aa", LOCKDEP_NONE, true },
	{ "AA, nested both ways", "An2A2aa|n2AAa2a", LOCKDEP_CYCLE, true },
	{ "AA, the second a try", "At2A2aa", LOCKDEP_NONE, false },
	{ "AB AB", "ABba|ABba", LOCKDEP_NONE, true },
	{ "A B, B A, never together", "AaBb|BbAa", LOCKDEP_NONE, true },
	{ "ABBA", "ABba|BAab", LOCKDEP_CYCLE, true },
	{ "ABBCCA", "ABba|BCcb|CAac", LOCKDEP_CYCLE, true },
	{ "ABCABC", "ABba|CAac|BCcb", LOCKDEP_CYCLE, true },
	{ "ABBCCDDA", "ABba|BCcb|CDdc|DAad", LOCKDEP_CYCLE, true },
	{ "ABCDBDDA", "ABba|CDdc|BDdb|DAad", LOCKDEP_CYCLE, true },
	{ "ABCDBCDA", "ABba|CDdc|BCcb|DAad", LOCKDEP_CYCLE, true },
	{ "ABCD, all pairs in order", "ABCDdcba|ACDdca|ADda|BDdb", LOCKDEP_NONE, true },
	{ "ABBA, one a try", "ABba|BtAab", LOCKDEP_NONE, false },
	{ "past a try", "AtBCcba|CAac", LOCKDEP_CYCLE, false },
	{ "released in the order taken", "ABabBCbc|CAac", LOCKDEP_CYCLE, true },
	{ "hand over hand", "ABaCcb|CAac", LOCKDEP_CYCLE, true },
	{ "ABBA inside another lock", "DABbad|DBAabd", LOCKDEP_CYCLE, true },
	{ "in a handler, and open", "Aa|!Aa", LOCKDEP_IRQ, false },
	{ "open, after a handler's", "!Aa|Aa", LOCKDEP_IRQ, false },
	{ "in a handler, and closed", "-Aa+|!Aa", LOCKDEP_NONE, false },
	{ "taken closed, released open", "-A+a|!Aa", LOCKDEP_IRQ, false },
	{ "taken open, released closed", "A-a+|!Aa", LOCKDEP_IRQ, false },
	{ "got by a try, open", "tA-a+|!Aa", LOCKDEP_IRQ, false },
	{ "saved and restored", "vAva|!Aa", LOCKDEP_NONE, false },
	{ "a count, open, and a handler's", "tAQqa|!tAQqa", LOCKDEP_IRQ, false },
	{ "a count, closed, and a handler's", "-tAQqa+|!tAQqa", LOCKDEP_NONE, false },
	{ "safe inside unsafe", "!Aa|Bb|-BAab+", LOCKDEP_NONE, false },
	{ "unsafe inside safe", "!Aa|Bb|-ABba+", LOCKDEP_IRQ, false },
	{ "unsafe inside safe, two deep", "!Aa|Cc|-ABba+|-BCcb+", LOCKDEP_IRQ, false },
	{ "inversion, handler last", "-ABba+|Bb|!Aa", LOCKDEP_IRQ, false },
	{ "ABBA with a handler", "!ABba|-BAab+", LOCKDEP_CYCLE, false },
	{ "a try in a handler", "Aa|!tAa", LOCKDEP_NONE, false },
	{ "closed wait, acknowledgements held", "-Aa+|Awa", LOCKDEP_IPI, false },
	{ "acknowledgements held, closed wait", "Awa|-Aa+", LOCKDEP_IPI, false },
	{ "the same through another lock", "-Aa+|ABba|Bwb", LOCKDEP_IPI, false },
	{ "a closed try", "-tAa+|Awa", LOCKDEP_NONE, false },
	{ "a closed try that would wait", "-yAtAa+|Awa", LOCKDEP_IPI, false },
	{ "acknowledgements after the lock", "-Aa+|Aaw", LOCKDEP_NONE, false },
	{ "an open wait", "Aa|Awa", LOCKDEP_NONE, false },
	{ "acknowledgements, closed", "-w+", LOCKDEP_RECURSION, false },
	{ "readers in opposite orders", "rErFrfre|rFrErerf", LOCKDEP_CYCLE, false },
	{ "a reader and a writer, opposite", "rEFfre|FrEref", LOCKDEP_CYCLE, false },
	{ "a reader twice", "rErErere", LOCKDEP_RECURSION, false },
	{ "spinlock inside semaphore", "EAae", LOCKDEP_NONE, false },
	{ "semaphore inside spinlock", "AEea", LOCKDEP_SLEEP, false },
	{ "semaphore, closed", "-Ee+", LOCKDEP_SLEEP, false },
	{ "semaphore in a handler", "!Ee", LOCKDEP_SLEEP, false },
	{ "a reader of it inside spinlock", "ArErea", LOCKDEP_SLEEP, false },
	{ "a reader of it in a handler", "!rEre", LOCKDEP_SLEEP, false },
	{ "writer, then reader", "Er2Er2ee", LOCKDEP_RECURSION, false },
	{ "reader, then writer", "rE2E2ere", LOCKDEP_RECURSION, false },
	{ "released twice", "Eee", LOCKDEP_UNLOCK, false },
	{ "released by another thread", "@E|e", LOCKDEP_UNLOCK, false },
	{ "held by a thread that ends", "@E", LOCKDEP_LEFT, false },
	{ "held at the end of a call", "Exe", LOCKDEP_LEFT, false },
	{ "nothing held at the end", "Eex", LOCKDEP_NONE, false },
	{ "made anew while held", "EiEe", LOCKDEP_INIT, false },
	{ "made anew while free", "EeiEEe", LOCKDEP_NONE, false },
	{ "count under one lock", "AQqa|AQqa", LOCKDEP_NONE, true },
	{ "count under no lock", "Qq", LOCKDEP_WRITER, false },
	{ "count under different locks", "AQqa|BQqb", LOCKDEP_WRITER, false },
	{ "count under one of two locks", "ABQqba|AQqa", LOCKDEP_NONE, false },
	{ "count under one, then the other", "ABQqba|ABaQqb|AQqa", LOCKDEP_WRITER, false },
	{ "count under a read lock", "rEQqre", LOCKDEP_WRITER, false },
	{ "two counts", "AQ2Q2qqa", LOCKDEP_RECURSION, false },
	{ "two counts, nested", "AQn2Q2qqa", LOCKDEP_NONE, false },
	{ "lock and count, opposite", "AQBbqa|AaBAQqab", LOCKDEP_CYCLE, false },
	{ "reader waits, its waiter holds", "SEes|Ege", LOCKDEP_CYCLE, false },
	{ "read section inside the lock", "ESse|Ege", LOCKDEP_NONE, false },
	{ "read sections nested", "SSss|SSss", LOCKDEP_NONE, false },
	{ "grace period in a read section", "Sgs", LOCKDEP_RECURSION, false },
	{ "grace period inside a spinlock", "Aga", LOCKDEP_SLEEP, false },
	{ "allocates under reclaim's lock", "Eme|KEek", LOCKDEP_CYCLE, false },
	{ "allocates before reclaim's lock", "mEe|KEek", LOCKDEP_NONE, false },
	{ "allocates while it reclaims", "Kmk", LOCKDEP_RECURSION, false },
	{ "allocates inside a spinlock", "Ama", LOCKDEP_SLEEP, false },
	{ "the declared order", "OPpo", LOCKDEP_NONE, false },
	{ "against the declared order", "POop", LOCKDEP_ORDER, false },
};

/* --- one operation --- */

struct operation {
	char letter; /* capital */
	bool release, read, try, nested, save, init, may_wait;
	unsigned int second;
};

static void spin_operate(struct spinlock *lock, const char *name, const struct operation *op)
{
	static unsigned long flags; /* of the one that saves at a time */

	if (op->init)
		spin_init(lock, name);
	else if (op->may_wait)
		hook_lock(HOOK_MAY_WAIT, HOOK_SPINLOCK, lock);
	else if (op->release && op->save)
		spin_unlock_irqrestore(lock, flags);
	else if (op->release)
		spin_unlock(lock);
	else if (op->save)
		flags = spin_lock_irqsave(lock);
	else if (!op->try)
		spin_lock(lock);
	else if (!spin_trylock(lock))
		panic("nobody else takes %s", name);
}

static void sem_operate(struct rwsem *sem, const char *name, const struct operation *op)
{
	if (op->init)
		rwsem_init(sem, name);
	else if (op->release && op->read)
		up_read(sem);
	else if (op->release)
		up_write(sem);
	else if (op->read)
		down_read(sem);
	else
		down_write(sem);
}

static void hook_operate(enum hook_kind kind, const void *object, const struct operation *op)
{
	hook_lock(op->release ? HOOK_LEFT : HOOK_WANT, kind, object);
}

static void operate(struct operation *op, enum lock_as as)
{
	unsigned int i = (unsigned int)(op->letter - 'A');

	if (op->nested)
		hook_nest(1);
	switch (op->letter) {
	case 'E':
		sem_operate(&sem_e[op->second], "test_E", op);
		return;
	case 'F':
		sem_operate(&sem_f[op->second], "test_F", op);
		return;
	case 'O':
		spin_operate(&order_o[op->second], "page_table_lock", op);
		return;
	case 'P':
		spin_operate(&order_p[op->second], "ptl", op);
		return;
	case 'Q':
		if (op->release)
			write_seqcount_end(&seq_q[op->second]);
		else
			write_seqcount_begin(&seq_q[op->second]);
		return;
	case 'S':
		hook_operate(HOOK_SRCU, &srcu_s, op);
		return;
	case 'K':
		hook_operate(HOOK_RECLAIM, NULL, op);
		return;
	}
	if (as == AS_SPINLOCK) {
		spin_operate(&spins[i][op->second], letter_names[i], op);
		return;
	}
	op->read |= as == AS_READ;
	sem_operate(&sems[i][op->second], letter_names[i], op);
}

/* What stands alone; false if @c does not. */
static bool operate_alone(char c)
{
	static char request;

	switch (c) {
	case 'w':
		hook_lock(HOOK_WANT, HOOK_IPI_ACK, &request);
		hook_lock(HOOK_LEFT, HOOK_IPI_ACK, &request);
		return true;
	case 'g':
		hook_lock(HOOK_WANT, HOOK_SRCU_GP, &srcu_s);
		hook_lock(HOOK_LEFT, HOOK_SRCU_GP, &srcu_s);
		return true;
	case 'm':
		hook_lock(HOOK_WANT, HOOK_RECLAIM, NULL);
		hook_lock(HOOK_LEFT, HOOK_RECLAIM, NULL);
		return true;
	case 'x':
		lockdep_leave("a system call");
		return true;
	case '-':
		irq_disable();
		return true;
	case '+':
		irq_enable();
		return true;
	}
	return false;
}

/* --- a part, and where it runs --- */

struct part {
	const char *text;
	enum lock_as as;
	u64 done;
	struct timer timer;
};

static void part_run(struct part *part)
{
	struct operation op = { 0 };

	for (const char *c = part->text; *c && !strchr("|!@", *c); c++) {
		switch (*c) {
		case 'r':
			op.read = true;
			continue;
		case 't':
			op.try = true;
			continue;
		case 'n':
			op.nested = true;
			continue;
		case 'v':
			op.save = true;
			continue;
		case 'i':
			op.init = true;
			continue;
		case 'y':
			op.may_wait = true;
			continue;
		case '2':
			op.second = 1;
			continue;
		}
		if (operate_alone(*c))
			continue;
		op.release = *c >= 'a';
		op.letter = (char)(*c & ~0x20);
		operate(&op, part->as);
		op = (struct operation){ 0 };
	}
}

static void part_in_handler(struct timer *timer)
{
	struct part *part = container_of(timer, struct part, timer);

	part_run(part);
	__atomic_store_n(&part->done, 1, __ATOMIC_SEQ_CST);
}

static void part_in_thread(void *arg)
{
	part_run(arg);
}

static void part_start(struct test_run *t, struct part *part, char where)
{
	struct thread *thread;

	if (where == '!') {
		timer_init(&part->timer, part_in_handler);
		timer_set(&part->timer, time_ns());
		if (!test_await(&part->done, 1))
			test_error(t, "the handler did not run");
		timer_cancel(&part->timer);
	} else if (where == '@') {
		thread = thread_create("part", part_in_thread, part, -1);
		if (IS_ERR(thread))
			panic("no memory for a test thread");
		thread_start(thread);
		thread_join(thread);
	} else {
		part_run(part);
	}
}

static void locks_init(void)
{
	for (unsigned int n = 0; n < 2; n++) {
		for (unsigned int i = 0; i < NR_LETTERS; i++) {
			spin_init(&spins[i][n], letter_names[i]);
			rwsem_init(&sems[i][n], letter_names[i]);
		}
		spin_init(&order_o[n], "page_table_lock");
		spin_init(&order_p[n], "ptl");
		rwsem_init(&sem_e[n], "test_E");
		rwsem_init(&sem_f[n], "test_F");
		seqcount_init(&seq_q[n], "test_Q");
	}
}

static void case_run(struct test_run *t, const struct lock_case *c, enum lock_as as)
{
	static const char *const as_text[] = { "", ", writing", ", reading" };
	unsigned int reports = lockdep_reports();
	enum lockdep_kind kind;
	char where = '|';

	locks_init();
	lockdep_expect(LOCKDEP_EXPECT_QUIETLY);
	for (const char *text = c->program;;) {
		struct part part = { .text = text, .as = as };

		if (strchr("|!@", *text)) {
			where = *text;
			part.text = ++text;
		}
		part_start(t, &part, where);
		while (*text && !strchr("|!@", *text))
			text++;
		if (!*text)
			break;
	}
	kind = lockdep_reports() == reports ? LOCKDEP_NONE : lockdep_last_kind();
	lockdep_expect(LOCKDEP_EXPECT_NOTHING);
	test_note(t, "%s%s: %s", c->name, as_text[as], kind ? lockdep_kind_name(kind) : "nothing");
	if (kind != c->expected)
		test_fail(t, "%s%s: expected %s, got %s", c->name, as_text[as],
			  lockdep_kind_name(c->expected), lockdep_kind_name(kind));
}

TEST(lockdep, permutations, "orders that may deadlock are reported, and those that may not are not")
{
	if (!lockdep_is_on()) {
		test_skip(t, "lockdep=off");
		return;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++)
		for (unsigned int as = 0; as < (cases[i].all_kinds ? NR_AS : 1u); as++) {
			/* Readers exclude no writer of a count. */
			if (as == AS_READ && strchr(cases[i].program, 'Q'))
				continue;
			case_run(t, &cases[i], (enum lock_as)as);
		}
	test_shown(t, "%u orders of locks: each that may deadlock was reported, no other",
		   (unsigned int)ARRAY_SIZE(cases));
}
#endif
