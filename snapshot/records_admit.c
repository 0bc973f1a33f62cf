/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Records that somebody else has sorted: are they what sealing leaves? One
 * pass in order, which touches each octet once; what it costs is comparing
 * names that follow each other. Runs in holdfastd, over what its parser hands
 * back; allocates nothing.
 */
#include <string.h>

#include "base/name.h"
#include "snapshot/hash.h"
#include "snapshot/records.h"

static int
unsound(const struct zone_admission *a, const char *what, struct err *err)
{
	return err_set(err, ERR_CORRUPT, "record %zu of %zu: %s", a->at,
	    a->z->count, what);
}

static bool
is_lower(const uint8_t *name, size_t bytes)
{
	uint8_t lower[DNS_NAME_MAX + 1];

	name_lower(lower, name, bytes);
	return memcmp(lower, name, bytes) == 0;
}

/* Of a sound name in lower case. */
static bool
is_in_zone(const struct zone_records *z, const uint8_t *owner, size_t bytes)
{
	size_t at = 0;

	while (at + z->apex_bytes < bytes)
		at += owner[at] + 1u;
	return at + z->apex_bytes == bytes &&
	       memcmp(owner + at, z->apex, z->apex_bytes) == 0;
}

/* A name that follows those before: sound, lower case, in the zone, behind the
 * one before in canonical order. */
static int
owner_admit(struct zone_admission *a, const struct record *r, struct err *err)
{
	const struct zone_records *z = a->z;
	const uint8_t *owner = z->names.data + a->names_end;
	size_t bytes;

	if (r->owner != a->names_end)
		return unsound(a, "its owner is not behind those before", err);
	bytes = name_length_find(owner, z->names.len - a->names_end);
	if (bytes == 0)
		return unsound(a, "its owner is not a sound name", err);
	if (!is_lower(owner, bytes))
		return unsound(a, "its owner has capitals", err);
	if (!is_in_zone(z, owner, bytes))
		return unsound(a, "its owner is not in the zone", err);
	if (a->at > 0 && name_compare(record_owner(z, r - 1), owner) >= 0)
		return unsound(a, "owners are not in canonical order", err);
	a->names_end += bytes;
	return 0;
}

static bool
same_rrset(const struct zone_records *z, const struct record *a,
    const struct record *b)
{
	/* RRSIGs that cover different types are different sets (RFC 4034
	 * section 3) */
	return a->type == b->type &&
	       (a->type != DNS_TYPE_RRSIG ||
		   (a->rdata_bytes >= 2 && b->rdata_bytes >= 2 &&
		       memcmp(record_rdata(z, a), record_rdata(z, b), 2) == 0));
}

/* The record before has the same owner. */
static int
follower_admit(
    struct zone_admission *a, const struct record *r, struct err *err)
{
	const struct record *last = r - 1;
	size_t least = last->rdata_bytes < r->rdata_bytes ? last->rdata_bytes
	                                                  : r->rdata_bytes;
	int c;

	if (last->type > r->type)
		return unsound(a, "types are not in order", err);
	if (last->type != r->type)
		return 0;
	c = memcmp(record_rdata(a->z, last), record_rdata(a->z, r), least);
	if (c > 0 || (c == 0 && last->rdata_bytes >= r->rdata_bytes))
		return unsound(a, "RDATA is not in order, or there twice", err);
	if (same_rrset(a->z, last, r) && last->ttl != r->ttl)
		return unsound(a, "TTLs differ within the RRset", err);
	return 0;
}

static void
ignore_name(void *arg, size_t offset, bool may_compress)
{
	(void)arg;
	(void)offset;
	(void)may_compress;
}

static int
record_admit(struct zone_admission *a, const struct record *r, struct err *err)
{
	const struct zone_records *z = a->z;
	bool follows = a->at > 0 && r->owner == r[-1].owner;
	int rc = follows ? 0 : owner_admit(a, r, err);

	if (rc)
		return rc;
	if (r->rdata != a->rdata_end ||
	    r->rdata_bytes > z->rdata.len - a->rdata_end)
		return unsound(a, "its RDATA is not behind that before", err);
	a->rdata_end += r->rdata_bytes;
	if (r->ttl > DNS_TTL_MAX)
		return unsound(a, "TTL over 2^31 - 1", err);
	if (!rdata_names(
		r->type, record_rdata(z, r), r->rdata_bytes, ignore_name, NULL))
		return unsound(a, "RDATA has not the shape of its type", err);
	return follows ? follower_admit(a, r, err) : 0;
}

int
zone_records_admit_some(struct zone_admission *a, struct err *err)
{
	const struct zone_records *z = a->z;
	int rc = 0;

	if (z->count > UINT32_MAX || z->names.len > UINT32_MAX ||
	    z->rdata.len > UINT32_MAX)
		return err_set(err, ERR_LIMIT, "over 4 GiB of records");
	for (; a->at < z->count && rc == 0; a->at++)
		rc = record_admit(a, &z->records[a->at], err);
	return rc;
}

int
zone_records_admit_end(struct zone_admission *a, struct err *err)
{
	if (a->names_end != a->z->names.len || a->rdata_end != a->z->rdata.len)
		return err_set(err, ERR_CORRUPT,
		    "names or RDATA that belong to no record");
	return zone_records_mark(a->z, err);
}

int
zone_records_admit(struct zone_records *z, struct err *err)
{
	struct zone_admission a = {.z = z};
	int rc = zone_records_admit_some(&a, err);

	return rc ? rc : zone_records_admit_end(&a, err);
}
