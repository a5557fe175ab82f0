/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Red-black trees with augmentation, and links that lockless walkers may follow.
 *
 * Owns no data: roots, nodes and their locks belong to the users.
 *
 * Why a walk down ends (hazard 7.7). A walker only follows left and right. Claim: after every
 * single store to a link, the child links of all nodes - of the tree, on their way out of it or
 * into it - have no cycle. So between two stores a walker takes at most as many steps as there are
 * nodes; it goes on only as long as the owner goes on changing the tree, and that it learns from a
 * sequence counter.
 *  - Insertion links a node without children.
 *  - Rotation of x and its child y, which has x's place afterwards: first x lets go of y (and takes
 *    y's inner subtree, which has two parents now), then y takes x, then x's parent takes y. When
 *    y takes x, nothing below x leads to y any more, and nothing else led there. The wrong order,
 *    y takes x while x still has y, is the defect rb_loop_on_rotate.
 *  - Erasure of a node with two children: first its successor is taken out of its place, so that
 *    nothing leads to it; then it takes the node's children; then the node's parent takes it.
 *  - An erased node keeps its links, so that a walker that stands on it gets back into the tree.
 *    They make no cycle, since nothing in the tree leads to the erased node.
 * Nodes that are out of the tree for a moment may be missed, with all below them; never is there a
 * wrong turn that comes back. Every link is stored with release: who follows it sees all stores
 * before it, which the argument needs on machines that reorder stores, and x86_64 gives for free.
 *
 * Augmented values are functions of the elements of a subtree, whatever its shape: a rotation
 * changes those of its two nodes only, and leaves the upper one with what the other had before.
 *
 * Source: Cormen, Leiserson, Rivest, Stein, "Introduction to Algorithms", chapter 13; augmentation:
 * chapter 14.
 */
#include "kernel/rbtree.h"
#include "kernel/atomic.h"
#include "lab/bug.h"
#include "lab/sync.h"

#define RB_BLACK 1UL
#define RB_MAX_DEPTH 128 /* twice the logarithm of more nodes than there can be */

struct rb_node *rb_parent(const struct rb_node *node)
{
	return (struct rb_node *)(READ_ONCE(node->parent_color) & ~RB_BLACK);
}

static bool is_red(const struct rb_node *node)
{
	return node && !(node->parent_color & RB_BLACK);
}

static void set_parent(struct rb_node *node, struct rb_node *parent)
{
	unsigned long color = node->parent_color & RB_BLACK;

	WRITE_ONCE(node->parent_color, (unsigned long)parent | color);
}

static void set_red(struct rb_node *node)
{
	WRITE_ONCE(node->parent_color, node->parent_color & ~RB_BLACK);
}

static void set_black(struct rb_node *node)
{
	WRITE_ONCE(node->parent_color, node->parent_color | RB_BLACK);
}

/* The only way in which a link is written: for readers without a lock, after all before it. */
static void set_link(struct rb_node **link, struct rb_node *node)
{
	smp_store_release(link, node);
}

/* The link that leads to @node, whose parent is @parent. */
static struct rb_node **link_to(struct rb_root *root, struct rb_node *parent,
				const struct rb_node *node)
{
	if (!parent)
		return &root->node;
	return parent->left == node ? &parent->left : &parent->right;
}

/*
 * Puts @y, the left or right child of @x, in @x's place and @x below it. Colours stay with the
 * nodes.
 */
static void rotate_up(struct rb_root *root, struct rb_node *x, struct rb_node *y,
		      rb_update_fn update)
{
	bool right = x->right == y;
	struct rb_node **outer = right ? &x->right : &x->left;
	struct rb_node **inner = right ? &y->left : &y->right;
	struct rb_node *moved = *inner;
	struct rb_node *parent = rb_parent(x);
	struct rb_node **top = link_to(root, parent, x);

	if (bug(rb_loop_on_rotate))
		set_link(inner, x); /* while x still has y */
	else
		set_link(outer, moved);
	SYNC_POINT(tree_rotating);
	set_link(outer, moved);
	set_link(inner, x);
	set_link(top, y);
	if (moved)
		set_parent(moved, x);
	set_parent(x, y);
	set_parent(y, parent);
	if (update) {
		update(x);
		update(y);
	}
}

void rb_propagate(struct rb_node *node, rb_update_fn update)
{
	while (node && update(node))
		node = rb_parent(node);
}

/* CLRS's RB-INSERT-FIXUP: @node is red, and so may be its parent; nothing else is wrong. */
static void fix_red(struct rb_root *root, struct rb_node *node, rb_update_fn update)
{
	struct rb_node *parent, *grand, *uncle;

	while (is_red(parent = rb_parent(node))) {
		grand = rb_parent(parent);
		uncle = grand->left == parent ? grand->right : grand->left;
		if (is_red(uncle)) {
			set_black(parent);
			set_black(uncle);
			set_red(grand);
			node = grand;
			continue;
		}
		if ((grand->left == parent) != (parent->left == node)) {
			rotate_up(root, parent, node, update);
			parent = node;
		}
		set_black(parent);
		set_red(grand);
		rotate_up(root, grand, parent, update);
		break;
	}
	set_black(root->node);
}

