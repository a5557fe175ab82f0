/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The wait-for graph for people: lines of text, and Graphviz's language.
 *
 * Boxes are CPUs, ellipses are threads; an arrow goes from who waits to whom it waits for. Who only
 * sleeps because user mode asked for it is a leaf. Owns nothing, locks nothing.
 */
#include "lab/waitfor.h"

#if LAB
#include "kernel/mutex.h"
#include "kernel/printk.h"
#include "kernel/run.h"
#include "kernel/srcu.h"
#include "kernel/thread.h"

void waitfor_describe(char *buf, size_t size, const struct wait *wait)
{
	switch (wait->kind) {
	case WAIT_NONE:
		snprintf(buf, size, "runs");
		break;
	case WAIT_SPINLOCK:
		snprintf(buf, size, "waits for %s %p",
			 ((const struct spinlock *)wait->object)->name, wait->object);
		break;
	case WAIT_TLB_ACK:
		snprintf(buf, size, "waits for acknowledgements");
		break;
	case WAIT_SYNC_POINT:
		snprintf(buf, size, "waits at a sync point");
		break;
	case WAIT_READ:
	case WAIT_WRITE:
		snprintf(buf, size, "waits for %s %p, to %s",
			 ((const struct rwsem *)wait->object)->name, wait->object,
			 wait->kind == WAIT_READ ? "read" : "write");
		break;
	case WAIT_SRCU_GP:
		snprintf(buf, size, "waits for readers %lu of srcu %s", wait->detail,
			 ((const struct srcu *)wait->object)->name);
		break;
	case WAIT_THREAD:
		snprintf(buf, size, "waits for thread %d",
			 ((const struct thread *)wait->object)->tid);
		break;
	case WAIT_EVENT:
		snprintf(buf, size, "waits for event %s",
			 ((const struct wait_queue *)wait->object)->lock.name);
		break;
	case WAIT_FUTEX:
		snprintf(buf, size, "waits for futex %lx", wait->detail);
		break;
	}
}

void waitfor_name(char *buf, size_t size, const struct waitfor_node *node)
{
	const struct thread *thread = node->thread;

	if (thread) {
		snprintf(buf, size, "thread %s[%d]", thread->name, thread->tid);
		return;
	}
	thread = READ_ONCE(cpus[node->cpu]->arch.thread);
	snprintf(buf, size, "CPU %u (%s[%d])", node->cpu, thread->name, thread->tid);
}

struct graph {
	const struct waitfor_cycle *cycle;
	bool dot;
	unsigned int edges; /* of the node being printed */
	unsigned int lines; /* of text */
};

static bool edge_in_cycle(const struct graph *graph, const struct waitfor_edge *edge)
{
	for (unsigned int i = 0; graph->cycle && i < graph->cycle->nr; i++) {
		const struct waitfor_edge *other = &graph->cycle->edge[i];

		if (other->from.thread == edge->from.thread && other->from.cpu == edge->from.cpu &&
		    other->to.thread == edge->to.thread && other->to.cpu == edge->to.cpu)
			return true;
	}
	return false;
}

static void dot_id(char *buf, size_t size, const struct waitfor_node *node)
{
	if (node->thread)
		snprintf(buf, size, "t%d", node->thread->tid);
	else
		snprintf(buf, size, "c%u", node->cpu);
}

static void print_edge_text(struct graph *graph, const struct waitfor_edge *edge)
{
	char from[48], to[48], what[80], since[64] = "";
	u64 now = time_ns();

	graph->lines++;
	waitfor_name(from, sizeof(from), &edge->from);
	waitfor_name(to, sizeof(to), &edge->to);
	waitfor_describe(what, sizeof(what), &edge->wait);
	if (edge->held_since_ns)
		snprintf(since, sizeof(since), ", for %lu ms at %pB",
			 (unsigned long)((now - edge->held_since_ns) / NSEC_PER_MSEC),
			 (void *)edge->held_pc);
	if (edge->wait.kind == WAIT_NONE)
		printk(" %c%s is on %s", edge_in_cycle(graph, edge) ? '*' : ' ', from, to);
	else
		printk(" %c%s %s, %lu ms -> %s%s", edge_in_cycle(graph, edge) ? '*' : ' ', from,
		       what, (unsigned long)((now - edge->wait.since_ns) / NSEC_PER_MSEC), to,
		       since);
}

