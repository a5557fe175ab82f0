/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What lockdep has to say, and to whom it counts.
 *
 * One finding is printed at a time. It is copied under graph_lock and printed without it, in
 * whatever context it was found: printk copes with each. Who comes with a second finding meanwhile
 * leaves it to be found again.
 *
 * Owns the counts of reports and whether one is expected. The finding belongs to who prints it.
 */
#include "lab/lockdep_internal.h"

#if LAB
#include "kernel/atomic.h"
#include "kernel/cpu.h"
#include "kernel/printk.h"
#include "kernel/string.h"
#include "kernel/thread.h"

#define TEXT_MAX 40

enum lockdep_expect lockdep_expected;

static struct finding current_finding;
static bool printing;
static unsigned int reports;
static enum lockdep_kind last_kind;
static char last_cycle[160];

unsigned int lockdep_reports(void)
{
	return READ_ONCE(reports);
}

enum lockdep_kind lockdep_last_kind(void)
{
	return READ_ONCE(last_kind);
}

const char *lockdep_last_cycle(void)
{
	return last_cycle;
}

const char *lockdep_kind_name(enum lockdep_kind kind)
{
	static const char *const names[] = {
		[LOCKDEP_NONE] = "nothing",	  [LOCKDEP_CYCLE] = "cycle",
		[LOCKDEP_IRQ] = "interrupt",	  [LOCKDEP_IPI] = "acknowledgements",
		[LOCKDEP_RECURSION] = "recursion", [LOCKDEP_ORDER] = "order",
		[LOCKDEP_SLEEP] = "sleep",	  [LOCKDEP_WRITER] = "writer",
		[LOCKDEP_UNLOCK] = "unlock",	  [LOCKDEP_INIT] = "init",
		[LOCKDEP_LEFT] = "left",
	};

	return names[kind];
}

void lockdep_expect(enum lockdep_expect what)
{
	unsigned long flags = lockdep_graph_lock();

	if (what && !lockdep_expected)
		lockdep_learn_begin();
	else if (!what && lockdep_expected)
		lockdep_learn_forget();
	WRITE_ONCE(lockdep_expected, what);
	lockdep_graph_unlock(flags);
}

/* --- pieces --- */

static const char *how(unsigned int kind)
{
	return kind == HOOK_READ ? " (read)" : kind == HOOK_WRITE ? " (write)" : "";
}

static const char *lock_text(unsigned int class, unsigned int kind, char *buf)
{
	char name[TEXT_MAX];

	snprintf(buf, TEXT_MAX, "%s%s", lockdep_class_text(class, name, sizeof(name)), how(kind));
	return buf;
}

static void print_trace(const struct sight *sight)
{
	for (unsigned int i = 0; i < sight->nr; i++)
		printk("    %016lx %pB", sight->pc[i], (void *)sight->pc[i]);
}

/* Who holds what, and wants what; for pseudo-locks what that means. */
static void print_edge(const struct lock_edge *edge)
{
	const struct sight *sight = &edge->sight;
	char from[TEXT_MAX], to[TEXT_MAX];

	lock_text(edge->from, edge->from_kind, from);
	lock_text(edge->to, edge->to_kind, to);
	printk("  %s -> %s: CPU %u, %s[%d], interrupts %s%s", from, to, sight->cpu, sight->thread,
	       sight->tid, sight->irqs_off ? "off" : "on",
	       sight->in_interrupt ? ", in a handler" : "");
	if (edge->from == CLASS_IPI_ACK)
		printk("    holds ipi_ack: with interrupts off it acknowledges nothing");
	else if (edge->from == CLASS_INTERRUPT)
		printk("    holds interrupt: whom it interrupted goes on after the handler");
	else if (edge->from_pc)
		printk("    holds %s, taken at %pB", from, (void *)edge->from_pc);
	if (edge->to == CLASS_IPI_ACK)
		printk("    waits for acknowledgements at");
	else if (edge->to == CLASS_INTERRUPT)
		printk("    may have been interrupted until it released it at");
	else
		printk("    wants %s at", to);
	print_trace(sight);
}

