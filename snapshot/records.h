/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The records of one version of one zone in canonical form, compact: what
 * sources make, the builder compiles, the naive resolver reads and the store
 * keeps as packs. Made by control and tools, one thread at a time; read-only
 * once sealed, then any thread.
 *
 * Sealed means: sorted by owner (RFC 4034 section 6.1), type, then RDATA
 * octets; no record twice; one TTL an RRset (the least one, RFC 2181
 * section 5.2); owner names in lower case; names in RDATA as the source wrote
 * them, uncompressed.
 */
#ifndef HOLDFAST_RECORDS_H
#define HOLDFAST_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/dns.h"
#include "base/err.h"
#include "snapshot/digest.h"

struct record {
	uint32_t owner; /* offset in `names` (whole name, wire form) */
	uint32_t rdata; /* offset in `rdata` */
	uint32_t ttl;
	uint16_t type;
	uint16_t rdata_bytes;
};

struct zone_records {
	uint8_t apex[DNS_NAME_MAX + 1]; /* lower case */
	uint8_t apex_bytes;
	uint32_t serial;       /* of the SOA, set by sealing */
	struct digest version; /* over apex and all records in order, set by
	                          sealing: names this version of the zone */
	/* Over the records without what signing makes anew (RRSIG, NSEC, NSEC3,
	 * NSEC3PARAM, ZONEMD, the SOA's serial), set by sealing: versions with
	 * the same one say the same of the same names. Not a digest to trust:
	 * who wants two zones with one content can make them. */
	uint64_t content;
	struct record *records;
	size_t count, cap;
	struct bytes names, rdata; /* names.data ends with room to over-read */
};

struct zone_records *zone_records_new(const uint8_t *apex, struct err *err);
void zone_records_free(struct zone_records *z);

/* Adds a record of class IN. Checks that owner is a sound name at or below the
 * apex; nothing else. Records of one owner that follow each other share it. */
int zone_records_add(struct zone_records *z, const uint8_t *owner,
    uint16_t type, uint32_t ttl, const void *rdata, size_t rdata_bytes,
    struct err *err);

/* Sorts, unites, digests. Fails when there is no SOA at the apex or two, or
 * out of memory. `warn`, if not NULL, hears what was united (TTLs that differ
 * within an RRset, records twice), at most once each. */
int zone_records_seal(struct zone_records *z,
    void (*warn)(void *arg, const char *text), void *arg, struct err *err);

/* Sealing in two steps: order, as above; then what is known of records that are
 * in order: serial and version. */
int zone_records_sort(struct zone_records *z,
    void (*warn)(void *arg, const char *text), void *arg, struct err *err);
int zone_records_mark(struct zone_records *z, struct err *err);

/* Sorted, and the serial known; `version` is none: for a zone that more records
 * are added to. */
int zone_records_order(struct zone_records *z, struct err *err);

/* Records from outside that claim to be sorted: `z` has an apex and, put there
 * by the caller, names and RDATA, the first of each record at the end of those
 * of the record before (names may be shared with it). Checks all that sorting
 * makes true, to the last octet (ERR_CORRUPT), then marks. Not whether it may
 * be served. */
int zone_records_admit(struct zone_records *z, struct err *err);

/* The same in steps, while records still arrive: those that have, with their
 * names and RDATA; and, when all are there, the rest. A new one is {.z = z}. */
struct zone_admission {
	struct zone_records *z;
	size_t at; /* the record in hand */
	size_t names_end, rdata_end;
};
int zone_records_admit_some(struct zone_admission *a, struct err *err);
int zone_records_admit_end(struct zone_admission *a, struct err *err);

static inline const uint8_t *
record_owner(const struct zone_records *z, const struct record *r)
{
	return z->names.data + r->owner;
}

static inline const uint8_t *
record_rdata(const struct zone_records *z, const struct record *r)
{
	return z->rdata.data + r->rdata;
}

/* First record of (owner, type) in a sealed zone and how many there are;
 * NULL if none. Binary search. */
const struct record *zone_records_find(const struct zone_records *z,
    const uint8_t *owner, uint16_t type, size_t *count);

/* Where names are inside the RDATA of a type: those that RFC 3597 section 4
 * lets us compress, and those that stay as they are. Calls `name` for each name
 * with its offset. False if the RDATA is too short or a name unsound (types not
 * listed always pass). One table serves builder, checks and packs. */
bool rdata_names(uint16_t type, const uint8_t *rdata, size_t bytes,
    void (*name)(void *arg, size_t offset, bool may_compress), void *arg);

/* A pack: the records of the zones of one slot, as bytes for the store. A slot
 * of a split zone has the zone's apex and those of its records whose owner
 * hashes there. Deterministic: zones in canonical order of their apexes. */
#define PACK_MAGIC "HFPACK1\n"

struct pack_zone {
	const struct zone_records *zone;
	/* NULL: all records; else the predicate of a split slot */
	bool (*wanted)(void *arg, const uint8_t *owner);
	void *arg;
};

int pack_write(const struct pack_zone *zones, size_t count, struct bytes *out,
    struct err *err);

/* Reads a pack and calls `zone` for each zone in it with records that are not
 * sealed yet (parts of a split zone are put together by the caller, then
 * sealed), the serial and the version of the whole zone. Hostile input: checked
 * to the last byte. The callback takes ownership of the zone_records. */
int pack_read(const void *data, size_t bytes,
    int (*zone)(void *arg, struct zone_records *part, uint32_t serial,
	const struct digest *version, struct err *err),
    void *arg, struct err *err);

/* Adds the records of `part` to `z` (same apex), for putting parts together. */
int zone_records_merge(
    struct zone_records *z, const struct zone_records *part, struct err *err);

#endif