static void print_dot_node(const struct waitfor_node *node, const char *what)
{
	char id[16], name[48];

	dot_id(id, sizeof(id), node);
	waitfor_name(name, sizeof(name), node);
	for (char *c = name; *c; c++)
		if (*c == '"' || *c == '\\') /* a user's name for its thread */
			*c = '?';
	control_print("dot=  %s [label=\"%s%s%s\"%s];\n", id, name, *what ? "\\n" : "", what,
		      node->thread ? "" : ", shape=box");
}

static void print_edge_dot(const struct graph *graph, const struct waitfor_edge *edge)
{
	char from[16], to[16], what[80];

	if (edge->to.thread && !waitfor_thread_waits(edge->to.thread))
		print_dot_node(&edge->to, ""); /* it has no turn of its own */
	dot_id(from, sizeof(from), &edge->from);
	dot_id(to, sizeof(to), &edge->to);
	waitfor_describe(what, sizeof(what), &edge->wait);
	control_print("dot=  %s -> %s [label=\"%s\"%s];\n", from, to,
		      edge->wait.kind == WAIT_NONE ? "on" : what,
		      edge_in_cycle(graph, edge) ? ", color=red, penwidth=2" : "");
}

static bool print_edge(const struct waitfor_edge *edge, void *arg)
{
	struct graph *graph = arg;

	graph->edges++;
	if (graph->dot)
		print_edge_dot(graph, edge);
	else
		print_edge_text(graph, edge);
	return false;
}

/* Who waits for nobody that is known: a user's sleep, an event, a CPU that is only slow. */
static void print_leaf(struct graph *graph, const struct waitfor_node *node,
		       const struct wait *wait)
{
	char name[48], what[80];

	if (graph->dot || wait->kind == WAIT_NONE)
		return;
	graph->lines++;
	waitfor_name(name, sizeof(name), node);
	waitfor_describe(what, sizeof(what), wait);
	printk("  %s %s, %lu ms", name, what,
	       (unsigned long)((time_ns() - wait->since_ns) / NSEC_PER_MSEC));
}

static void print_node(struct graph *graph, const struct waitfor_node *node, struct wait wait)
{
	char what[80];

	if (graph->dot) {
		waitfor_describe(what, sizeof(what), &wait);
		print_dot_node(node, what);
	}
	graph->edges = 0;
	waitfor_edges(node, print_edge, graph);
	if (!graph->edges)
		print_leaf(graph, node, &wait);
}

/* Those that wait; in the picture, all CPUs that do not idle and all that something points to. */
static void print_nodes(struct graph *graph)
{
	const struct thread *thread;
	unsigned int cpu;

	for_each_online_cpu(cpu)
		if (READ_ONCE(cpus[cpu]->arch.thread) != cpus[cpu]->idle)
			print_node(graph, &(struct waitfor_node){ .cpu = cpu },
				   wait_sample(&cpus[cpu]->waits, 0));
	for_each_thread(thread)
		if (waitfor_thread_waits(thread))
			print_node(graph, &(struct waitfor_node){ .thread = thread },
				   wait_sample(&thread->lab.waits, 0));
}

void waitfor_print(const char *title, const struct waitfor_cycle *cycle)
{
	struct graph graph = { .cycle = cycle };

	printk("who waits for whom%s:", cycle ? " (* the cycle)" : "");
	print_nodes(&graph);
	if (!graph.lines)
		printk("  nobody for anybody that is known");
	graph.dot = true;
	control_print("dot=digraph waitfor {\n");
	control_print("dot=  label=\"%s\";\n", title);
	print_nodes(&graph);
	control_print("dot=}\n");
}
#endif
