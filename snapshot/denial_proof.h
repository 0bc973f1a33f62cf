/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The RRset that shows what is not there, as a block beside its place in the
 * chain. Internal to the cell builder.
 */
#ifndef HOLDFAST_DENIAL_PROOF_H
#define HOLDFAST_DENIAL_PROOF_H

#include "snapshot/block_builder.h"
#include "snapshot/zone_plan.h"

/* Appends the RRset of a type that is among `count` records from `first` on,
 * which have one owner, with its signatures: one form, as of an answer. */
int denial_proof_append(struct bytes *out, struct block_builder *b,
    const struct zone_plan *p, uint32_t first, uint32_t count, uint16_t type,
    struct err *err);

#endif
