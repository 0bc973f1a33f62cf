/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Inside of the checks over a whole generation: what check_whole.c (names) and
 * check_denial.c (chains of split zones) share.
 */
#ifndef HOLDFAST_CHECK_WHOLE_H
#define HOLDFAST_CHECK_WHOLE_H

#include "snapshot/load_cells.h"

struct whole_check {
	const struct generation *g;
	const struct generation *base; /* checked before; NULL: nothing was */
	struct err *err;
	uint32_t slot;
	/* the zone of the node in hand */
	const uint8_t *apex;
	unsigned apex_bytes, apex_labels;
	uint64_t apex_hash;
	uint32_t split, anchor;
};

/* Makes the zone of a split's cell, of any kind, the one in hand. */
void check_split_set(struct whole_check *c, const uint8_t *cell);

/* Refuses, with the text of the name of these labels above the apex. */
int check_refuse(struct whole_check *c, const uint8_t *labels, unsigned bytes,
    const char *why);

/* The node of the zone in hand with these labels above its apex (0 octets: its
 * apex node), or NULL. */
const struct node_d *check_node_find(
    const struct whole_check *c, const uint8_t *labels, unsigned bytes);

/* The denial cells of a split: they fit each other, the zone's denial_d and the
 * names. */
int denial_slots_check(struct whole_check *c, uint32_t split);

#endif
