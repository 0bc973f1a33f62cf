/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How large a zone's nodes and blocks will be, from its records alone: slots
 * are chosen before anything is planned. Runs in control and tools; one pass,
 * allocates nothing.
 *
 * Counted as the builder writes: both forms where there are signatures, glue in
 * each form of a referral, names compressed where it is cheap to see, and the
 * chain of NSEC or NSEC3. Glue from elsewhere in the zone is not looked up.
 */
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "snapshot/cell_builder.h"

enum {
	TABLE_BYTES = 10,      /* a bucket of 64 bytes for 6.5 names */
	HEAD_BYTES = 8,        /* node_d */
	SET_BYTES = 4 + 12,    /* type_d, block_d */
	RR_BYTES = 12 + 2 + 2, /* fixed octets, relocation, TTL position */
	MARK_BYTES = 4,
	FORM_BYTES = 12 + 2, /* block_d and padding of the form for DO */
	LINE_BYTES = 64,
	/* a line of the tree for five names and a bit, padding, block_d */
	ORDER_BYTES = 64 * 10 / 51 + 1 + 2 + 12 + 2,
	/* hashed_name_d, an entry of the directory for three, block_d */
	HASHED_BYTES = 24 + 4 / 3 + 12 + 2,
};

/* The records of one owner, and of what is hidden below it. */
struct estimate {
	const struct zone_records *z;
	size_t first, end, below;
	bool is_cut, is_signed_zone, is_nsec_zone;
};

static bool
covers_same(const struct zone_records *z, const struct record *a,
    const struct record *b)
{
	return a->rdata_bytes >= 2 && b->rdata_bytes >= 2 &&
	       memcmp(record_rdata(z, a), record_rdata(z, b), 2) == 0;
}

/* Octets of an RRset or of the signatures over it, and where it ends. */
static uint64_t
set_bytes(const struct estimate *e, size_t at, size_t *end)
{
	const struct record *r = e->z->records;
	uint64_t bytes = 0;
	size_t i = at;

	for (; i < e->end && r[i].type == r[at].type; i++) {
		if (r[at].type == DNS_TYPE_RRSIG && i > at &&
		    !covers_same(e->z, &r[at], &r[i]))
			break;
		bytes += RR_BYTES + r[i].rdata_bytes;
	}
	*end = i;
	return bytes;
}

static uint64_t
signature_bytes(const struct estimate *e, uint16_t covered)
{
	const struct record *r = e->z->records;
	uint64_t bytes = 0;

	for (size_t i = e->first; i < e->end; i++)
		if (r[i].type == DNS_TYPE_RRSIG && r[i].rdata_bytes > 2 &&
		    wire_load16(record_rdata(e->z, &r[i])) == covered)
			bytes += RR_BYTES + r[i].rdata_bytes;
	return bytes;
}

/* What compression saves in the targets of NS: the apex, or all but the first
 * label where the target before has the same rest. */
static uint64_t
targets_saved(const struct estimate *e, size_t at, size_t end)
{
	const uint8_t *last = NULL;
	uint64_t bytes = 0;

	for (; at < end; at++) {
		const struct record *r = &e->z->records[at];
		const uint8_t *target = record_rdata(e->z, r);
		size_t rest = r->rdata_bytes - target[0] - 1u;

		if (target[0] == 0)
			continue;
		if (last &&
		    name_equal(name_parent(last, 1), name_parent(target, 1)))
			bytes += rest - 2;
		else if (e->z->apex_bytes > 1 &&
			 name_is_at_or_below(target, e->z->apex))
			bytes += e->z->apex_bytes - 2u;
		last = target;
	}
	return bytes;
}

static uint64_t
glue_bytes(const struct estimate *e)
{
	const struct record *r = e->z->records;
	uint64_t bytes = 0;

	for (size_t i = e->first; i < e->below; i++)
		if (r[i].type == DNS_TYPE_A || r[i].type == DNS_TYPE_AAAA)
			bytes += RR_BYTES + MARK_BYTES + r[i].rdata_bytes;
	return bytes ? bytes + MARK_BYTES : 0;
}

/* Octets of the records of a type, from one record on. */
static uint64_t
type_bytes(const struct estimate *e, size_t at, uint16_t type)
{
	uint64_t bytes = 0;

	for (; at < e->end; at++)
		if (e->z->records[at].type == type)
			bytes += RR_BYTES + e->z->records[at].rdata_bytes;
	return bytes;
}

