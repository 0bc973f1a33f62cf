/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The version before (dnssec_before.h).
 */
#include "control/dnssec/dnssec_before.h"

#include <string.h>

#include "base/name.h"

void
dnssec_before_init(struct dnssec_before *b, const struct zone_records *zone)
{
	struct err err;

	b->zone = zone;
	if (zone && dnssec_keys_read(&b->keys, zone, &err) != 0)
		b->zone = NULL;
}

void
dnssec_before_seek(const struct dnssec_before *b,
    struct dnssec_before_cursor *c, const struct zone_records *z,
    const struct record *r)
{
	const uint8_t *owner = record_owner(z, r);
	size_t low = 0, high = b->zone ? b->zone->count : 0;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (name_compare(
			record_owner(b->zone, &b->zone->records[middle]),
			owner) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	c->at = low;
}

/* Moves on to the owner; false if it is not there. */
static bool
owner_reach(const struct dnssec_before *b, struct dnssec_before_cursor *c,
    const uint8_t *owner)
{
	const struct zone_records *z = b->zone;

	while (c->at < z->count) {
		const struct record *r = &z->records[c->at];
		int order = name_compare(record_owner(z, r), owner);

		if (order >= 0)
			return order == 0;
		while (c->at < z->count && z->records[c->at].owner == r->owner)
			c->at++;
	}
	return false;
}

/* The key is there, and no other that the signature could be by. */
static bool
key_is_known(const struct dnssec_before *b, const struct dnssec_key *key)
{
	const struct dnssec_key *keys[DNSSEC_TRIES_MAX];

	return dnssec_keys_find(&b->keys, key->tag, key->algorithm, keys) ==
	           1 &&
	       keys[0]->bytes == key->bytes &&
	       memcmp(keys[0]->rdata, key->rdata, key->bytes) == 0;
}

static bool
rdata_equal(const struct zone_records *za, const struct record *a,
    const struct zone_records *zb, const struct record *b)
{
	return a->rdata_bytes == b->rdata_bytes &&
	       memcmp(record_rdata(za, a), record_rdata(zb, b),
		   a->rdata_bytes) == 0;
}

static bool
rrset_equal(const struct zone_records *old, const struct record *r, size_t left,
    const struct zone_records *z, const struct record *rrset, size_t count)
{
	if (left < count || (left > count && r[count].type == rrset->type))
		return false;
	for (size_t i = 0; i < count; i++)
		if (r[i].type != rrset->type ||
		    !rdata_equal(old, &r[i], z, &rrset[i]))
			return false;
	return true;
}

bool
dnssec_before_has(const struct dnssec_before *b, struct dnssec_before_cursor *c,
    const struct zone_records *z, const struct record *rrsig,
    const struct record *rrset, size_t count, const struct dnssec_key *key)
{
	const struct zone_records *old = b->zone;
	const struct record *r;
	size_t n = 0, i = 0;

	if (!old || !key_is_known(b, key) ||
	    !owner_reach(b, c, record_owner(z, rrset)))
		return false;
	r = &old->records[c->at];
	while (c->at + n < old->count && r[n].owner == r->owner)
		n++;
	while (i < n && r[i].type < rrset->type)
		i++;
	if (!rrset_equal(old, &r[i], n - i, z, rrset, count))
		return false;
	for (i = 0; i < n; i++)
		if (r[i].type == DNS_TYPE_RRSIG &&
		    rdata_equal(old, &r[i], z, rrsig))
			return true;
	return false;
}
