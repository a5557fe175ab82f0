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
#include "kernel/string.h"
#include "kernel/thread.h"
#include "kernel/wait.h"
#include "lab/perturb.h"
#include "lab/trace.h"
#include "lab/watchdog.h"

#define MAX_ORDERS 16

/* 'point reached @first_count times' comes before '@second, on its @second_nth passage (0: any)'.
 * */
struct sync_order {
	enum sync_point first, second;
	u64 first_count, second_nth;
	bool used, expired;
};

bool sync_active;
static struct sync_order orders[MAX_ORDERS];
static unsigned int nr_orders;
static u64 reached[NR_SYNC_POINTS];
static struct cpumask sync_waiters; /* CPUs that sleep in sync_wait_for */
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
	if (sync_reached(order->first) >= order->first_count)
		irq_enable();
	else
		cpu_idle_wait();
	cpumask_clear(&sync_waiters, cpu);
}

static void sync_wait_for(struct sync_order *order)
{
	u64 deadline = time_ns() + sync_limit_ns();

	WRITE_ONCE(order->used, true);
	trace(SYNC, SYNC_WAIT, order->second, order->first, order->first_count);
	wait_publish(WAIT_SYNC_POINT, &points[order->second],
		     (unsigned long)__builtin_return_address(0));
	for (unsigned int spins = 0; sync_reached(order->first) < order->first_count; spins++) {
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

void sync_reach(enum sync_point point)
{
	u64 nth = __atomic_add_fetch(&reached[point], 1, __ATOMIC_SEQ_CST);

	trace(SYNC, SYNC_PASS, point, nth, 0);
	perturb(PERTURB_SYNC);
	if (!cpumask_empty(&sync_waiters))
		arch_ipi_send_mask(&sync_waiters, IPI_WAKE);
	wake_up_all(&sync_wq);
	for (unsigned int i = 0; i < nr_orders; i++) {
		struct sync_order *order = &orders[i];

		if (order->second == point && (!order->second_nth || order->second_nth == nth))
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

/* Parses 'point' or 'point*n' of @len characters. */
static int parse_passage(const char *text, size_t len, enum sync_point *point, u64 *count)
{
	const char *star = strchr(text, '*');
	char number[16] = "";
	int id;

	if (star && star < text + len) {
		size_t digits = (size_t)(text + len - star - 1);

		if (digits >= sizeof(number))
			return -EINVAL;
		memcpy(number, star + 1, digits);
		if (parse_u64(number, count) || !*count)
			return -EINVAL;
		len = (size_t)(star - text);
	}
	id = point_by_name(text, len);
	if (id < 0)
		return id;
	*point = (enum sync_point)id;
	return 0;
}

static int parse_order(const char *text, size_t len, struct sync_order *order)
{
	const char *arrow = strchr(text, '>');
	size_t left;

	if (!arrow || arrow >= text + len)
		return -EINVAL;
	left = (size_t)(arrow - text);
	*order = (struct sync_order){ .first_count = 1 };
	if (parse_passage(text, left, &order->first, &order->first_count))
		return -EINVAL;
	return parse_passage(arrow + 1, len - left - 1, &order->second, &order->second_nth);
}

int sync_arm(const char *schedule)
{
	WRITE_ONCE(sync_active, false);
	nr_orders = 0;
	while (*schedule) {
		const char *comma = strchr(schedule, ',');
		size_t len = comma ? (size_t)(comma - schedule) : strlen(schedule);

		if (nr_orders == MAX_ORDERS || parse_order(schedule, len, &orders[nr_orders])) {
			printk("error: sched=%.*s: not 'point[*n]>point[*n]', or no such point",
			       (int)len, schedule);
			return -EINVAL;
		}
		nr_orders++;
		schedule += len + (comma != NULL);
	}
	return 0;
}

int sync_go(void)
{
	memset(reached, 0, sizeof(reached));
	__atomic_store_n(&sync_active, true, __ATOMIC_SEQ_CST);
	return 0;
}

int sync_end(void)
{
	WRITE_ONCE(sync_active, false);
	return 0;
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
			snprintf(why, size, "order %s*%lu>%s %s: %s was reached %lu times, %s %lu",
				 points[order->first].name, (unsigned long)order->first_count,
				 points[order->second].name,
				 order->expired ? "expired" : "was never used",
				 points[order->first].name,
				 (unsigned long)sync_reached(order->first),
				 points[order->second].name,
				 (unsigned long)sync_reached(order->second));
	}
	nr_orders = 0;
	return err;
}

int sync_wait(const char *name, u64 count)
{
	int point = point_by_name(name, strlen(name));

	if (point < 0)
		return point;
	if (!wait_event_until(&sync_wq, sync_reached((enum sync_point)point) >= count,
			      time_ns() + sync_limit_ns()))
		return -ETIMEDOUT;
	return 0;
}

void sync_print_list(void)
{
	for (unsigned int i = 0; i < NR_SYNC_POINTS; i++)
		printk("point %-18s %s", points[i].name, points[i].what);
}
#endif
