/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Inside of a zone's plan: the names that will be in tables. Internal to the
 * cell builder; the public face is snapshot/cell_builder.h.
 */
#ifndef HOLDFAST_ZONE_PLAN_H
#define HOLDFAST_ZONE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "snapshot/cell_builder.h"
#include "snapshot/format.h"

/* A name of the zone. An empty non-terminal has no records; its name is the end
 * of a longer one. */
struct plan_node {
	uint64_t hash;
	uint32_t name;  /* offset in the records' names, whole name */
	uint32_t first; /* index of its first record */
	uint32_t count; /* its records */
	uint32_t below; /* of a cut: records behind them that are below it */
	uint16_t flags; /* enum node_flags */
	uint8_t name_bytes; /* without the apex's octets */
	uint8_t cut_labels; /* of NODE_OCCLUDED: labels of the cut above */
	bool is_linked;     /* of a cut of a split zone: other cuts link to its
	                       addresses */
};

enum {
	/* denial_slots has 16 bits, and slot 0 is for the ranges' first names
	 */
	DENIAL_RANGES_MAX = 65534,
	DENIAL_BITS_MAX = 15, /* of the slots of NSEC3 */
};

/* A name that has NSEC3 records of the chain. */
struct plan_hashed {
	uint8_t hash[NSEC3_HASH_BYTES]; /* its first label */
	uint32_t first;                 /* index of its first record */
	uint32_t count;                 /* its records, of all types */
};

struct zone_plan {
	const struct zone_records *zone;
	struct name_key key;
	uint64_t apex_hash;
	uint16_t split, zone_flags;
	uint8_t split_bits, apex_labels;
	/* in canonical order, the apex first; behind `existing`: occluded names
	 * of a split zone */
	struct plan_node *nodes;
	size_t count, cap, existing;
	/* split zones: indexes of nodes by slot; slot s has those from
	 * slot_first[s] to slot_first[s + 1] */
	uint32_t *by_slot, *slot_first;
	enum denial_kind denial; /* how absence is proven */
	uint32_t *chain; /* DENIAL_NSEC: indexes of nodes, the apex first */
	uint32_t chain_count;
	uint32_t *ranges; /* of a split zone: indexes in `chain` */
	uint32_t range_count;
	const struct record *nsec3_param; /* DENIAL_NSEC3: the chain's */
	struct plan_hashed *hashed;       /* ascending */
	uint32_t hashed_count;
};

static inline const uint8_t *
plan_node_name(const struct zone_plan *p, const struct plan_node *n)
{
	return p->zone->names.data + n->name;
}

/* The names of a slot lie all over the zone: fetches what is needed 16, 8 and 4
 * names further on, in steps as one leads to the other. always_inline, for gcc
 * 12 takes a function of prefetches alone for one without effect and drops it.
 */
static inline __attribute__((always_inline)) void
plan_slot_prefetch(const struct zone_plan *p, uint32_t i, uint32_t end)
{
	const struct zone_records *z = p->zone;
	const struct plan_node *n;
	const struct record *r;

	if (i + 16 >= end)
		return;
	__builtin_prefetch(&p->nodes[p->by_slot[i + 16]]);
	n = &p->nodes[p->by_slot[i + 8]];
	__builtin_prefetch(z->names.data + n->name);
	__builtin_prefetch(&z->records[n->first]);
	r = &z->records[p->nodes[p->by_slot[i + 4]].first];
	__builtin_prefetch(z->rdata.data + r->rdata);
}

static inline bool
plan_starts_range(uint64_t hash)
{
	return name_mixed_starts_range(name_hash_mix(hash));
}

/* Appends an empty node; NULL when out of memory. */
struct plan_node *plan_node_add(struct zone_plan *p);

/* The node with this name, else the last one in front of it in canonical
 * order: if that is a cut, it may be the one above. Never NULL for a name in
 * the zone. */
struct plan_node *plan_node_before(
    const struct zone_plan *p, const uint8_t *name);

/* An address record of a name below the apex; NULL if it has none. */
const struct record *plan_address_find(
    const struct zone_plan *p, const uint8_t *name);

/* zone_plan_split.c: occluded names that other cuts link to, then the slots. */
int plan_split(struct zone_plan *p, struct err *err);

/* zone_plan_denial.c: the chain of NSEC or NSEC3 records; the hash of a name
 * with the parameters of an NSEC3PARAM, which was found usable. */
int plan_denial(struct zone_plan *p, struct err *err);
/* p->denial and p->nsec3_param alone, for which p->zone will do. */
int plan_denial_choose(struct zone_plan *p, struct err *err);
/* The hash that owns an NSEC3 record of the chain; false for any other record.
 */
bool plan_hash_read(const struct zone_plan *p, const struct record *r,
    uint8_t hash[NSEC3_HASH_BYTES]);
void plan_nsec3_hash(const struct zone_plan *p, const struct record *param,
    const uint8_t *name, unsigned bytes, uint8_t hash[NSEC3_HASH_BYTES]);

/* zone_plan_check.c: records, and names with all their records, that no block
 * can be made of. */
int plan_records_check(const struct zone_records *z, struct err *err);
int plan_node_check(
    const struct zone_plan *p, const struct plan_node *n, struct err *err);

#endif
