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

static inline const struct order_name_d *
order_names(const struct order_d *o)
{
	return (const void *)((const uint8_t *)o + o->names_off);
}

static inline const uint8_t *
order_name_labels(const struct order_d *o, const struct order_name_d *n)
{
	return (const uint8_t *)o + n->name_off;
}

/* Where the block of a name of an order that has blocks is, from order_d. */
static inline uint64_t
order_block_off(const struct order_name_d *n)
{
	return ((uint64_t)n->name_off + n->name_bytes + 3) & ~3ull;
}

/* Node `at` of a level, as it has to be: from the names, which are sound. */
void order_node_make(const struct order_d *o, const struct order_shape *shape,
    uint32_t level, uint32_t at, struct order_node_d *out);

/* Appends the order_d of some nodes of a plan, given by their indexes in
 * canonical order, to `out`, whose length is a multiple of 64. With a builder
 * it has blocks, and each node an NSEC record. */
int order_append(struct bytes *out, struct block_builder *b,
    const struct zone_plan *p, const uint32_t *nodes, uint32_t count,
    struct err *err);

#endif
