/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Red-black trees: order, colours and augmentation against brute force, and the claim of
 * kernel/rbtree.c that no store to a link makes a cycle (hazard 7.7), looked at after every one.
 */
#include "tests/host/host.h"
#include "lab/bug.h"

static void link_stored(void);

#undef smp_store_release
#define smp_store_release(p, v)                                                                    \
	do {                                                                                       \
		__atomic_store_n((p), (v), __ATOMIC_RELEASE);                                      \
		link_stored();                                                                     \
	} while (0)
#include "kernel/rbtree.c"

#define NR 96
#define ROUNDS 40000

struct element {
	struct rb_node node;
	unsigned int key;
	unsigned int weight, max_weight; /* the largest of the subtree */
	unsigned int count;		 /* elements of the subtree */
	bool linked;
	u8 colour; /* of the search for cycles */
};

static struct element elements[NR]; /* by key */
static struct rb_root root;
static unsigned int nr_linked;
static bool augmented;
static bool counting; /* a count changes in all ancestors with every change, a maximum seldom */
static u64 nr_stores, nr_cycles;

static struct element *element_of(const struct rb_node *node)
{
	return container_of((struct rb_node *)node, struct element, node);
}

static unsigned int max_of(const struct rb_node *node)
{
	return node ? element_of(node)->max_weight : 0;
}

static unsigned int count_of(const struct rb_node *node)
{
	return node ? element_of(node)->count : 0;
}

static bool update(struct rb_node *node)
{
	struct element *e = element_of(node);
	unsigned int below = max(max_of(node->left), max_of(node->right));
	unsigned int m = max(e->weight, below);
	unsigned int count = 1 + count_of(node->left) + count_of(node->right);
	bool changed = m != e->max_weight || (counting && count != e->count);

	e->max_weight = m;
	e->count = count;
	return changed;
}

/* Depth-first over child links: 1 is on the way here, 2 is done. */
static bool has_cycle(struct rb_node *node)
{
	struct element *e;

	if (!node)
		return false;
	e = element_of(node);
	if (e->colour)
		return e->colour == 1;
	e->colour = 1;
	if (has_cycle(node->left) || has_cycle(node->right))
		return true;
	e->colour = 2;
	return false;
}

/* From every node, as a walker may stand on any, erased ones too. */
static void link_stored(void)
{
	bool cycle = false;

	nr_stores++;
	for (unsigned int i = 0; i < NR; i++)
		elements[i].colour = 0;
	for (unsigned int i = 0; i < NR && !cycle; i++)
		cycle = has_cycle(&elements[i].node);
	nr_cycles += cycle;
}

static void insert(struct element *e)
{
	struct rb_node **link = &root.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = e->key < element_of(parent)->key ? &parent->left : &parent->right;
	}
	e->max_weight = e->weight; /* as if it were right already */
	e->count = (unsigned int)host_random();
	rb_insert(&root, &e->node, parent, link, augmented ? update : NULL);
	e->linked = true;
	nr_linked++;
}

static void erase(struct element *e)
{
	struct rb_node before = e->node;

	rb_erase(&root, &e->node, augmented ? update : NULL);
	CHECK(e->node.left == before.left && e->node.right == before.right);
	CHECK(!rb_node_is_clear(&e->node));
	rb_node_clear(&e->node);
	CHECK(rb_node_is_clear(&e->node));
	e->linked = false;
	nr_linked--;
}

static bool augmentation_right(struct rb_node *node, unsigned int *count, unsigned int *heaviest)
{
	unsigned int n[2] = { 0, 0 }, w[2] = { 0, 0 };

	if (!node)
		return true;
	if (!augmentation_right(node->left, &n[0], &w[0]) ||
	    !augmentation_right(node->right, &n[1], &w[1]))
		return false;
	*count = n[0] + n[1] + 1;
	*heaviest = max(w[0], w[1]);
	*heaviest = max(element_of(node)->weight, *heaviest);
	return (!counting || element_of(node)->count == *count) &&
	       element_of(node)->max_weight == *heaviest;
}

