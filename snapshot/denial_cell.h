/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How a zone proves absence, in the cell of its apex (denial_d of format.h).
 * Internal to the cell builder.
 */
#ifndef HOLDFAST_DENIAL_CELL_H
#define HOLDFAST_DENIAL_CELL_H

#include "snapshot/block_builder.h"
#include "snapshot/zone_plan.h"

/* Appends the denial_d of a zone that has one (p->denial), with its chain if
 * the zone is not split. *off: where it is; it and chain_off count from the
 * start of `heap`, which is 64-aligned in the cell. */
int denial_append(struct bytes *heap, struct block_builder *b,
    const struct zone_plan *p, uint32_t *off, struct err *err);

/* The names (NSEC) or hashes (NSEC3) of denial cell `number` of a split zone,
 * as counted: *first indexes p->chain, p->ranges (NSEC, number 0) or
 * p->hashed. Fails if the plan has not as many cells as were counted. */
int denial_cell_find(const struct zone_plan *p,
    const struct zone_denial *denial, uint32_t number, uint32_t *first,
    uint32_t *count, struct err *err);

#endif
