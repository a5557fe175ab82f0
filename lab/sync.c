/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Schedules over sync points.
 *
 * The orders are written while no schedule is active and constant while one is; counts are atomic.
 * A CPU that waits publishes itself in sync_waiters and is woken by whoever reaches a point; with
 * interrupts off it can only poll. Counting comes before looking at the orders, and a full barrier
 * between the two makes a rendezvous of two CPUs certain.
 * Source: the sync points of RocksDB's tests.
 */
#include "lab/sync.h"

#if LAB
#include "arch/ipi.h"
#include "kernel/cpu.h"
#include "kernel/errno.h"
#include "kernel/printk.h"
#include "kernel/process.h"
#include "kernel/string.h"
#include "kernel/thread.h"
#include "kernel/wait.h"
#include "lab/explore.h"
#include "lab/perturb.h"
#include "lab/trace.h"
#include "lab/watchdog.h"

#define MAX_ORDERS 16

enum sync_who { SYNC_ANYONE, SYNC_CPU, SYNC_THREAD };

/* 'POINT@WHO*N': passages of @point by @who, and how many of them there have been. */
struct sync_side {
	enum sync_point point;
	enum sync_who who;
	u64 which; /* the CPU, or the thread's number within its process */
	u64 count; /* as first: how many it takes; as second: which one waits, 0: each */
	u64 passed;
};

/* @first comes before @second. */
struct sync_order {
	struct sync_side first, second;
	bool used, expired;
};

bool sync_active;
static struct sync_order orders[MAX_ORDERS];
static unsigned int nr_orders, nr_armed;
static u64 reached[NR_SYNC_POINTS];
static struct cpumask sync_waiters; /* CPUs that sleep in sync_wait_for */
static u32 nr_sync_sleepers; /* threads in sync_wait */
static struct wait_queue sync_wq = WAIT_QUEUE_INIT(sync_wq);

static const struct {
	const char *name, *what;
} points[NR_SYNC_POINTS] = {
#define X(n, w) [SYNC_##n] = { #n, w },
	SYNC_POINT_LIST(X)
#undef X
};

#define SYNC_SPINS 100

u64 sync_reached(enum sync_point point)
{
	return __atomic_load_n(&reached[point], __ATOMIC_SEQ_CST);
}

static bool order_met(const struct sync_order *order)
{
	return __atomic_load_n(&order->first.passed, __ATOMIC_SEQ_CST) >= order->first.count;
}

/* Whether the caller's passage of @point is one of @side's. */
static bool side_matches(const struct sync_side *side, enum sync_point point)
{
	const struct process *process = current->process;

	if (side->point != point)
		return false;
	switch (side->who) {
	case SYNC_CPU:
		return side->which == cpu_id();
	case SYNC_THREAD:
		return process && side->which == (u64)(current->tid - process->pid);
	default:
		return true;
	}
}

/* A third of every other wait's limit, so that it is the schedule that is found at fault. */
static u64 sync_limit_ns(void)
{
	return wait_limit_ns / 3;
}

/* One pause of a waiter: polls first, then sleeps until some point is reached. */
static void sync_pause(unsigned int spins, const struct sync_order *order)
{
	unsigned int cpu = cpu_id();

	if (spins < SYNC_SPINS || !irq_enabled()) {
		cpu_relax();
		return;
	}
	irq_disable();
	cpumask_set(&sync_waiters, cpu);
	if (order_met(order))
		irq_enable();
	else
		cpu_idle_wait();
	cpumask_clear(&sync_waiters, cpu);
}

static void sync_wait_for(struct sync_order *order)
{
	u64 deadline = time_ns() + sync_limit_ns();

	WRITE_ONCE(order->used, true);
	trace(SYNC, SYNC_WAIT, order->second.point, order->first.point, order->first.count);
	wait_publish(WAIT_SYNC_POINT, &points[order->second.point],
		     (unsigned long)__builtin_return_address(0));
	for (unsigned int spins = 0; !order_met(order); spins++) {
		if (!READ_ONCE(sync_active))
			break;
		if (time_ns() > deadline) {
			WRITE_ONCE(order->expired, true);
			break;
		}
		sync_pause(spins, order);
	}
	wait_publish_end();
	trace(SYNC, SYNC_GO_ON, READ_ONCE(order->expired), 0, 0);
}

