/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Canonical RRsets (canonical_rrset.h).
 */
#include "control/sign/canonical_rrset.h"

#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"

/* One record's TTL and where its canonical RDATA is. */
struct canonical_record {
	const uint8_t *rdata;
	uint32_t ttl;
	uint16_t bytes;
};

/* Types whose names in RDATA are made lower case (RFC 4034 section 6.2; not
 * NSEC and HINFO, RFC 6840 section 5.1 and RFC 4034's own text). */
static bool
has_lower_names(uint16_t type)
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

static void
name_make_lower(void *arg, size_t offset, bool may_compress)
{
	uint8_t *name = (uint8_t *)arg + offset;

	(void)may_compress;
	name_lower(name, name, name_length(name));
}

static int
canonical_compare(const void *a, const void *b)
{
	const struct canonical_record *x = a, *y = b;
	int c = memcmp(
	    x->rdata, y->rdata, x->bytes < y->bytes ? x->bytes : y->bytes);

	return c ? c : (int)x->bytes - (int)y->bytes;
}

static void
record_append(struct bytes *out, const uint8_t *owner, uint16_t type,
    const struct canonical_record *c)
{
	uint8_t fixed[10];

	wire_store16(fixed, type);
	wire_store16(fixed + 2, DNS_CLASS_IN);
	wire_store32(fixed + 4, c->ttl);
	wire_store16(fixed + 8, c->bytes);
	bytes_append(out, owner, name_length(owner));
	bytes_append(out, fixed, sizeof fixed);
	bytes_append(out, c->rdata, c->bytes);
}

/* RDATA as it is: in order already. */
static int
plain_append(const struct zone_records *z, size_t first, size_t end,
    struct bytes *out, struct err *err)
{
	for (size_t i = first; i < end; i++) {
		const struct record *r = &z->records[i];
		struct canonical_record c = {.rdata = record_rdata(z, r),
		    .ttl = r->ttl,
		    .bytes = r->rdata_bytes};

		record_append(out, record_owner(z, r), r->type, &c);
	}
	return out->failed ? err_set(err, ERR_NO_MEMORY, "out of memory") : 0;
}

/* Copies into `lower`, one after the other. */
static int
lower_copy(const struct zone_records *z, size_t first, size_t end,
    struct canonical_record *list, uint8_t *lower, struct err *err)
{
	for (size_t i = first; i < end; i++) {
		const struct record *r = &z->records[i];
		char owner[NAME_TEXT_MAX];

		memcpy(lower, record_rdata(z, r), r->rdata_bytes);
		if (!rdata_names(
			r->type, lower, r->rdata_bytes, name_make_lower, lower))
			return err_set(err, ERR_SEMANTIC,
			    "%.255s: RDATA does not have the shape of its type "
			    "%u",
			    name_to_text(owner, record_owner(z, r)), r->type);
		list[i - first] = (struct canonical_record){
		    .rdata = lower, .ttl = r->ttl, .bytes = r->rdata_bytes};
		lower += r->rdata_bytes;
	}
	return 0;
}

int
canonical_rrset_append(const struct zone_records *z, size_t first, size_t end,
    struct bytes *out, struct err *err)
{
	struct canonical_record *list;
	const struct record *r = &z->records[first];
	size_t n = end - first, bytes = 1;
	uint8_t *lower;
	int rc;

	if (!has_lower_names(r->type))
		return plain_append(z, first, end, out, err);
	for (size_t i = first; i < end; i++)
		bytes += z->records[i].rdata_bytes;
	list = calloc(n, sizeof *list);
	lower = malloc(bytes);
	rc = list && lower ? lower_copy(z, first, end, list, lower, err)
	                   : err_set(err, ERR_NO_MEMORY, "out of memory");
	if (rc == 0)
		qsort(list, n, sizeof *list, canonical_compare);
	for (size_t i = 0; rc == 0 && i < n; i++)
		/* RFC 4034 section 6.3: what is equal now counts once */
		if (i == 0 || canonical_compare(&list[i - 1], &list[i]) != 0)
			record_append(
			    out, record_owner(z, r), r->type, &list[i]);
	free(list);
	free(lower);
	if (rc == 0 && out->failed)
		rc = err_set(err, ERR_NO_MEMORY, "out of memory");
	return rc;
}

void
owner_walk_begin(struct owner_walk *w, const struct zone_records *z)
{
	*w = (struct owner_walk){.zone = z, .end = z->count};
}

size_t
rrset_end(const struct zone_records *z, size_t i, size_t end)
{
	const struct record *first = &z->records[i];

	while (i < end && z->records[i].owner == first->owner &&
	       z->records[i].type == first->type)
		i++;
	return i;
}

bool
owner_walk_next(struct owner_walk *w)
{
	const struct zone_records *z = w->zone;
	bool cut = false, dname = false, apex;
	const uint8_t *name;
	uint32_t owner;

	w->first = w->next;
	if (w->first >= w->end)
		return false;
	owner = z->records[w->first].owner;
	name = z->names.data + owner;
	memcpy(w->name, name, name_length(name));
	apex = name_equal(w->name, z->apex);
	w->has_ds = false;
	for (; w->next < w->end && z->records[w->next].owner == owner;
	     w->next++) {
		cut |= z->records[w->next].type == DNS_TYPE_NS && !apex;
		dname |= z->records[w->next].type == DNS_TYPE_DNAME;
		w->has_ds |= z->records[w->next].type == DNS_TYPE_DS;
	}
	/* in canonical order all that is below a name follows it */
	w->kind = w->hides && name_is_at_or_below(w->name, w->hidden_below)
	              ? OWNER_OCCLUDED
	          : cut ? OWNER_CUT
	                : OWNER_AUTHORITATIVE;
	if (w->kind != OWNER_OCCLUDED && (cut || dname)) {
		w->hides = true;
		memcpy(w->hidden_below, w->name, sizeof w->hidden_below);
	}
	return true;
}
