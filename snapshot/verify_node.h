/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Inside of the verifier: what verify_cell.c (header and table) and
 * verify_node.c (nodes and zones) share. Not for anybody else.
 */
#ifndef HOLDFAST_VERIFY_NODE_H
#define HOLDFAST_VERIFY_NODE_H

#include "snapshot/verify.h"
#include "snapshot/verify_block.h"

struct cell_check {
	struct cell_extent extent;
	const struct cell_expect *expect;
	const struct cell_header_d *header;
	struct err *err;
	/* CELL_SPLIT: the zone's apex */
	const uint8_t *apex;
	unsigned apex_bytes, apex_labels;
	uint64_t apex_hash;
	/* CELL_SHARED: the zone of the node before, which mostly is that of the
	 * next one; anchor 0: none yet */
	uint32_t zone_anchor;
	/* counted on the way, compared with the header at the end */
	uint32_t nzones;
	uint64_t depths[2];
	bool has_denial;
	/* the node in hand */
	struct block_owner owner;
};

/* Refuses, naming the offset. */
int cell_refuse(struct cell_check *c, uint32_t off, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Header and name of the node at `off` lie in the heap and are sound by
 * themselves: from then on the table may be looked up in. */
int node_shape_verify(struct cell_check *c, uint32_t off);

/* Makes the zone whose zone_d is at `anchor`, and whose apex node is in the
 * table, the one in hand. `off`: what to name if there is none. */
int cell_zone_set(struct cell_check *c, uint32_t off, uint32_t anchor);

/* Makes the name of `bytes` octets of sound labels above the apex of the zone
 * in hand the owner in hand: 0 octets for the apex. */
int cell_owner_set(
    struct cell_check *c, uint32_t off, const uint8_t *labels, unsigned bytes);

/* All the rest of a node, for the entry with this tag. */
int node_verify(struct cell_check *c, uint32_t off, uint16_t tag);

#endif
