/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each thread holds, and what follows when it wants more.
 *
 * Every thread has a stack of what it holds, spinlocks, sleeping locks, sections and pseudo-locks
 * alike; an interrupt handler's are on top of those of the thread it interrupted. Only the thread
 * and what runs on top of it touches its stack, so there is no lock; 'busy' keeps interrupts that
 * come while lockdep is at work, and its own printing, out. Their events are in pairs, so that the
 * stack is none the worse for it.
 *
 * An event whose chain is known costs a look-up. Of a new chain these edges are made:
 *
 * - from what was taken last, and on down to the first that was waited for: what lies deeper leads
 *   there already. A try waits for nothing, so it leads nowhere and nothing leads to it;
 * - from `ipi_ack`, if interrupts are off: a CPU that waits so keeps all from going on that wait
 *   for its acknowledgement, as if it held a lock that they want;
 * - from `interrupt`, in a handler; and to `interrupt`, from a spinlock that is taken or released
 *   with interrupts on: whoever holds it may be made to wait for what a handler waits for.
 *
 * So all defects of order are cycles in one graph. What is no matter of order is judged here: a
 * sleeping lock where nothing may sleep, a sequence count's writers, releases, ends.
 */
#include "lab/lockdep_internal.h"

#if LAB
#include "arch/stack.h"
#include "kernel/cpu.h"
#include "kernel/printk.h"
#include "kernel/string.h"
#include "kernel/thread.h"

/* A lock that is wanted, or was got. */
struct want {
	struct lockdep_stack *stack;
	const void *lock;
	unsigned long pc;
	enum hook_kind kind;
	unsigned int class, level;
	bool irqs_off, waits;
};

/* Guarded by graph_lock. */
static struct lock_edge edge;
static struct finding finding;

static u64 mix(u64 key, u64 more)
{
	key = (key ^ more) * 0x9e3779b97f4a7c15ULL;
	return (key ^ key >> 29) | 1;
}

/* --- the stack --- */

static bool is_pushed(enum hook_kind kind)
{
	return kind != HOOK_SRCU_GP && kind != HOOK_IPI_ACK;
}

/* The hash of what is held below @n at @level of interrupts. */
static u64 chain_below(const struct lockdep_stack *stack, unsigned int n, unsigned int level)
{
	return n && stack->held[n - 1].level == level ? stack->held[n - 1].chain : level + 1;
}

static u64 chain_with(u64 below, const struct lockdep_held *held)
{
	return mix(below, held->class * 64u + held->kind * 4u + held->waited);
}

static inline void push(const struct want *want)
{
	struct lockdep_stack *stack = want->stack;
	struct lockdep_held *held = &stack->held[stack->nr];

	if (stack->nr == LOCKDEP_DEPTH) {
		lockdep_full("a thread's list of held locks");
		return;
	}
	held->lock = want->lock;
	held->pc = want->pc;
	held->class = (u16)want->class;
	held->kind = (u8)want->kind;
	held->level = (u8)want->level;
	held->waited = want->waits;
	held->chain = chain_with(chain_below(stack, stack->nr, want->level), held);
	stack->nr++;
}

static struct lockdep_held *find_held(struct lockdep_stack *stack, enum hook_kind kind,
				      const void *lock)
{
	for (unsigned int i = stack->nr; i-- > 0;)
		if (stack->held[i].lock == lock && stack->held[i].kind == kind)
			return &stack->held[i];
	return NULL;
}

/* From the middle. */
static __noinline void remove_held(struct lockdep_stack *stack, const struct lockdep_held *held)
{
	unsigned int i = (unsigned int)(held - stack->held);

	for (stack->nr--; i < stack->nr; i++) {
		struct lockdep_held *moved = &stack->held[i];

		*moved = stack->held[i + 1];
		moved->chain = chain_with(chain_below(stack, i, moved->level), moved);
	}
}

/* --- findings --- */

/* Back-trace and all, from the frame of @pc outwards. */
static void see(struct sight *sight, unsigned long pc, bool irqs_off, unsigned int level)
{
	unsigned long at = 0, fp = cpu_frame_pointer();
	bool inside = false;

	strlcpy(sight->thread, current->name, sizeof(sight->thread));
	sight->tid = current->tid;
	sight->cpu = cpu_id();
	sight->irqs_off = irqs_off;
	sight->in_interrupt = level > 0;
	sight->nr = 0;
	while (sight->nr < TRACE_MAX && arch_stack_next(&at, &fp)) {
		inside |= at == pc;
		if (inside)
			sight->pc[sight->nr++] = at;
	}
	if (!sight->nr)
		sight->pc[sight->nr++] = pc;
}

