/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The canonical order of names as a search tree (order_d of format.h): its
 * keys, its shape, and each of its nodes as the format says that it is. Builder
 * and verifier make nodes by the same function, which so has no freedom left.
 * Allocates nothing but what is appended; any thread.
 */
#ifndef HOLDFAST_DENIAL_ORDER_H
#define HOLDFAST_DENIAL_ORDER_H

#include <stdint.h>

#include "snapshot/block_builder.h"
#include "snapshot/format.h"
#include "snapshot/zone_plan.h"

enum {
	/* each octet of the labels may become two, each label has an end */
	ORDER_KEY_MAX = 512,
	ORDER_CHUNK_BYTES = 8,
};

/* The key of a name: see order_d. Zeros behind it, so that a chunk may be read
 * from wherever it ends. */
struct order_key {
	unsigned bytes;
	uint8_t octets[ORDER_KEY_MAX + ORDER_CHUNK_BYTES];
};

/* From `bytes` octets of sound labels above the apex, in lower case. */
void order_key_make(
    struct order_key *key, const uint8_t *labels, unsigned bytes);

/* Less than, equal to or greater than 0, as the names are in canonical order.
 */
int order_key_compare(const struct order_key *a, const struct order_key *b);

/* How many nodes levels have, from the count of names alone. */
struct order_shape {
	uint32_t levels, nodes;
	uint32_t level_first[ORDER_LEVELS_MAX + 1]; /* ends with `nodes` */
};

/* False if there are more names than ORDER_LEVELS_MAX levels can have. */
bool order_shape_make(struct order_shape *shape, uint32_t count);

static inline const struct order_node_d *
order_nodes(const struct order_d *o)
{
	return (const void *)(o + 1);
}

static inline const struct order_leaf_d *
order_leaves(const struct order_d *o)
{
	return (const void *)(order_nodes(o) + o->level_first[o->levels - 1]);
}

/* Where name `i` stands, from order_d; of an order that is not sound perhaps
 * behind it. */
static inline uint64_t
order_name_off(const struct order_d *o, uint64_t i)
{
	const struct order_leaf_d *leaf =
	    order_leaves(o) + i / ORDER_LEAF_NAMES;
	unsigned at = i % ORDER_LEAF_NAMES;

	return leaf->first_off + (at ? 4ull * leaf->behind4[at - 1] : 0);
}

/* A name of a sound order. */
struct order_name {
	const uint8_t *labels;
	unsigned bytes; /* 0: the apex */
};

static inline struct order_name
order_name_get(const struct order_d *o, uint64_t i)
{
	const uint8_t *at = (const uint8_t *)o + order_name_off(o, i);

	return (struct order_name){at + 1, at[0]};
}

/* Where what follows a name is: one that stands at `off` and has so many
 * octets. */
static inline uint64_t
order_name_end(uint64_t off, unsigned bytes)
{
	return (off + 1 + bytes + 3) & ~3ull;
}

/* Node `at` of a level but the last, as it has to be: from the names, which are
 * sound and where the leaves say. */
void order_node_make(const struct order_d *o, const struct order_shape *shape,
    uint32_t level, uint32_t at, struct order_node_d *out);

/* Leaf `at`. Where its names stand is taken from what is there. */
void order_leaf_make(
    const struct order_d *o, uint32_t at, struct order_leaf_d *out);

/* Appends the order_d of some nodes of a plan, given by their indexes in
 * canonical order, to `out`, whose length is a multiple of 64. With a builder
 * it has blocks, and each node an NSEC record. */
int order_append(struct bytes *out, struct block_builder *b,
    const struct zone_plan *p, const uint32_t *nodes, uint32_t count,
    struct err *err);

#endif
