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

#endif
