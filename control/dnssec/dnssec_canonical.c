/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Canonical RRsets (dnssec_canonical.h). Sealed records are in order of their
 * RDATA already, which is canonical order unless a name in it has an upper case
 * letter.
 */
#include "control/dnssec/dnssec_canonical.h"

#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"

/* Types whose names in RDATA are put in lower case: RFC 4034 section 6.2, less
 * NSEC and HINFO, which RFC 6840 section 5.1 takes out. */
static bool
type_is_lowered(uint16_t type)
{
	switch (type) {
	case DNS_TYPE_NS:
	case DNS_TYPE_MD:
	case DNS_TYPE_MF:
	case DNS_TYPE_CNAME:
	case DNS_TYPE_SOA:
	case DNS_TYPE_MB:
	case DNS_TYPE_MG:
	case DNS_TYPE_MR:
	case DNS_TYPE_PTR:
	case DNS_TYPE_MINFO:
	case DNS_TYPE_MX:
	case DNS_TYPE_RP:
	case DNS_TYPE_AFSDB:
	case 21: /* RT */
	case DNS_TYPE_SIG:
	case 26: /* PX */
	case DNS_TYPE_NXT:
	case DNS_TYPE_SRV:
	case DNS_TYPE_NAPTR:
	case 36: /* KX */
	case 38: /* A6 */
	case DNS_TYPE_DNAME:
	case DNS_TYPE_RRSIG:
		return true;
	default:
		return false;
	}
}

struct lowering {
	uint8_t *rdata;
	bool changed;
};

static void
name_in_place(void *arg, size_t offset, bool may_compress)
{
	struct lowering *l = arg;
	uint8_t *name = l->rdata + offset;
	size_t bytes = name_length(name);
	uint8_t lower[DNS_NAME_MAX];

	(void)may_compress;
	name_lower(lower, name, bytes);
	l->changed |= memcmp(lower, name, bytes) != 0;
	memcpy(name, lower, bytes);
}

/* RDATA in canonical form, as found in `scratch`. */
struct canonical_rdata {
	const uint8_t *rdata;
	size_t bytes;
};

static int
rdata_compare(const void *a, const void *b)
{
	const struct canonical_rdata *x = a, *y = b;
	int c = memcmp(
	    x->rdata, y->rdata, x->bytes < y->bytes ? x->bytes : y->bytes);

	return c ? c : (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

static void
rr_append(struct bytes *out, const uint8_t *owner, size_t owner_bytes,
    uint16_t type, uint32_t ttl, const struct canonical_rdata *rdata)
{
	uint8_t fixed[10];

	wire_store16(fixed, type);
	wire_store16(fixed + 2, DNS_CLASS_IN);
	wire_store32(fixed + 4, ttl);
	wire_store16(fixed + 8, (uint16_t)rdata->bytes);
	bytes_append(out, owner, owner_bytes);
	bytes_append(out, fixed, sizeof fixed);
	bytes_append(out, rdata->rdata, rdata->bytes);
}

/* Names in RDATA are lowered in copies, which are then sorted anew. */
static bool
lowered_append(struct bytes *out, const struct zone_records *z,
    const struct record *r, size_t count, uint32_t ttl, struct bytes *scratch)
{
	const uint8_t *owner = record_owner(z, r);
	size_t owner_bytes = name_length(owner), at = 0;
	struct canonical_rdata *list = calloc(count, sizeof *list);
	struct lowering l = {0};

	bytes_clear(scratch);
	for (size_t i = 0; i < count; i++)
		bytes_append(scratch, record_rdata(z, &r[i]), r[i].rdata_bytes);
	if (!list || scratch->failed) {
		free(list);
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		list[i] = (struct canonical_rdata){
		    scratch->data + at, r[i].rdata_bytes};
		l.rdata = scratch->data + at;
		rdata_names(
		    r->type, l.rdata, r[i].rdata_bytes, name_in_place, &l);
		at += r[i].rdata_bytes;
	}
	if (l.changed)
		qsort(list, count, sizeof *list, rdata_compare);
	for (size_t i = 0; i < count; i++)
		if (!i || rdata_compare(&list[i - 1], &list[i]) != 0)
			rr_append(
			    out, owner, owner_bytes, r->type, ttl, &list[i]);
	free(list);
	return true;
}

bool
dnssec_canonical_rrset(struct bytes *out, const struct zone_records *z,
    size_t first, size_t count, uint32_t ttl, struct bytes *scratch)
{
	const struct record *r = &z->records[first];
	const uint8_t *owner = record_owner(z, r);
	size_t owner_bytes = name_length(owner);

	if (type_is_lowered(r->type)) {
		if (!lowered_append(out, z, r, count, ttl, scratch))
			return false;
		return !out->failed;
	}
	for (size_t i = 0; i < count; i++) {
		struct canonical_rdata rdata = {
		    record_rdata(z, &r[i]), r[i].rdata_bytes};

		rr_append(out, owner, owner_bytes, r->type, ttl, &rdata);
	}
	return !out->failed;
}
