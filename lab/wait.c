/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Saying what this CPU or this thread waits for, so that others can prove a deadlock.
 *
 * Owns cpu->waits and the waits of struct thread_lab. Order: a wait is filled while its kind is
 * NONE; then the kind, then the stack's height. A reader takes the kind first and believes the
 * rest if kind and serial are the same afterwards.
 */
#include "lab/waits.h"

#if LAB
#include "kernel/thread.h"
#include "kernel/time.h"
#include "lab/holders.h"

static void wait_push(struct wait_stack *stack, const struct wait *wait)
{
	unsigned int level = stack->nr;
	struct wait *to = &stack->wait[level];

	stack->serial++;
	if (level < MAX_WAITS) {
		WRITE_ONCE(to->kind, WAIT_NONE);
		smp_wmb();
		WRITE_ONCE(to->irqs_off, wait->irqs_off);
		WRITE_ONCE(to->breakable, false);
		WRITE_ONCE(to->broken, false);
		WRITE_ONCE(to->granted, false);
		WRITE_ONCE(to->nr_held, wait->nr_held);
		WRITE_ONCE(to->object, wait->object);
		WRITE_ONCE(to->detail, wait->detail);
		WRITE_ONCE(to->pc, wait->pc);
		WRITE_ONCE(to->since_ns, wait->since_ns);
		WRITE_ONCE(to->serial, stack->serial);
		smp_wmb();
		WRITE_ONCE(to->kind, wait->kind);
	}
	smp_store_release(&stack->nr, level + 1);
}

static void wait_pop(struct wait_stack *stack)
{
	unsigned int level = stack->nr - 1;

	if (level < MAX_WAITS)
		WRITE_ONCE(stack->wait[level].kind, WAIT_NONE);
	smp_store_release(&stack->nr, level);
}

/* The innermost wait, or NULL if it is too deep to be published. */
static struct wait *wait_top(struct wait_stack *stack)
{
	unsigned int nr = smp_load_acquire(&stack->nr);

	return nr && nr <= MAX_WAITS ? &stack->wait[nr - 1] : NULL;
}

static void wait_set_breakable(struct wait_stack *stack)
{
	struct wait *wait = wait_top(stack);

	if (wait)
		WRITE_ONCE(wait->breakable, true);
}

static bool wait_broken(struct wait_stack *stack)
{
	const struct wait *wait = wait_top(stack);

	return wait && READ_ONCE(wait->broken);
}

struct wait wait_sample(const struct wait_stack *stack, unsigned int level)
{
	const struct wait *from = &stack->wait[level];
	struct wait wait = { .kind = WAIT_NONE };
	u64 serial;

	if (level >= MAX_WAITS || level >= smp_load_acquire(&stack->nr))
		return wait;
	wait.kind = smp_load_acquire(&from->kind);
	serial = READ_ONCE(from->serial);
	wait.irqs_off = READ_ONCE(from->irqs_off);
	wait.breakable = READ_ONCE(from->breakable);
	wait.nr_held = READ_ONCE(from->nr_held);
	wait.object = READ_ONCE(from->object);
	wait.detail = READ_ONCE(from->detail);
	wait.pc = READ_ONCE(from->pc);
	wait.since_ns = READ_ONCE(from->since_ns);
	wait.broken = READ_ONCE(from->broken);
	smp_rmb();
	wait.serial = READ_ONCE(from->serial);
	if (READ_ONCE(from->kind) != wait.kind || wait.serial != serial || wait.broken ||
	    READ_ONCE(from->granted))
		wait.kind = WAIT_NONE;
	return wait;
}

/* --- of this CPU --- */

void wait_publish(enum wait_kind kind, const void *object, unsigned long pc)
{
	unsigned long flags = irq_save();
	struct cpu *cpu = this_cpu();
	struct wait wait = { .kind = kind,
			     .irqs_off = !irq_flags_enabled(flags),
			     .nr_held = (u8)min(cpu->nr_held, 255u),
			     .object = object,
			     .pc = pc,
			     .since_ns = time_ns() };

	wait_push(&cpu->waits, &wait);
	irq_restore(flags);
}

void wait_publish_breakable(void)
{
	wait_set_breakable(&this_cpu()->waits);
}

void wait_publish_end(void)
{
	unsigned long flags = irq_save();

	wait_pop(&this_cpu()->waits);
	irq_restore(flags);
}

bool wait_is_broken(void)
{
	return wait_broken(&this_cpu()->waits);
}

/* --- of the current thread --- */

void thread_wait_begin(enum wait_kind kind, const void *object, unsigned long detail)
{
	struct wait wait = { .kind = kind,
			     .object = object,
			     .detail = detail,
			     .pc = (unsigned long)__builtin_return_address(0),
			     .since_ns = time_ns() };

	wait_push(&current->lab.waits, &wait);
}

/* Its entry among the held ones first: it must not look as if it had it since it asked. */
void thread_wait_granted(struct thread *thread, const void *object)
{
	struct wait *wait = wait_top(&thread->lab.waits);

	holders_granted(thread, object);
	if (wait && READ_ONCE(wait->object) == object)
		WRITE_ONCE(wait->granted, true);
}

void thread_wait_breakable(void)
{
	wait_set_breakable(&current->lab.waits);
}

void thread_wait_end(void)
{
	wait_pop(&current->lab.waits);
}

bool thread_wait_is_broken(void)
{
	return wait_broken(&current->lab.waits);
}
#endif
