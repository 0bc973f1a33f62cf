/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Looking names up in the table of a cell, plainly: for the verifier and the
 * checks over a whole generation. The engine has its own, faster lookup. The
 * offsets in the table must have been checked. Inline, read-only.
 */
#ifndef HOLDFAST_CELL_TABLE_H
#define HOLDFAST_CELL_TABLE_H

#include <stdbool.h>
#include <string.h>

#include "snapshot/format.h"
#include "snapshot/hash.h"

/* What is looked for: an apex by its whole name, or a name by its octets above
 * the apex of the zone with this anchor (shared cells). */
struct cell_key {
	uint64_t hash;
	const uint8_t *name;
	unsigned bytes;
	bool is_apex;
	bool any_anchor; /* split cells have one zone */
	uint32_t anchor;
};

static inline const struct bucket_d *
cell_buckets(const uint8_t *cell)
{
	return (const void *)(cell + sizeof(struct cell_header_d));
}

static inline bool
cell_node_matches(const struct node_d *n, const struct cell_key *key)
{
	if (!!(n->flags & NODE_APEX) != key->is_apex ||
	    n->name_bytes != key->bytes)
		return false;
	if (!key->is_apex && !key->any_anchor && n->anchor != key->anchor)
		return false;
	return memcmp(n + 1, key->name, key->bytes) == 0;
}

/* Offset of the node, 0 if there is none. *compared: octets, added up. */
static inline uint32_t
cell_lookup(const uint8_t *cell, uint32_t nbuckets, const struct cell_key *key,
    uint64_t *compared)
{
	const struct bucket_d *first = cell_buckets(cell);
	uint32_t at = name_bucket(key->hash, nbuckets);
	uint16_t tag = name_tag(key->hash);

	for (unsigned step = 0; step <= BUCKET_CHAIN_MAX; step++) {
		const struct bucket_d *b = first + at;

		for (unsigned i = 0; i < b->count; i++) {
			if (b->tag[i] != tag)
				continue;
			*compared += key->bytes;
			if (cell_node_matches(
				(const void *)(cell + b->node_off[i]), key))
				return b->node_off[i];
		}
		if (!(b->flags & BUCKET_OVERFLOWS))
			break;
		at = at + 1 == nbuckets ? 0 : at + 1;
	}
	return 0;
}

#endif
