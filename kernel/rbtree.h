/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Red-black trees, embedded in their elements, with an optional augmentation.
 *
 * The owner serialises changes. A lockless reader may walk down meanwhile: links are written with
 * WRITE_ONCE in an order that never makes a loop reachable, so a walk ends, though it may miss
 * nodes; the reader needs a sequence counter to know (see mm/vma.h).
 *
 * Source: Cormen, Leiserson, Rivest, Stein, "Introduction to Algorithms", chapter 13.
 */
#pragma once

#include "kernel/types.h"

struct rb_node {
	unsigned long parent_color; /* parent pointer, bit 0: black; own address: not in a tree */
	struct rb_node *left, *right;
} __aligned(sizeof(long));

struct rb_root {
	struct rb_node *node;
};

/* Recomputes a node's augmented value from its element and children; true if it changed. */
typedef bool (*rb_update_fn)(struct rb_node *node);

static inline void rb_node_clear(struct rb_node *node)
{
	WRITE_ONCE(node->parent_color, (unsigned long)node);
}

static inline bool rb_node_is_clear(const struct rb_node *node)
{
	return READ_ONCE(node->parent_color) == (unsigned long)node;
}

/* Puts @node below @parent at *@link (a child pointer of @parent, or &root->node) and rebalances;
 * @update may be NULL. */
void rb_insert(struct rb_root *root, struct rb_node *node, struct rb_node *parent,
	       struct rb_node **link, rb_update_fn update);
/* Takes @node out and rebalances. The node keeps its old links: the owner clears it. */
void rb_erase(struct rb_root *root, struct rb_node *node, rb_update_fn update);
/* Recomputes from @node up to the root, as long as values change. */
void rb_propagate(struct rb_node *node, rb_update_fn update);
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);
struct rb_node *rb_parent(const struct rb_node *node);
/* Black height if the colours and links are right, -1 if not: for tests. */
int rb_validate(const struct rb_root *root);
