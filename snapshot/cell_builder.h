/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From records to cells. Two steps: a plan for each zone (which names exist,
 * their hashes, cuts, wildcards, empty non-terminals, occluded names, glue),
 * then a cell for each slot. Runs in control and tools. Deterministic: the same
 * zones, key and numbers give the same bytes.
 */
#ifndef HOLDFAST_CELL_BUILDER_H
#define HOLDFAST_CELL_BUILDER_H

#include "base/bytes.h"
#include "base/err.h"
#include "snapshot/hash.h"
#include "snapshot/records.h"

/* Borrows `zone`, which must be sealed and outlive the plan. */
struct zone_plan;

/* Plans a zone. split = NO_SPLIT: everything goes to the shared cell of the
 * apex; else its number, with 2^split_bits slots for all names but the apex. A
 * zone that must not be served (checks of the format, not of policy: records of
 * one name over 256 KiB, an RRset over 65,535 octets) fails and names the
 * record. */
int zone_plan_new(struct zone_plan **out, const struct zone_records *zone,
    const struct name_key *key, uint16_t split, unsigned split_bits,
    struct err *err);
void zone_plan_free(struct zone_plan *p);

uint64_t zone_plan_apex_hash(const struct zone_plan *p);
const struct zone_records *zone_plan_records(const struct zone_plan *p);

/* Bytes that the zone's nodes, blocks and chain will take, for choosing slots:
 * within about 10 %. Cheap: no plan needed. */
uint64_t zone_bytes_estimate(const struct zone_records *zone);

/* The shared cell of `slot` (of 2^slot_bits) from the plans of the zones whose
 * apex hashes there (any order; sorted inside): whole zones, and the apex nodes
 * of split ones. */
int cell_build_shared(const struct zone_plan *const *plans, size_t count,
    const struct name_key *key, uint32_t slot, unsigned slot_bits,
    struct bytes *out, struct err *err);

/* Cell `slot` of a split zone. */
int cell_build_split(const struct zone_plan *plan, const struct name_key *key,
    uint32_t slot, struct bytes *out, struct err *err);

/* How a split zone proves absence: the kind of its chain and the slots that it
 * takes, from the records alone, since slots are laid out before anything is
 * planned. NSEC3: about `cell_bytes` of records a slot; as many slots as
 * `before` says while that is not far off. A zone that can't be planned has
 * none. One pass; allocates nothing. */
struct zone_denial {
	uint8_t kind; /* enum denial_kind */
	uint16_t slots;
};
void zone_denial_count(const struct zone_records *zone,
    const struct name_key *key, uint64_t cell_bytes,
    const struct zone_denial *before, struct zone_denial *out);

/* Denial cell `number` of a split zone, whose slots are as counted. */
int cell_build_denial(const struct zone_plan *plan, const struct name_key *key,
    const struct zone_denial *denial, uint32_t number, struct bytes *out,
    struct err *err);

/* As zone_plan_slot_digest(), of a denial cell: it holds wherever among the
 * slots of NSEC the cell stands. */
int zone_plan_denial_digest(const struct zone_plan *plan,
    const struct zone_denial *denial, uint32_t number, struct digest *out,
    struct err *err);

/* Digest of all that cell `slot` of a split zone is made from: where it, the
 * key, and the split's number and bits are what they were, so are the cell's
 * bytes. Several times cheaper than building. */
int zone_plan_slot_digest(const struct zone_plan *plan, uint32_t slot,
    struct digest *out, struct err *err);

#endif