void rb_insert(struct rb_root *root, struct rb_node *node, struct rb_node *parent,
	       struct rb_node **link, rb_update_fn update)
{
	WRITE_ONCE(node->left, NULL);
	WRITE_ONCE(node->right, NULL);
	WRITE_ONCE(node->parent_color, (unsigned long)parent); /* red */
	set_link(link, node);
	if (update) {
		update(node);
		rb_propagate(parent, update);
	}
	fix_red(root, node, update);
}

/*
 * CLRS's RB-DELETE-FIXUP: paths through @node (NULL: an empty place), a child of @parent, have a
 * black node too few. @node cannot tell which child it is when it is NULL, but then its sibling is
 * not: without black nodes on this side there must be one on the other.
 */
static void fix_black(struct rb_root *root, struct rb_node *node, struct rb_node *parent,
		      rb_update_fn update)
{
	struct rb_node *sibling, *near, *far;
	bool left;

	while (parent && !is_red(node)) {
		left = parent->left == node;
		sibling = left ? parent->right : parent->left;
		if (is_red(sibling)) {
			set_black(sibling);
			set_red(parent);
			rotate_up(root, parent, sibling, update);
			sibling = left ? parent->right : parent->left;
		}
		near = left ? sibling->left : sibling->right;
		far = left ? sibling->right : sibling->left;
		if (!is_red(near) && !is_red(far)) {
			set_red(sibling);
			node = parent;
			parent = rb_parent(node);
			continue;
		}
		if (!is_red(far)) {
			set_black(near);
			set_red(sibling);
			rotate_up(root, sibling, near, update);
			far = sibling;
			sibling = near;
		}
		if (is_red(parent))
			set_red(sibling);
		else
			set_black(sibling);
		set_black(parent);
		set_black(far);
		rotate_up(root, parent, sibling, update);
		return;
	}
	if (node)
		set_black(node);
}

/*
 * Takes out @node, which has at most one child. Returns whether a black one is missing now below
 * *@parentp, on the side of *@childp.
 */
static bool erase_simple(struct rb_root *root, struct rb_node *node, struct rb_node **parentp,
			 struct rb_node **childp, rb_update_fn update)
{
	struct rb_node *parent = rb_parent(node);
	struct rb_node *child = node->left ? node->left : node->right;

	set_link(link_to(root, parent, node), child);
	if (child)
		set_parent(child, parent);
	if (update)
		rb_propagate(parent, update);
	*parentp = parent;
	*childp = child;
	return !is_red(node);
}

/* The same for a @node with two children: its successor takes its place and its colour. */
static bool erase_inner(struct rb_root *root, struct rb_node *node, struct rb_node **parentp,
			struct rb_node **childp, rb_update_fn update)
{
	struct rb_node *next = rb_next(node);
	struct rb_node *parent = rb_parent(node);
	struct rb_node *child = next->right;
	struct rb_node *hole = rb_parent(next); /* whose child @child becomes */
	bool black = !is_red(next);

	if (hole == node) {
		hole = next;
	} else {
		set_link(&hole->left, child);
		set_link(&next->right, node->right);
		set_parent(node->right, next);
		if (child)
			set_parent(child, hole);
	}
	set_link(&next->left, node->left);
	set_parent(node->left, next);
	set_link(link_to(root, parent, node), next);
	WRITE_ONCE(next->parent_color, node->parent_color);
	if (update) {
		rb_propagate(hole, update);
		update(next); /* its old value was that of another place */
		rb_propagate(parent, update);
	}
	*parentp = hole;
	*childp = child;
	return black;
}

void rb_erase(struct rb_root *root, struct rb_node *node, rb_update_fn update)
{
	struct rb_node *parent, *child;
	bool black;

	if (node->left && node->right)
		black = erase_inner(root, node, &parent, &child, update);
	else
		black = erase_simple(root, node, &parent, &child, update);
	if (black)
		fix_black(root, child, parent, update);
}

struct rb_node *rb_first(const struct rb_root *root)
{
	struct rb_node *node = root->node;

	while (node && node->left)
		node = node->left;
	return node;
}

struct rb_node *rb_next(const struct rb_node *node)
{
	struct rb_node *at = node->right;

	if (at) {
		while (at->left)
			at = at->left;
		return at;
	}
	at = rb_parent(node);
	while (at && at->right == node) {
		node = at;
		at = rb_parent(node);
	}
	return at;
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	struct rb_node *at = node->left;

	if (at) {
		while (at->right)
			at = at->right;
		return at;
	}
	at = rb_parent(node);
	while (at && at->left == node) {
		node = at;
		at = rb_parent(node);
	}
	return at;
}

/* Black nodes from @node down to any leaf, or -1. Recursion as deep as the tree, no deeper. */
static int validate_node(const struct rb_node *node, const struct rb_node *parent, int depth)
{
	int left, right;

	if (!node)
		return 0;
	if (depth > RB_MAX_DEPTH || rb_parent(node) != parent || (is_red(node) && is_red(parent)))
		return -1;
	left = validate_node(node->left, node, depth + 1);
	right = validate_node(node->right, node, depth + 1);
	if (left < 0 || left != right)
		return -1;
	return left + !is_red(node);
}

int rb_validate(const struct rb_root *root)
{
	if (is_red(root->node))
		return -1;
	return validate_node(root->node, NULL, 0);
}
