/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The walk over a zone by owners that tells what of it is the zone's own, and
 * so is signed. Any thread; allocates nothing.
 */
#ifndef HOLDFAST_OWNER_WALK_H
#define HOLDFAST_OWNER_WALK_H

#include "snapshot/records.h"

enum owner_kind {
	OWNER_AUTHORITATIVE,
	OWNER_CUT,      /* a delegation: its DS and denial are the zone's own */
	OWNER_OCCLUDED, /* below a delegation or a DNAME: glue, or hidden */
};

/* An owner and its records. The name is a copy: records may be added to the
 * zone while it is walked; those behind `end` are not seen. */
struct owner_walk {
	const struct zone_records *zone;
	size_t end;
	size_t first, next; /* records of the owner: [first, next) */
	enum owner_kind kind;
	bool has_ds;
	uint8_t name[DNS_NAME_MAX + 1];
	uint8_t hidden_below[DNS_NAME_MAX + 1]; /* the cut or DNAME seen last */
	bool hides;
};

/* Over a sealed zone. */
void owner_walk_begin(struct owner_walk *w, const struct zone_records *z);
/* False at the end. */
bool owner_walk_next(struct owner_walk *w);

/* Where the RRset that starts at `i` ends, at most `end`. */
size_t rrset_end(const struct zone_records *z, size_t i, size_t end);

#endif
