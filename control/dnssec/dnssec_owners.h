/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The owner names of a sealed zone and what each is to DNSSEC. Made by one
 * pass; read-only then. Memory: 16 octets a name.
 */
#ifndef HOLDFAST_DNSSEC_OWNERS_H
#define HOLDFAST_DNSSEC_OWNERS_H

#include "base/err.h"
#include "snapshot/records.h"

enum dnssec_owner_kind {
	OWNER_AUTHORITATIVE, /* the apex among them */
	OWNER_CUT,           /* NS, not the apex: only DS and NSEC are ours */
	OWNER_BELOW_CUT,     /* glue, and what else is hidden there */
	OWNER_HASH, /* NSEC3 and its signatures and nothing else: no name */
};

struct dnssec_owner {
	uint32_t first, count; /* records */
	uint8_t kind;
};

struct dnssec_owners {
	const struct zone_records *zone;
	struct dnssec_owner *list; /* canonical order; the apex is first */
	size_t count;
};

int dnssec_owners_make(
    struct dnssec_owners *o, const struct zone_records *z, struct err *err);
void dnssec_owners_fini(struct dnssec_owners *o);

static inline const uint8_t *
dnssec_owner_name(const struct dnssec_owners *o, const struct dnssec_owner *w)
{
	return record_owner(o->zone, &o->zone->records[w->first]);
}

/* First record of the type and how many, or NULL. */
const struct record *dnssec_owner_find(const struct dnssec_owners *o,
    const struct dnssec_owner *w, uint16_t type, size_t *count);

/* The type bitmap (RFC 4034 section 4.1.2) of what denial must say is at this
 * name; NULL: of an empty non-terminal. Returns its octets. */
enum { DNSSEC_BITMAP_MAX = 256 * 34 };
size_t dnssec_owner_bitmap(uint8_t out[DNSSEC_BITMAP_MAX],
    const struct dnssec_owners *o, const struct dnssec_owner *w);

struct dnssec_faults;
/* Says that the bitmap `got`, of a record of `type`, is not `want`. */
void dnssec_bitmap_fault(struct dnssec_faults *f, const uint8_t *owner,
    const char *type, const uint8_t *got, size_t got_bytes, const uint8_t *want,
    size_t want_bytes);

#endif