/*
 * Counts the passage, sets bits in @held for the orders that hold it, and returns which it is. All
 * counting comes before anybody looks: who has seen that the point was reached does not take the
 * place of who reached it in an order.
 */
static u64 sync_count(enum sync_point point, u32 *held)
{
	unsigned int nr = READ_ONCE(nr_orders);

	*held = 0;
	for (unsigned int i = 0; i < nr; i++) {
		struct sync_side *second = &orders[i].second;
		u64 nth;

		if (!side_matches(second, point))
			continue;
		nth = __atomic_add_fetch(&second->passed, 1, __ATOMIC_SEQ_CST);
		if (!second->count || second->count == nth)
			*held |= (u32)BIT(i);
	}
	for (unsigned int i = 0; i < nr; i++)
		if (side_matches(&orders[i].first, point))
			__atomic_add_fetch(&orders[i].first.passed, 1, __ATOMIC_SEQ_CST);
	return __atomic_add_fetch(&reached[point], 1, __ATOMIC_SEQ_CST);
}

void sync_reach(enum sync_point point)
{
	u32 held;
	u64 passage = sync_count(point, &held);

	trace(SYNC, SYNC_PASS, point, passage, 0);
	perturb(PERTURB_SYNC);
	if (explore_is_open())
		explore_sync(point);
	if (!cpumask_empty(&sync_waiters))
		arch_ipi_send_mask(&sync_waiters, IPI_WAKE);
	if (__atomic_load_n(&nr_sync_sleepers, __ATOMIC_SEQ_CST))
		wake_up_all(&sync_wq);
	/* One that expired has failed its test: no need to wait for it at each passage. */
	for (; held; held &= held - 1) {
		struct sync_order *order = &orders[__builtin_ctz(held)];

		if (!READ_ONCE(order->expired))
			sync_wait_for(order);
	}
}

static int point_by_name(const char *name, size_t len)
{
	for (int i = 0; i < NR_SYNC_POINTS; i++)
		if (strlen(points[i].name) == len && !strncmp(points[i].name, name, len))
			return i;
	return -EINVAL;
}

/* 'cpuN' or 'tN' of @len characters. */
static int parse_who(const char *text, size_t len, struct sync_side *side)
{
	size_t prefix = !strncmp(text, "cpu", 3) ? 3 : 1;
	char number[16];

	if ((prefix == 1 && text[0] != 't') || len <= prefix || len - prefix >= sizeof(number))
		return -EINVAL;
	strlcpy(number, text + prefix, len - prefix + 1);
	side->who = prefix == 3 ? SYNC_CPU : SYNC_THREAD;
	return parse_u64(number, &side->which);
}

/* 'point', 'point*n', 'point@who' or 'point@who*n' of @len characters; @count is without '*n'. */
static int parse_side(const char *text, size_t len, u64 count, struct sync_side *side)
{
	char word[64], *star, *at;
	int id;

	if (len >= sizeof(word))
		return -EINVAL;
	strlcpy(word, text, len + 1);
	*side = (struct sync_side){ .count = count };
	star = strchr(word, '*');
	if (star) {
		*star = '\0';
		if (parse_u64(star + 1, &side->count) || !side->count)
			return -EINVAL;
	}
	at = strchr(word, '@');
	if (at) {
		*at = '\0';
		if (parse_who(at + 1, strlen(at + 1), side))
			return -EINVAL;
	}
	id = point_by_name(word, strlen(word));
	if (id < 0)
		return id;
	side->point = (enum sync_point)id;
	return 0;
}