/* "a -> b -> a", from the class that is wanted now. */
static void cycle_text(const struct finding *f)
{
	char name[TEXT_MAX];
	size_t len = 0;

	last_cycle[0] = '\0';
	for (unsigned int i = 0; i < f->nr && len < sizeof(last_cycle); i++)
		len += (size_t)snprintf(last_cycle + len, sizeof(last_cycle) - len, "%s -> ",
					lockdep_class_text(f->path[i].from, name, sizeof(name)));
	if (len < sizeof(last_cycle))
		len += (size_t)snprintf(last_cycle + len, sizeof(last_cycle) - len, "%s -> ",
					lockdep_class_text(f->edge.from, name, sizeof(name)));
	if (len < sizeof(last_cycle))
		snprintf(last_cycle + len, sizeof(last_cycle) - len, "%s",
			 lockdep_class_text(f->edge.to, name, sizeof(name)));
}

static void holds_text(char *buf, size_t size, unsigned int class, unsigned int kind)
{
	char text[TEXT_MAX];

	if (class == CLASS_IPI_ACK)
		snprintf(buf, size, "interrupts off");
	else if (class == CLASS_INTERRUPT)
		snprintf(buf, size, "an interrupt handler runs");
	else
		snprintf(buf, size, "holds %s", lock_text(class, kind, text));
}

static void wants_text(char *buf, size_t size, unsigned int class, unsigned int kind)
{
	char text[TEXT_MAX];

	if (class == CLASS_IPI_ACK)
		snprintf(buf, size, "waits for acknowledgements");
	else if (class == CLASS_INTERRUPT)
		snprintf(buf, size, "is interrupted");
	else
		snprintf(buf, size, "wants %s", lock_text(class, kind, text));
}

static void print_columns(const struct lock_edge *left, const struct lock_edge *right)
{
	char a[64], b[64];

	holds_text(a, sizeof(a), left->from, left->from_kind);
	holds_text(b, sizeof(b), right->from, right->from_kind);
	printk("%-36s | %s", a, b);
	wants_text(a, sizeof(a), left->to, left->to_kind);
	wants_text(b, sizeof(b), right->to, right->to_kind);
	printk("%-36s | %s", a, b);
}

/* The new edge on one CPU, the last of the known ones on the other; those between on others. */
static void print_diagram(const struct finding *f)
{
	char a[64], b[64];

	printk("%-36s | %s", "one CPU", "another");
	printk("-------------------------------------+-------------------------------------");
	print_columns(&f->edge, &f->path[f->nr - 1]);
	for (unsigned int i = 0; i + 1 < f->nr; i++) {
		holds_text(a, sizeof(a), f->path[i].from, f->path[i].from_kind);
		wants_text(b, sizeof(b), f->path[i].to, f->path[i].to_kind);
		printk("and who %s %s", a, b);
	}
}

static void print_held(const struct lockdep_stack *stack)
{
	char text[TEXT_MAX];

	for (unsigned int i = stack->nr; i-- > 0;) {
		const struct lockdep_held *held = &stack->held[i];

		printk("  holds %s %p, taken at %pB%s", lock_text(held->class, held->kind, text),
		       held->lock, (void *)held->pc, held->level ? ", in a handler" : "");
	}
}

bool lockdep_print_held(void)
{
	if (!current || !current->locks.nr)
		return false;
	print_held(&current->locks);
	return true;
}

/* --- reports --- */