static void check_tree(void)
{
	struct rb_node *node = rb_first(&root), *last = NULL;
	unsigned int count = 0, heaviest = 0;

	CHECK(rb_validate(&root) >= 0);
	for (unsigned int i = 0; i < NR; i++) {
		if (!elements[i].linked)
			continue;
		CHECK(node == &elements[i].node);
		CHECK(rb_prev(node) == last);
		last = node;
		node = rb_next(node);
	}
	CHECK(!node);
	if (augmented) {
		CHECK(augmentation_right(root.node, &count, &heaviest));
		CHECK(count == nr_linked);
	}
}

static void empty_tree(void)
{
	for (unsigned int i = 0; i < NR; i++) {
		if (elements[i].linked)
			erase(&elements[i]);
		elements[i] = (struct element){ .key = i, .weight = (unsigned int)host_random() };
	}
	root.node = NULL;
	nr_stores = nr_cycles = 0;
}

/* Grows and shrinks in waves, so that all sizes occur. */
static void random_changes(unsigned int rounds)
{
	empty_tree();
	for (unsigned int i = 0; i < rounds; i++) {
		struct element *e = &elements[host_random() % NR];
		bool growing = i / 512 % 2 == 0;

		if (e->linked == growing && host_random() % 4)
			continue;
		if (e->linked)
			erase(e);
		else
			insert(e);
		check_tree();
	}
}

static void random_plain(void)
{
	augmented = false;
	random_changes(ROUNDS);
}

static void random_maximum(void)
{
	augmented = true;
	counting = false;
	random_changes(ROUNDS);
}

static void random_augmented(void)
{
	augmented = counting = true;
	random_changes(ROUNDS);
	CHECK(nr_stores > 0);
	CHECK(nr_cycles == 0);
}

static void sorted_orders(void)
{
	augmented = true;
	for (int order = 0; order < 4; order++) {
		empty_tree();
		for (unsigned int i = 0; i < NR; i++)
			insert(&elements[order & 1 ? NR - 1 - i : i]);
		check_tree();
		for (unsigned int i = 0; i < NR; i++) {
			erase(&elements[order & 2 ? NR - 1 - i : i]);
			check_tree();
		}
		CHECK(!root.node && nr_cycles == 0);
	}
}

static void propagate_weight(void)
{
	augmented = true;
	empty_tree();
	for (unsigned int i = 0; i < NR; i++)
		insert(&elements[i]);
	for (unsigned int i = 0; i < 1000; i++) {
		struct element *e = &elements[host_random() % NR];

		e->weight = (unsigned int)host_random();
		rb_propagate(&e->node, update);
		check_tree();
	}
}

static void validate_sees_damage(void)
{
	augmented = false;
	empty_tree();
	for (unsigned int i = 0; i < NR; i++)
		insert(&elements[i]);
	CHECK(rb_validate(&root) > 0);
	elements[NR / 2].node.parent_color ^= 1;
	CHECK(rb_validate(&root) < 0);
	elements[NR / 2].node.parent_color ^= 1;
	elements[0].node.right = root.node;
	CHECK(rb_validate(&root) < 0);
	elements[0].node.right = NULL;
}

static void defect_makes_a_cycle(void)
{
	empty_tree();
	bug_switches[BUG_rb_loop_on_rotate].on = true;
	augmented = true;
	random_changes(2000);
	CHECK(nr_cycles > 0);
	CHECK(nr_cycles == bug_switches[BUG_rb_loop_on_rotate].hits);
	bug_switches[BUG_rb_loop_on_rotate].on = false;
}

int main(void)
{
	RUN(random_plain);
	RUN(random_maximum);
	RUN(random_augmented);
	RUN(sorted_orders);
	RUN(propagate_weight);
	RUN(validate_sees_damage);
	RUN(defect_makes_a_cycle);
	return host_done();
}
