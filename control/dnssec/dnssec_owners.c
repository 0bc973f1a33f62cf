/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Owner names and their type bitmaps (dnssec_owners.h). In canonical order all
 * names below a cut follow it, so the last cut seen is the one that counts.
 */
#include "control/dnssec/dnssec_owners.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "control/dnssec/dnssec_faults.h"

static bool
is_covered_by_nsec3(const struct zone_records *z, const struct record *r)
{
	return r->type == DNS_TYPE_NSEC3 ||
	       (r->type == DNS_TYPE_RRSIG && r->rdata_bytes >= 2 &&
		   wire_load16(record_rdata(z, r)) == DNS_TYPE_NSEC3);
}

static enum dnssec_owner_kind
kind_of(const struct zone_records *z, const struct dnssec_owner *w,
    const uint8_t **cut)
{
	const struct record *r = &z->records[w->first];
	const uint8_t *name = record_owner(z, r);
	bool hash = true, ns = false;

	if (*cut && name_is_at_or_below(name, *cut))
		return OWNER_BELOW_CUT;
	for (size_t i = 0; i < w->count; i++) {
		hash &= is_covered_by_nsec3(z, &r[i]);
		ns |= r[i].type == DNS_TYPE_NS;
	}
	if (hash)
		return OWNER_HASH;
	if (!ns || name_equal(name, z->apex))
		return OWNER_AUTHORITATIVE;
	*cut = name;
	return OWNER_CUT;
}

static size_t
owners_count(const struct zone_records *z)
{
	size_t n = 0;

	for (size_t i = 0; i < z->count; i++)
		n += !i || z->records[i].owner != z->records[i - 1].owner;
	return n;
}

int
dnssec_owners_make(
    struct dnssec_owners *o, const struct zone_records *z, struct err *err)
{
	const uint8_t *cut = NULL;
	size_t n = owners_count(z);

	*o = (struct dnssec_owners){
	    .zone = z, .list = calloc(n + 1, sizeof *o->list)};
	if (!o->list)
		return err_set(
		    err, ERR_NO_MEMORY, "no memory for %zu names", n);
	for (size_t i = 0; i < z->count;) {
		struct dnssec_owner *w = &o->list[o->count++];

		w->first = (uint32_t)i;
		for (; i < z->count &&
		       z->records[i].owner == z->records[w->first].owner;
		     i++)
			w->count++;
		w->kind = (uint8_t)kind_of(z, w, &cut);
	}
	return 0;
}

void
dnssec_owners_fini(struct dnssec_owners *o)
{
	free(o->list);
	*o = (struct dnssec_owners){0};
}

const struct record *
dnssec_owner_find(const struct dnssec_owners *o, const struct dnssec_owner *w,
    uint16_t type, size_t *count)
{
	const struct record *r = &o->zone->records[w->first];
	size_t i = 0, n = 0;

	while (i < w->count && r[i].type < type)
		i++;
	while (i + n < w->count && r[i + n].type == type)
		n++;
	*count = n;
	return n ? &r[i] : NULL;
}

/* At a cut the parent has NS, DS, and what signs and denies (RFC 4035 section
 * 2.3); an NSEC3 is not at the name that it is about. */
static bool
type_counts(const struct dnssec_owner *w, uint16_t type)
{
	if (type == DNS_TYPE_NSEC3)
		return false;
	return w->kind != OWNER_CUT || type == DNS_TYPE_NS ||
	       type == DNS_TYPE_DS || type == DNS_TYPE_NSEC ||
	       type == DNS_TYPE_RRSIG;
}

/* At a name that has both an NSEC3 of another name and data, the signature of
 * the NSEC3 alone is not the name's. */
static bool
signature_counts(const struct dnssec_owners *o, const struct record *r)
{
	return r->type != DNS_TYPE_RRSIG || !is_covered_by_nsec3(o->zone, r);
}

size_t
dnssec_owner_bitmap(uint8_t out[DNSSEC_BITMAP_MAX],
    const struct dnssec_owners *o, const struct dnssec_owner *w)
{
	const struct record *r = w ? &o->zone->records[w->first] : NULL;
	size_t at = 0, window = 0;
	int high = -1;

	for (size_t i = 0; w && i < w->count; i++) {
		unsigned type = r[i].type, octet = (type & 0xff) / 8;

		if (!type_counts(w, r[i].type) || !signature_counts(o, &r[i]))
			continue;
		if ((int)(type >> 8) != high) {
			high = (int)(type >> 8);
			window = at;
			out[at++] = (uint8_t)high;
			out[at++] = 0;
		}
		while (out[window + 1] <= octet) {
			out[at++] = 0;
			out[window + 1]++;
		}
		out[window + 2 + octet] |= (uint8_t)(0x80 >> type % 8);
	}
	return at;
}

static bool
bitmap_has(const uint8_t *bitmap, size_t bytes, unsigned type)
{
	for (size_t at = 0; at + 2 <= bytes; at += 2u + bitmap[at + 1]) {
		unsigned octet = (type & 0xff) / 8;

		if (bitmap[at] == type >> 8)
			return octet < bitmap[at + 1] &&
			       at + 2 + octet < bytes &&
			       bitmap[at + 2 + octet] & 0x80 >> type % 8;
	}
	return false;
}

void
dnssec_bitmap_fault(struct dnssec_faults *f, const uint8_t *owner,
    const char *type, const uint8_t *got, size_t got_bytes, const uint8_t *want,
    size_t want_bytes)
{
	char text[16];

	for (unsigned t = 1; t < 65536; t++) {
		bool has = bitmap_has(got, got_bytes, t);

		if (has == bitmap_has(want, want_bytes, t))
			continue;
		dnssec_fault(f, owner, "%s: its bitmap %s %s", type,
		    has ? "has a type that is not there:"
			: "lacks a type that is there:",
		    dnssec_type_text(text, (uint16_t)t));
		return;
	}
	dnssec_fault(f, owner, "%s: its bitmap is not in canonical form", type);
}