static int parse_order(const char *text, size_t len, struct sync_order *order)
{
	const char *arrow = strchr(text, '>');
	size_t left;

	if (!arrow || arrow >= text + len)
		return -EINVAL;
	left = (size_t)(arrow - text);
	*order = (struct sync_order){ 0 };
	if (parse_side(text, left, 1, &order->first))
		return -EINVAL;
	return parse_side(arrow + 1, len - left - 1, 0, &order->second);
}

int sync_arm(const char *schedule)
{
	WRITE_ONCE(sync_active, false);
	nr_armed++;
	WRITE_ONCE(nr_orders, 0);
	while (*schedule) {
		const char *comma = strchr(schedule, ',');
		size_t len = comma ? (size_t)(comma - schedule) : strlen(schedule);

		if (nr_orders == MAX_ORDERS || parse_order(schedule, len, &orders[nr_orders])) {
			printk("error: sched=%.*s: not 'POINT[@WHO][*N]>POINT[@WHO][*N]' "
			       "with WHO cpuN or tN, or no such point",
			       (int)len, schedule);
			return -EINVAL;
		}
		WRITE_ONCE(nr_orders, nr_orders + 1);
		schedule += len + (comma != NULL);
	}
	return 0;
}

unsigned int sync_nr_armed(void)
{
	return nr_armed;
}

int sync_go(void)
{
	memset(reached, 0, sizeof(reached));
	for (unsigned int i = 0; i < nr_orders; i++)
		orders[i].first.passed = orders[i].second.passed = 0;
	__atomic_store_n(&sync_active, true, __ATOMIC_SEQ_CST);
	explore_open();
	return 0;
}

int sync_end(void)
{
	explore_close();
	WRITE_ONCE(sync_active, false);
	return 0;
}

static void describe_order(const struct sync_order *order, char *buf, size_t size)
{
	const struct sync_side *first = &order->first, *second = &order->second;
	char who[2][24] = { "", "" };

	for (unsigned int i = 0; i < 2; i++) {
		const struct sync_side *side = i ? second : first;

		if (side->who != SYNC_ANYONE)
			snprintf(who[i], sizeof(who[i]), "@%s%lu",
				 side->who == SYNC_CPU ? "cpu" : "t", (unsigned long)side->which);
	}
	snprintf(buf, size, "order %s%s*%lu>%s%s %s: %s%s was reached %lu times, %s%s %lu",
		 points[first->point].name, who[0], (unsigned long)first->count,
		 points[second->point].name, who[1], order->expired ? "expired" : "was never used",
		 points[first->point].name, who[0], (unsigned long)first->passed,
		 points[second->point].name, who[1], (unsigned long)second->passed);
}

int sync_disarm(char *why, size_t size)
{
	int err = 0;

	WRITE_ONCE(sync_active, false);
	for (unsigned int i = 0; i < nr_orders && !err; i++) {
		const struct sync_order *order = &orders[i];

		if (order->expired)
			err = -ETIMEDOUT;
		else if (!order->used)
			err = -ESRCH;
		if (err)
			describe_order(order, why, size);
	}
	WRITE_ONCE(nr_orders, 0);
	return err;
}

int sync_wait(const char *name, u64 count)
{
	int point = point_by_name(name, strlen(name));
	bool came;

	if (point < 0)
		return point;
	/* Counted before it looks, as who reaches a point counts that before looking here. */
	__atomic_fetch_add(&nr_sync_sleepers, 1, __ATOMIC_SEQ_CST);
	came = wait_event_until(&sync_wq, sync_reached((enum sync_point)point) >= count,
				time_ns() + sync_limit_ns());
	__atomic_fetch_sub(&nr_sync_sleepers, 1, __ATOMIC_SEQ_CST);
	return came ? 0 : -ETIMEDOUT;
}

const char *sync_point_name(unsigned int point)
{
	return points[point].name;
}

void sync_print_list(void)
{
	for (unsigned int i = 0; i < NR_SYNC_POINTS; i++)
		printk("point %-18s %s", points[i].name, points[i].what);
}
#endif