static uint64_t
referral_bytes(const struct estimate *e, size_t at, uint64_t ns, size_t end)
{
	uint64_t form = ns - targets_saved(e, at, end) + glue_bytes(e);
	uint64_t proof = type_bytes(e, end, DNS_TYPE_DS);
	uint16_t type = DNS_TYPE_DS;

	if (proof == 0 && e->is_nsec_zone) {
		type = DNS_TYPE_NSEC;
		proof = type_bytes(e, end, type);
	}
	if (proof == 0 || !e->is_signed_zone)
		return form;
	return 2 * form + FORM_BYTES + proof + signature_bytes(e, type) +
	       3 * MARK_BYTES;
}

static uint64_t
owner_bytes(const struct estimate *e)
{
	const struct record *r = &e->z->records[e->first];
	uint64_t bytes =
	    HEAD_BYTES +
	    ((name_length(record_owner(e->z, r)) - e->z->apex_bytes + 3u) &
		~3u);
	size_t end;

	for (size_t at = e->first; at < e->end; at = end) {
		uint16_t type = e->z->records[at].type;
		uint64_t set = set_bytes(e, at, &end), signature;

		if (type == DNS_TYPE_RRSIG || type == DNS_TYPE_NSEC3 ||
		    (type == DNS_TYPE_NSEC && e->is_nsec_zone) ||
		    (e->is_cut && type != DNS_TYPE_NS && type != DNS_TYPE_DS &&
			type != DNS_TYPE_NSEC))
			continue;
		if (e->is_cut && type == DNS_TYPE_NS) {
			bytes += SET_BYTES + referral_bytes(e, at, set, end);
			continue;
		}
		signature = signature_bytes(e, type);
		bytes += SET_BYTES + set;
		if (signature > 0)
			bytes += FORM_BYTES + set + signature + 2 * MARK_BYTES;
	}
	/* what fits a line but not two to a line gets one */
	return bytes > LINE_BYTES / 2 && bytes < LINE_BYTES ? LINE_BYTES
	                                                    : bytes;
}

static bool
has_type(const struct estimate *e, uint16_t type)
{
	for (size_t i = e->first; i < e->end; i++)
		if (e->z->records[i].type == type)
			return true;
	return false;
}

/* What the chain has of an owner. */
static uint64_t
chain_bytes(const struct estimate *e, bool is_hashed)
{
	const struct record *r = &e->z->records[e->first];

	if (is_hashed)
		return HASHED_BYTES + type_bytes(e, e->first, DNS_TYPE_NSEC3) +
		       signature_bytes(e, DNS_TYPE_NSEC3) + 2 * MARK_BYTES;
	if (!e->is_nsec_zone || !has_type(e, DNS_TYPE_NSEC))
		return 0;
	return ORDER_BYTES + name_length(record_owner(e->z, r)) -
	       e->z->apex_bytes + type_bytes(e, e->first, DNS_TYPE_NSEC) +
	       signature_bytes(e, DNS_TYPE_NSEC) + 2 * MARK_BYTES;
}

/* Whether there is a name here: those of NSEC3 records are none. */
static bool
is_name(const struct estimate *e, bool is_hashed)
{
	for (size_t i = e->first; is_hashed && i < e->end; i++)
		if (e->z->records[i].type != DNS_TYPE_NSEC3 &&
		    e->z->records[i].type != DNS_TYPE_RRSIG)
			return true;
	return !is_hashed;
}

static void
zone_look(struct estimate *e)
{
	const struct zone_records *z = e->z;
	size_t n;

	e->is_signed_zone =
	    zone_records_find(z, z->apex, DNS_TYPE_DNSKEY, &n) != NULL;
	e->is_nsec_zone = e->is_signed_zone && zone_records_find(z, z->apex,
						   DNS_TYPE_NSEC, &n) != NULL;
}

uint64_t
zone_bytes_estimate(const struct zone_records *zone)
{
	struct estimate e = {.z = zone};
	uint64_t bytes = sizeof(struct zone_d);

	zone_look(&e);
	for (e.first = 0; e.first < zone->count; e.first = e.below) {
		const struct record *r = &zone->records[e.first];
		const uint8_t *owner = record_owner(zone, r);
		bool is_hashed;

		for (e.end = e.first + 1; e.end < zone->count; e.end++)
			if (zone->records[e.end].owner != r->owner)
				break;
		e.is_cut = e.first > 0 && has_type(&e, DNS_TYPE_NS);
		for (e.below = e.end; e.is_cut && e.below < zone->count;
		     e.below++)
			if (!name_is_at_or_below(
				record_owner(zone, &zone->records[e.below]),
				owner))
				break;
		is_hashed = e.is_signed_zone && has_type(&e, DNS_TYPE_NSEC3);
		bytes += chain_bytes(&e, is_hashed);
		if (is_name(&e, is_hashed))
			bytes += TABLE_BYTES + owner_bytes(&e);
	}
	return bytes;
}
