/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writing the trace to its channel.
 *
 * A dump is a sequence of records of 32 bytes: begin, texts, then for each CPU a head and its
 * events, oldest first, and an end. Texts fill whole records after their own. Numbers are
 * little-endian, as both machines are. No locks and no allocation: a dump may be the last thing
 * that a dying kernel does. Recording stops meanwhile; a CPU that was just writing an event
 * finishes it, and such a slot is left out if it changes under the reader.
 */
#include "lab/trace_ring.h"

#if LAB
#include "kernel/cpu.h"
#include "kernel/ipi.h"
#include "kernel/printk.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "lab/sync.h"
#include "lab/watchdog.h"
#include "mm/vm_fault.h"
#include "arch/console.h"

#define TRACE_VERSION 1
#define TRACE_MAGIC 0x4543415254544c46ULL /* "FLTTRACE" */
#define ADDRESSES_SEEN 128		  /* a power of two */

static bool dumping; /* one at a time */
static u64 records;  /* of this dump */
static u64 addresses_seen[ADDRESSES_SEEN]; /* of names and code whose text was written, by hash */

static const char *const fault_results[] = {
	[FAULT_DONE] = "done",
	[FAULT_GIVE_UP] = "given up",
	[FAULT_OOM] = "out of memory",
	[FAULT_SEGV_MAPERR] = "nothing mapped there",
	[FAULT_SEGV_ACCERR] = "not permitted",
};

static const char *const ipi_kinds[NR_IPIS] = {
	[IPI_WAKE] = "wake",
	[IPI_RESCHED] = "resched",
	[IPI_TLB] = "tlb",
	[IPI_STOP] = "stop",
};

static const char *const watchdog_kinds[NR_WATCHDOG_KINDS] = {
	[WATCHDOG_NONE] = "none",
	[WATCHDOG_IPI_LOCK] = "DEADLOCK: shootdown and lock",
	[WATCHDOG_ABBA] = "DEADLOCK: AB-BA",
	[WATCHDOG_SELF] = "DEADLOCK: a lock taken twice",
	[WATCHDOG_SLEEPING] = "DEADLOCK: threads that sleep",
	[WATCHDOG_ALL_STUCK] = "all CPUs stuck",
	[WATCHDOG_HUNG_CPU] = "hung CPU",
	[WATCHDOG_MISSING_ACK] = "missing acknowledgements",
	[WATCHDOG_SRCU_STALL] = "SRCU stall",
	[WATCHDOG_LOCK_HELD] = "lock held",
	[WATCHDOG_STARVED] = "starved",
	[WATCHDOG_HUNG_THREAD] = "hung thread",
};

static void put(const struct trace_event *event)
{
	arch_console_write(CONSOLE_TRACE, (const char *)event, sizeof(*event));
	records++;
}

static void put_text(enum trace_text kind, u64 key, const char *text)
{
	size_t len = strlen(text);
	struct trace_event head = { .stamp = TRACE_TEXT, .info = kind, .a = key, .b = len };

	put(&head);
	for (size_t at = 0; at < len; at += sizeof(head)) {
		struct trace_event piece = { 0 };

		memcpy(&piece, text + at, min(len - at, sizeof(piece)));
		put(&piece);
	}
}

static void put_table(enum trace_text kind, const char *const *names, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		put_text(kind, i, names[i]);
}

static void put_names(void)
{
#define X(name) put_text(TRACE_TEXT_SYSCALL, __NR_##name, #name);
	SYSCALL_LIST(X)
	ARCH_SYSCALLS(X)
#undef X
#define X(name, what) put_text(TRACE_TEXT_SYNC, SYNC_##name, #name);
	SYNC_POINT_LIST(X)
#undef X
	for (unsigned int i = 0; i < NR_SPF_REASONS; i++)
		put_text(TRACE_TEXT_REASON, i, spf_reason_name((enum spf_reason)i));
	put_table(TRACE_TEXT_RESULT, fault_results, ARRAY_SIZE(fault_results));
	put_table(TRACE_TEXT_IPI, ipi_kinds, ARRAY_SIZE(ipi_kinds));
	put_table(TRACE_TEXT_WATCHDOG, watchdog_kinds, ARRAY_SIZE(watchdog_kinds));
}

/* Whether the text at @address is still to be written: once, if the table has room for it. */
static bool is_new(u64 address)
{
	u64 *seen = &addresses_seen[(address >> 3 ^ address >> 10) & (ADDRESSES_SEEN - 1)];

	if (*seen == address)
		return false;
	*seen = address;
	return true;
}

/* The texts that @event speaks of, before it. */
static void put_texts_of(const struct trace_event *event)
{
	char site[80];

	if (!event->b)
		return;
	if ((event->stamp & 0xff) == TRACE_LOCK && is_new(event->b))
		put_text(TRACE_TEXT_LOCK, event->b, (const char *)(uintptr_t)event->b);
	if ((event->stamp & 0xff) == TRACE_LOCK_WAIT && is_new(event->b)) {
		snprintf(site, sizeof(site), "%pS", (void *)(uintptr_t)event->b);
		put_text(TRACE_TEXT_SITE, event->b, site);
	}
}

/* Copies event @number of @ring; false if it is not there in one piece. */
static bool ring_read(const struct trace_ring *ring, u64 number, struct trace_event *copy)
{
	const struct trace_event *event = &ring->events[number & (trace_ring_size - 1)];
	u64 stamp = smp_load_acquire(&event->stamp);

	memcpy(copy, event, sizeof(*copy));
	smp_rmb();
	return stamp && READ_ONCE(event->stamp) == stamp && copy->stamp == stamp;
}

static void put_cpu(unsigned int cpu)
{
	struct trace_ring *ring = &trace_rings[cpu];
	u64 next = __atomic_load_n(&ring->next, __ATOMIC_ACQUIRE);
	u64 first = max(ring->dumped, next > trace_ring_size ? next - trace_ring_size : 0);
	struct trace_event head = { .stamp = TRACE_CPU, .info = cpu, .a = next - first,
				    .b = first - ring->dumped };
	struct trace_event event;

	put(&head);
	for (u64 number = first; number < next; number++) {
		if (!ring_read(ring, number, &event))
			continue;
		put_texts_of(&event);
		put(&event);
	}
	ring->dumped = next;
}

static void put_all(const char *why)
{
	struct trace_event event = { .stamp = TRACE_DUMP_BEGIN, .info = TRACE_VERSION,
				     .a = TRACE_MAGIC, .b = nr_cpus };

	records = 0;
	memset(addresses_seen, 0, sizeof(addresses_seen));
	put(&event);
	put_text(TRACE_TEXT_WHY, 0, why);
	put_names();
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
		put_cpu(cpu);
	event = (struct trace_event){ .stamp = TRACE_DUMP_END, .a = records + 1 };
	put(&event);
}

bool trace_dump(const char *why)
{
	u32 on;

	if (!trace_ring_size || xchg(&dumping, true))
		return false;
	on = xchg(&trace_on, 0);
	put_all(why);
	smp_store_release(&trace_on, on);
	smp_store_release(&dumping, false);
	return true;
}
#endif
