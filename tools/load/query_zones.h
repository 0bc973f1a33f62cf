/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The zones that queries are made from and answers are compared with: their
 * records, and the names that are there to be asked. Main thread; allocates
 * both, and keeps them until the set is made.
 */
#ifndef HOLDFAST_QUERY_ZONES_H
#define HOLDFAST_QUERY_ZONES_H

#include "snapshot/records.h"
#include "tools/load/query_set.h"

struct query_zones {
	struct zone_records **zones; /* sealed, sorted by apex */
	size_t count;
};

int query_zones_load(
    struct query_zones *z, const struct query_mix *mix, struct err *err);
void query_zones_fini(struct query_zones *z);

/* The deepest zone that has the name, or SIZE_MAX. */
size_t query_zones_find(const struct query_zones *z, const uint8_t *name);

/* Where the records of a name begin. */
struct query_name {
	uint32_t zone, record;
};

/* Owners of records that a question can be answered with: not below a cut or a
 * DNAME, and not of NSEC3 or signatures alone. */
struct query_names {
	struct query_name *names;
	size_t count;
	bool *has_wildcards; /* of each zone */
};

int query_names_collect(struct query_names *n, const struct query_zones *z,
    const struct query_mix *mix, struct err *err);
void query_names_fini(struct query_names *n);

/* Whether clients ask for that type: signatures and proofs come by themselves.
 */
bool query_type_is_asked(uint16_t type);

/* True if the zone has records of this owner, which is in lower case. */
bool query_zone_has(const struct zone_records *z, const uint8_t *owner);

/* The records behind `first` that have its owner, itself included. */
size_t query_name_records(const struct zone_records *z, size_t first);

#endif