static void print_headline(const struct finding *f)
{
	char text[TEXT_MAX];

	lock_text(f->class, f->hook_kind, text);
	switch (f->kind) {
	case LOCKDEP_CYCLE:
	case LOCKDEP_IRQ:
	case LOCKDEP_IPI:
		printk("lockdep: possible DEADLOCK%s: %s",
		       f->kind == LOCKDEP_IRQ ? " with an interrupt handler" :
		       f->kind == LOCKDEP_IPI ? " of a lock with acknowledgements" : "",
		       last_cycle);
		break;
	case LOCKDEP_RECURSION:
		printk("lockdep: possible SELF-DEADLOCK: %s", last_cycle);
		break;
	case LOCKDEP_ORDER:
		printk("lockdep: against the DECLARED ORDER: %s", last_cycle);
		break;
	case LOCKDEP_SLEEP:
		printk("lockdep: SLEEPING lock %s wanted where nothing may sleep", text);
		break;
	case LOCKDEP_WRITER:
		printk("lockdep: no lock EXCLUDES two writers of %s (INV-5)", text);
		break;
	case LOCKDEP_UNLOCK:
		printk("lockdep: %s RELEASED by who does not hold it", text);
		break;
	case LOCKDEP_INIT:
		printk("lockdep: %s MADE ANEW while held", text);
		break;
	case LOCKDEP_LEFT:
		printk("lockdep: %s STILL HELD at the end of %s", text, f->what);
		break;
	default:
		break;
	}
}

static bool is_cycle(const struct finding *f)
{
	return f->kind == LOCKDEP_CYCLE || f->kind == LOCKDEP_IRQ || f->kind == LOCKDEP_IPI;
}

static void print_finding(const struct finding *f)
{
	const struct sight *sight = &f->edge.sight;

	if (f->kind > LOCKDEP_ORDER) {
		printk("  CPU %u, %s[%d], interrupts %s%s", sight->cpu, sight->thread, sight->tid,
		       sight->irqs_off ? "off" : "on",
		       sight->in_interrupt ? ", in a handler" : "");
		print_held(&f->stack);
		print_trace(sight);
		return;
	}
	if (f->lock)
		printk("new, on lock %p:", f->lock);
	else
		printk("new:");
	print_edge(&f->edge);
	if (!is_cycle(f))
		return;
	printk("seen before:");
	for (unsigned int i = 0; i < f->nr; i++)
		print_edge(&f->path[i]);
	if (f->cut)
		printk("  and so on");
	print_diagram(f);
}

bool lockdep_report_prepare(const struct finding *finding)
{
	if (READ_ONCE(printing))
		return false;
	printing = true;
	current_finding = *finding;
	return true;
}

void lockdep_report(void)
{
	const struct finding *f = &current_finding;
	enum lockdep_expect expect = READ_ONCE(lockdep_expected);

	if (f->kind <= LOCKDEP_ORDER)
		cycle_text(f);
	printk_set_expected(expect);
	if (!expect)
		__atomic_fetch_add(&bad_signs, 1, __ATOMIC_RELAXED);
	print_headline(f);
	if (expect != LOCKDEP_EXPECT_QUIETLY)
		print_finding(f);
	printk_set_expected(false);
	WRITE_ONCE(last_kind, f->kind);
	WRITE_ONCE(reports, reports + 1);
	smp_store_release(&printing, false);
}

void lockdep_full(const char *what)
{
	if (!lockdep_is_on())
		return;
	hook_listen(HOOK_LOCKDEP, false);
	__atomic_fetch_add(&bad_signs, 1, __ATOMIC_RELAXED);
	printk("lockdep: OFF: there is no more room for %s; nothing is checked from here on", what);
}

void lockdep_print_graph(void)
{
	char from[TEXT_MAX], to[TEXT_MAX];

	if (!lockdep_is_on())
		return;
	printk("lock order: %u classes, %u edges", nr_lock_classes, lockdep_nr_edges());
	for (unsigned int i = 0; i < lockdep_nr_edges(); i++) {
		const struct lock_edge *edge = lockdep_edge(i);

		printk("  %s -> %s at %pB", lock_text(edge->from, edge->from_kind, from),
		       lock_text(edge->to, edge->to_kind, to), (void *)edge->sight.pc[0]);
	}
}
#endif