/* A finding about @class alone, unless it was told before. graph_lock held. */
static bool note_finding(enum lockdep_kind kind, unsigned int class, const struct want *want)
{
	if (lock_classes[class].told & BIT(kind))
		return false;
	finding.kind = kind;
	finding.class = (u16)class;
	finding.lock = want->lock;
	finding.hook_kind = (u8)want->kind;
	finding.stack = *want->stack;
	see(&finding.edge.sight, want->pc, want->irqs_off, want->level);
	if (!lockdep_report_prepare(&finding))
		return false;
	lock_classes[class].told |= (u16)BIT(kind);
	return true;
}

static void report_about(enum lockdep_kind kind, unsigned int class, const struct want *want,
			 const char *what)
{
	unsigned long flags = lockdep_graph_lock();
	bool found;

	finding.what = what;
	found = note_finding(kind, class, want);
	lockdep_graph_unlock(flags);
	if (found)
		lockdep_report();
}

/* --- wanting --- */

/* The edge from a class, held as @held says (NULL: a pseudo-lock), to what is wanted. graph_lock
 * held. True if it was a finding. */
static bool link_from(const struct want *want, unsigned int from, const struct lockdep_held *held)
{
	if (lockdep_has_edge(from, want->class))
		return false;
	edge.from = (u16)from;
	edge.to = (u16)want->class;
	edge.from_kind = held ? held->kind : HOOK_IPI_ACK;
	edge.to_kind = (u8)want->kind;
	edge.from_pc = held ? held->pc : 0;
	see(&edge.sight, want->pc, want->irqs_off, want->level);
	if (!lockdep_add_edge(&edge, &finding))
		return false;
	finding.lock = want->lock;
	if (lockdep_report_prepare(&finding))
		return true;
	lockdep_unreport(&edge);
	return false;
}

static bool link_all(const struct want *want)
{
	const struct lockdep_stack *stack = want->stack;

	if (!want->waits)
		return false;
	if (want->irqs_off && link_from(want, CLASS_IPI_ACK, NULL))
		return true;
	if (want->level && link_from(want, CLASS_INTERRUPT, NULL))
		return true;
	for (unsigned int i = stack->nr; i-- > 0;) {
		const struct lockdep_held *held = &stack->held[i];

		if (held->level != want->level)
			break;
		if (link_from(want, held->class, held))
			return true;
		if (held->waited)
			break;
	}
	return false;
}

static bool may_not_sleep(const struct want *want)
{
	const struct lockdep_stack *stack = want->stack;

	if (want->irqs_off || want->level)
		return true;
	for (unsigned int i = 0; i < stack->nr; i++)
		if (stack->held[i].kind == HOOK_SPINLOCK)
			return true;
	return false;
}

static bool sleeps(enum hook_kind kind)
{
	return kind == HOOK_READ || kind == HOOK_WRITE || kind == HOOK_SRCU_GP ||
	       kind == HOOK_RECLAIM;
}

/* INV-5: some class must have been held, for writing, by every writer of this count so far. */
static bool writer_is_alone(const struct want *want)
{
	struct lock_class *class = &lock_classes[want->class];
	u64 now[CLASS_WORDS] = { 0 }, any = 0;

	for (unsigned int i = 0; i < want->stack->nr; i++) {
		const struct lockdep_held *held = &want->stack->held[i];

		if (held->kind == HOOK_SPINLOCK || held->kind == HOOK_WRITE)
			now[held->class / 64] |= 1ULL << (held->class % 64);
	}
	for (unsigned int i = 0; i < CLASS_WORDS; i++) {
		class->excluders[i] = class->written ? class->excluders[i] & now[i] : now[i];
		any |= class->excluders[i];
	}
	class->written = any;
	return any;
}

/* A chain that was never seen. graph_lock held; true if there is something to report. */
static bool look(const struct want *want, u64 key)
{
	bool found = false;

	/* With a finding among the edges the rest is looked at the next time. */
	if (link_all(want))
		return true;
	if (want->waits && sleeps(want->kind) && may_not_sleep(want))
		found = note_finding(LOCKDEP_SLEEP, want->class, want);
	else if (want->kind == HOOK_SEQCOUNT && !writer_is_alone(want))
		found = note_finding(LOCKDEP_WRITER, want->class, want);
	lockdep_chain_add(key);
	return found;
}

/* What is rare stands apart, so that the frequent part needs few registers. */
static __noinline void check_new(const struct want *want, u64 key)
{
	unsigned long flags = lockdep_graph_lock();
	bool found = look(want, key);

	lockdep_graph_unlock(flags);
	if (found)
		lockdep_report();
	if (unlikely(READ_ONCE(lockdep_edges_full)))
		lockdep_full("edges");
}

