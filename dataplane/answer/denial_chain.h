/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where the part of a zone's NSEC or NSEC3 chain is that has a given key or
 * hash: in the zone's own cell, or, of a split zone, in one of its denial cells
 * (snapshot/format.h). Private to dataplane/answer; reads the generation only.
 */
#ifndef HOLDFAST_DENIAL_CHAIN_H
#define HOLDFAST_DENIAL_CHAIN_H

#include "dataplane/answer/answer_batch.h"
#include "dataplane/answer/hashed_search.h"
#include "dataplane/answer/order_search.h"
#include "snapshot/nsec3_hash.h"

/* The zone's chain, or NULL if it has none. */
static inline const struct denial_d *
zone_denial(const struct zone_view *view)
{
	const uint8_t *cell =
	    (const uint8_t *)view->zone - zone_apex(view->zone)->anchor;

	return view->zone->denial_off
	           ? (const struct denial_d *)(cell + view->zone->denial_off)
	           : NULL;
}

/* The chain of a zone that is not split. */
static inline const void *
chain_whole(const struct zone_view *view)
{
	const struct denial_d *d = zone_denial(view);

	return (const uint8_t *)d - view->zone->denial_off + d->chain_off;
}

/* Part `i` of the chain of a split zone. That there are as many as others say
 * was checked for the generation as a whole, but the cells' verifiers can't
 * promise it, so it is asked. */
static inline const void *
chain_part(const struct zone_view *view, const struct generation *g, uint32_t i)
{
	const struct split_ref *split = &g->splits[view->zone->split];

	if (i >= split->denial_slots ||
	    split->denial_kind != zone_denial(view)->kind)
		return NULL;
	return g->slots[split->denial_first + i].base +
	       sizeof(struct cell_header_d);
}

static inline bool
chain_is_whole(const struct zone_view *view)
{
	return __builtin_expect(view->zone->split == NO_SPLIT, 1);
}

/* Where the search in an NSEC chain begins: the whole, or the order of its
 * ranges, of which range i is part 1 + i. */
static inline const struct order_d *
chain_order_top(const struct zone_view *view, const struct generation *g)
{
	return chain_is_whole(view) ? chain_whole(view)
	                            : chain_part(view, g, 0);
}

/* The part of an NSEC chain where the key is. */
static inline const struct order_d *
chain_order(const struct zone_view *view, const struct generation *g,
    const struct order_key *k)
{
	const struct order_d *top = chain_order_top(view, g);

	return !top || chain_is_whole(view)
	           ? top
	           : chain_part(view, g, 1 + order_find(top, k));
}

/* The part of an NSEC chain that begins with the apex. */
static inline const struct order_d *
chain_order_first(const struct zone_view *view, const struct generation *g)
{
	return chain_is_whole(view) ? chain_whole(view)
	                            : chain_part(view, g, 1);
}

/* The part of an NSEC3 chain that a hash's first bits name. */
static inline uint32_t
chain_hashed_number(const struct zone_view *view, const struct generation *g,
    const uint8_t *hash)
{
	return hashed_number(hash, 0, g->splits[view->zone->split].denial_bits);
}

/* The part of an NSEC3 chain where the hash is. */
static inline const struct hashed_d *
chain_hashed(const struct zone_view *view, const struct generation *g,
    const uint8_t *hash)
{
	return chain_is_whole(view)
	           ? chain_whole(view)
	           : chain_part(view, g, chain_hashed_number(view, g, hash));
}

/* The part in front of that: its last hash covers what is before the first. */
static inline const struct hashed_d *
chain_hashed_before(const struct zone_view *view, const struct generation *g,
    const uint8_t *hash)
{
	uint32_t i;

	if (chain_is_whole(view))
		return chain_whole(view);
	i = chain_hashed_number(view, g, hash);
	return chain_part(
	    view, g, (i ? i : g->splits[view->zone->split].denial_slots) - 1);
}

/* The record whose hash is the last that is not greater. */
static inline struct hashed_place
chain_hashed_find(const struct zone_view *view, const struct generation *g,
    const uint8_t *hash)
{
	struct hashed_place place = {.hashed = chain_hashed(view, g, hash)};
	uint32_t upto = place.hashed ? hashed_up_to(place.hashed, hash) : 0;

	if (__builtin_expect(upto == 0, 0)) {
		place.hashed = chain_hashed_before(view, g, hash);
		upto = place.hashed ? place.hashed->count : 0;
	}
	if (upto > 1 && fault_hit("engine-hash-before"))
		upto--;
	if (upto)
		place.name = hashed_names(place.hashed) + upto - 1;
	return place;
}

/* Where a name of a part of the chain stands; NULL if it has no block: that
 * ranges of a split zone have blocks was checked for the generation as a whole
 * alone, so it is asked. */
static inline const uint8_t *
chain_name_find(const struct order_d *o, uint32_t index)
{
	if (index && fault_hit("engine-proof-before"))
		index--;
	return o->has_blocks ? order_name(o, index) : NULL;
}

/* Where the last name of the chain stands that is not behind the labels; NULL:
 * nowhere. */
static inline const uint8_t *
chain_name_before(const struct zone_view *view, const struct generation *g,
    const uint8_t *labels, unsigned bytes)
{
	struct order_key key;
	const struct order_d *order;

	order_key_make(&key, labels, bytes);
	order = chain_order(view, g, &key);
	return order ? chain_name_find(order, order_find(order, &key)) : NULL;
}

static inline bool
chain_name_is(const uint8_t *name, const uint8_t *labels, unsigned bytes)
{
	return order_name_bytes(name) == bytes &&
	       (bytes == 0 ||
		   query_name_same(order_name_labels(name), labels, bytes));
}

/* The NSEC RRset, with its signatures, of a node that says it has one; NULL if
 * the chain, which is in another cell perhaps, does not. */
static inline const struct block_d *
chain_nsec_of_node(const struct zone_view *view, const struct generation *g,
    const struct node_d *node)
{
	const struct denial_d *d = zone_denial(view);
	unsigned bytes = node->flags & NODE_APEX ? 0 : node->name_bytes;
	const uint8_t *labels = node_name(node), *name;

	if (!(node->flags & NODE_NSEC) || !d || d->kind != DENIAL_NSEC)
		return NULL;
	name = chain_name_before(view, g, labels, bytes);
	return name && chain_name_is(name, labels, bytes) ? order_block(name)
	                                                  : NULL;
}

/* RFC 5155 section 5, with the zone's parameters. */
static inline void
chain_hash(uint8_t hash[NSEC3_HASH_BYTES], const struct denial_d *d,
    const uint8_t *name, unsigned bytes)
{
	nsec3_hash(hash, name, bytes, (const uint8_t *)(d + 1), d->salt_bytes,
	    d->iterations);
}

#endif
