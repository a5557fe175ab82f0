/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Saying what this CPU waits for, so that the watchdog of another can prove a deadlock.
 *
 * Owns cpu->wait. Only the CPU itself writes it, with interrupts off, but for 'broken', which a
 * watchdog sets. Readers elsewhere may see half of a change: kind is NONE meanwhile, and a sample
 * counts only if its serial is the same before and after.
 *
 * Waits nest once: an interrupt handler can wait for a spinlock while the thread it interrupted
 * waits with interrupts on. The thread's wait is put aside and comes back unchanged, serial
 * included, since it is still the same wait.
 */
#include "lab/watchdog.h"
#include "kernel/time.h"

#if LAB
static void wait_store(struct cpu_wait *to, const struct cpu_wait *wait)
{
	WRITE_ONCE(to->kind, WAIT_NONE);
	smp_wmb();
	WRITE_ONCE(to->irqs_off, wait->irqs_off);
	WRITE_ONCE(to->breakable, wait->breakable);
	WRITE_ONCE(to->broken, wait->broken);
	WRITE_ONCE(to->object, wait->object);
	WRITE_ONCE(to->pc, wait->pc);
	WRITE_ONCE(to->since_ns, wait->since_ns);
	WRITE_ONCE(to->serial, wait->serial);
	smp_wmb();
	WRITE_ONCE(to->kind, wait->kind);
}

void wait_publish(enum wait_kind kind, const void *object, unsigned long pc)
{
	unsigned long flags = irq_save();
	struct cpu *cpu = this_cpu();
	struct cpu_wait wait = { .kind = kind,
				 .irqs_off = !irq_flags_enabled(flags),
				 .object = object,
				 .pc = pc,
				 .since_ns = time_ns(),
				 .serial = ++cpu->wait_serial };

	cpu->wait_outer = cpu->wait;
	wait_store(&cpu->wait, &wait);
	irq_restore(flags);
}

void wait_publish_breakable(void)
{
	WRITE_ONCE(this_cpu()->wait.breakable, true);
}

void wait_publish_end(void)
{
	unsigned long flags = irq_save();
	struct cpu *cpu = this_cpu();

	wait_store(&cpu->wait, &cpu->wait_outer);
	cpu->wait_outer.kind = WAIT_NONE;
	irq_restore(flags);
}
#endif