static inline void check(const struct want *want)
{
	u64 below = chain_below(want->stack, want->stack->nr, want->level);
	u64 key = mix(below, want->class * 64u + (unsigned int)want->kind * 4u +
				     want->irqs_off * 2u + want->waits);

	if (unlikely(!lockdep_chain_known(key)))
		check_new(want, key);
}

/* --- open to interrupts --- */

/* @held with interrupts on: a handler may come, and who holds it waits for that. */
static __noinline void note_open(const struct want *want, const struct lockdep_held *held)
{
	struct want interrupt = *want;
	unsigned long flags;
	bool found;

	interrupt.class = CLASS_INTERRUPT;
	interrupt.waits = true;
	flags = lockdep_graph_lock();
	found = link_from(&interrupt, held->class, held);
	lockdep_graph_unlock(flags);
	if (found)
		lockdep_report();
}

static inline bool minds_interrupts(const struct want *want)
{
	return (want->kind == HOOK_SPINLOCK || want->kind == HOOK_SEQCOUNT) && !want->level;
}

/* --- leaving --- */

static __noinline void left_unheld(const struct want *want)
{
	unsigned int class = lockdep_class_of(want->kind, want->lock, 0);

	if (class < MAX_CLASSES)
		report_about(LOCKDEP_UNLOCK, class, want, NULL);
}

static inline void left(const struct want *want)
{
	struct lockdep_held *held = find_held(want->stack, want->kind, want->lock);

	if (unlikely(!held)) {
		left_unheld(want);
		return;
	}
	if (minds_interrupts(want) && unlikely(!lockdep_has_edge(held->class, CLASS_INTERRUPT)) &&
	    irq_enabled())
		note_open(want, held);
	if (likely(held == &want->stack->held[want->stack->nr - 1]))
		want->stack->nr--;
	else
		remove_held(want->stack, held);
}

static __noinline void made_anew(struct want *want)
{
	for (unsigned int i = 0; i < want->stack->nr; i++)
		if (want->stack->held[i].lock == want->lock && want->lock)
			report_about(LOCKDEP_INIT, want->stack->held[i].class, want, NULL);
}

/* --- events --- */

static inline void wanted(struct want *want, enum hook_event event)
{
	unsigned int subclass = 0;

	if ((event == HOOK_WANT || event == HOOK_WANT_SAVE) && !want->level) {
		subclass = want->stack->subclass;
		want->stack->subclass = 0;
	}
	want->irqs_off = !irq_enabled();
	want->waits = event != HOOK_GOT && want->kind != HOOK_SRCU;
	want->class = lockdep_class_of(want->kind, want->lock, subclass);
	if (unlikely(want->class >= MAX_CLASSES))
		return;
	if (event != HOOK_GOT)
		check(want);
	if (event == HOOK_MAY_WAIT || !is_pushed(want->kind))
		return;
	push(want);
	if (minds_interrupts(want) && event != HOOK_WANT_SAVE && !want->irqs_off &&
	    unlikely(!lockdep_has_edge(want->class, CLASS_INTERRUPT)))
		note_open(want, &want->stack->held[want->stack->nr - 1]);
}

void lockdep_event(enum hook_event event, enum hook_kind kind, const void *lock, unsigned long pc)
{
	struct lockdep_stack *stack = &current->locks;
	struct want want = { stack, lock, pc, kind, 0, this_cpu()->irq_depth, false, false };

	if (event == HOOK_TRY || event == HOOK_WAITED || stack->busy)
		return;
	stack->busy = true;
	barrier();
	if (event == HOOK_LEFT && is_pushed(kind))
		left(&want);
	else if (event == HOOK_INIT)
		made_anew(&want);
	else if (event != HOOK_LEFT)
		wanted(&want, event);
	barrier();
	stack->busy = false;
}

void lockdep_nest(unsigned int subclass)
{
	current->locks.subclass = (u8)subclass;
}

void lockdep_check_left(const char *what)
{
	struct lockdep_stack *stack = &current->locks;
	struct want want = { stack, NULL, (unsigned long)__builtin_return_address(0),
			     HOOK_SPINLOCK, 0, 0, !irq_enabled(), false };

	if (likely(!stack->nr) || stack->busy)
		return;
	stack->busy = true;
	want.kind = (enum hook_kind)stack->held[stack->nr - 1].kind;
	want.lock = stack->held[stack->nr - 1].lock;
	report_about(LOCKDEP_LEFT, stack->held[stack->nr - 1].class, &want, what);
	stack->busy = false;
}

void lockdep_start(void)
{
	lockdep_class_init();
	hook_listen(HOOK_LOCKDEP, true);
}

bool lockdep_is_on(void)
{
	return READ_ONCE(hook_listeners) & HOOK_LOCKDEP;
}
#endif
