/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From a name to its zone and its node: hash, bucket, tags, one comparison.
 * Inline for the stages of a burst. A hit touches the bucket and the node; a
 * miss the bucket alone (a false tag match is one in 6,500 a bucket).
 */
#ifndef HOLDFAST_NAME_LOOKUP_H
#define HOLDFAST_NAME_LOOKUP_H

#include <immintrin.h>

#include "dataplane/answer/block.h"
#include "dataplane/answer/query_name.h"
#include "snapshot/generation.h"

/* The zone of a query, and what telling its names from others takes. */
struct zone_view {
	const struct zone_d *zone;
	const struct cell_ref
	    *cells;         /* the shared cell, or the split's first */
	uint32_t slot_bits; /* of the split; 0 for a shared cell */
	uint32_t anchor, anchor_mask; /* of the zone's nodes */
	uint16_t apex_bytes;
	uint8_t apex_labels;
};

/* The bit of the last entry: what keeps an index in a bucket without a match.
 */
#define MATCH_END (1u << 2 * (BUCKET_ENTRIES - 1))

/* Bit 2i set: entry i has the tag. */
static inline uint32_t
bucket_match(const struct bucket_d *b, uint16_t tag)
{
	/* 32 octets: ten tags, count, flags, and one offset that is ignored */
	__m256i tags = _mm256_loadu_si256((const void *)b->tag);
	__m256i same = _mm256_cmpeq_epi16(tags, _mm256_set1_epi16((short)tag));

	return (uint32_t)_mm256_movemask_epi8(same) & 0x55555;
}

static inline uint32_t
bucket_match_plain(const struct bucket_d *b, uint16_t tag)
{
	uint32_t match = 0;

	for (unsigned i = 0; i < BUCKET_ENTRIES; i++)
		match |= (uint32_t)(b->tag[i] == tag) << 2 * i;
	return match;
}

static inline const struct bucket_d *
cell_bucket(const struct cell_ref *cell, uint64_t mixed)
{
	return (const struct bucket_d *)(cell->base +
					 sizeof(struct cell_header_d)) +
	       name_mixed_bucket(mixed, cell->nbuckets);
}

static inline const struct bucket_d *
cell_bucket_next(const struct cell_ref *cell, const struct bucket_d *b)
{
	const struct bucket_d *first = cell_bucket(cell, 0);

	return b + 1 == first + cell->nbuckets ? first : b + 1;
}

static inline const struct node_d *
bucket_node(const struct cell_ref *cell, const struct bucket_d *b, unsigned i)
{
	return (const struct node_d *)(cell->base + b->node_off[i]);
}

/* The first node that the tags of a bucket name, unconfirmed; NULL if none. */
static inline const struct node_d *
bucket_node_guess(
    const struct cell_ref *cell, const struct bucket_d *b, uint16_t tag)
{
	uint32_t match = bucket_match(b, tag);

	return match ? bucket_node(cell, b, (unsigned)__builtin_ctz(match) / 2)
	             : NULL;
}

/* The cell where a zone's name with this mixed hash is. */
static inline const struct cell_ref *
zone_cell(const struct zone_view *z, uint64_t mixed)
{
	return z->cells + name_mixed_slot(mixed, z->slot_bits);
}

/* True if the node is the zone's and has this name (lower case, `bytes` octets
 * without the apex's). */
static inline bool
zone_node_is(const struct zone_view *z, const struct node_d *n,
    const uint8_t *labels, unsigned bytes)
{
	return n->name_bytes == bytes &&
	       ((n->anchor ^ z->anchor) & z->anchor_mask) == 0 &&
	       query_name_same(node_name(n), labels, bytes);
}

/* The node of the name `labels` (lower case, `bytes` octets without the apex's)
 * of the zone, or NULL. Not for the apex itself. */
static inline const struct node_d *
zone_node_find(const struct zone_view *z, uint64_t hash, const uint8_t *labels,
    unsigned bytes)
{
	uint64_t mixed = name_hash_mix(hash);
	const struct cell_ref *cell = zone_cell(z, mixed);
	const struct bucket_d *b = cell_bucket(cell, mixed);

	for (;;) {
		uint32_t match = bucket_match(b, name_mixed_tag(mixed));

		while (match) {
			const struct node_d *n = bucket_node(
			    cell, b, (unsigned)__builtin_ctz(match) / 2);

			if (zone_node_is(z, n, labels, bytes))
				return n;
			match &= match - 1;
		}
		if (__builtin_expect(!(b->flags & BUCKET_OVERFLOWS), 1))
			return NULL;
		b = cell_bucket_next(cell, b);
	}
}

/* The suffix of n with d labels, d deeper than the apex. */
static inline const struct node_d *
zone_suffix_find(
    const struct zone_view *z, const struct query_name *n, unsigned d)
{
	unsigned start = query_name_start(n, d);

	return zone_node_find(
	    z, n->hash[d], n->lower + start, n->bytes - start - z->apex_bytes);
}

/* The deepest apex that is a suffix of n with at most `most` labels. False if
 * there is none: not our name. */
bool zone_find(const struct generation *g, const struct query_name *n,
    unsigned most, struct zone_view *out);

static inline bool
apex_is(const struct node_d *node, const struct query_name *n, unsigned d)
{
	unsigned start = query_name_start(n, d);

	return node->flags & NODE_APEX &&
	       node->name_bytes == n->bytes - start &&
	       query_name_same(
		   node_name(node), n->lower + start, n->bytes - start);
}

static inline void
zone_view_set(struct zone_view *out, const struct generation *g,
    const struct cell_ref *cell, const struct node_d *apex)
{
	const struct zone_d *zone = (const struct zone_d *)apex - 1;
	const struct split_ref *split;

	out->zone = zone;
	out->apex_bytes = apex->name_bytes;
	out->apex_labels = zone->apex_labels;
	if (zone->split == NO_SPLIT) {
		out->cells = cell;
		out->slot_bits = 0;
		out->anchor = apex->anchor;
		out->anchor_mask = ~0u;
		return;
	}
	split = &g->splits[zone->split];
	out->cells = g->slots + split->first_slot;
	out->slot_bits = split->bits;
	out->anchor = 0;
	out->anchor_mask = 0;
}

/* The deepest level of at most `most` labels at which there is an apex; -1 if
 * there is none. */
static inline int
zone_depth_next(const struct generation *g, int most)
{
	if (__builtin_expect(most >= 64, 0)) {
		uint64_t high = g->depths[1] & (~0ull >> (127 - most));

		if (high)
			return 127 - __builtin_clzll(high);
		most = 63;
	}
	if (most < 0)
		return -1;

	uint64_t low = g->depths[0] & (~0ull >> (63 - most));

	return low ? 63 - __builtin_clzll(low) : -1;
}

#endif
