/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Zone digests (dnssec_zonemd.h). Records are in canonical order by owner and
 * type; dnssec_canonical_rrset() puts those of an RRset in order.
 */
#include "control/dnssec/dnssec_zonemd.h"

#include <ldns/ldns.h>
#include <string.h>

#include "base/wire.h"
#include "control/dnssec/dnssec_canonical.h"

enum {
	SCHEME_SIMPLE = 1,
	ZONEMD_FIXED_BYTES = 6, /* serial, scheme, algorithm */
	ZONEMD_DIGEST_LEAST = 12,
	HASHED_AT_ONCE = 1 << 16,
};

struct hash {
	enum dnssec_zonemd_algorithm algorithm;
	ldns_sha384_CTX sha384;
	ldns_sha512_CTX sha512;
};

static void
hash_init(struct hash *h, enum dnssec_zonemd_algorithm algorithm)
{
	h->algorithm = algorithm;
	if (algorithm == ZONEMD_SHA384)
		ldns_sha384_init(&h->sha384);
	else
		ldns_sha512_init(&h->sha512);
}

static void
hash_add(struct hash *h, struct bytes *b)
{
	if (h->algorithm == ZONEMD_SHA384)
		ldns_sha384_update(&h->sha384, b->data, b->len);
	else
		ldns_sha512_update(&h->sha512, b->data, b->len);
	bytes_clear(b);
}

static size_t
hash_end(struct hash *h, uint8_t out[ZONEMD_DIGEST_MAX])
{
	if (h->algorithm == ZONEMD_SHA384) {
		ldns_sha384_final(out, &h->sha384);
		return LDNS_SHA384_DIGEST_LENGTH;
	}
	ldns_sha512_final(out, &h->sha512);
	return LDNS_SHA512_DIGEST_LENGTH;
}

static uint16_t
covered(const struct zone_records *z, const struct record *r)
{
	return r->type == DNS_TYPE_RRSIG && r->rdata_bytes >= 2
	           ? wire_load16(record_rdata(z, r))
	           : 0;
}

/* Signatures are told apart by what they cover: they have the TTL of that, and
 * their order is that of their RDATA all the same, which begins with it. */
static size_t
rrset_length(const struct zone_records *z, size_t first)
{
	const struct record *r = &z->records[first];
	size_t n = 1;

	while (first + n < z->count && r[n].owner == r->owner &&
	       r[n].type == r->type && covered(z, &r[n]) == covered(z, r))
		n++;
	return n;
}

static bool
is_left_out(const struct zone_records *z, const struct record *r)
{
	return r->owner == z->records[0].owner &&
	       (r->type == DNS_TYPE_ZONEMD || covered(z, r) == DNS_TYPE_ZONEMD);
}

size_t
dnssec_zonemd_digest(uint8_t out[ZONEMD_DIGEST_MAX],
    const struct zone_records *z, enum dnssec_zonemd_algorithm algorithm)
{
	struct bytes data = {0}, scratch = {0};
	struct hash h;
	bool fine = true;
	size_t n;

	hash_init(&h, algorithm);
	for (size_t i = 0; fine && i < z->count; i += n) {
		n = rrset_length(z, i);
		if (is_left_out(z, &z->records[i]))
			continue;
		fine = dnssec_canonical_rrset(
		    &data, z, i, n, z->records[i].ttl, &scratch);
		if (fine && data.len >= HASHED_AT_ONCE)
			hash_add(&h, &data);
	}
	if (fine && data.len)
		hash_add(&h, &data);
	bytes_fini(&data);
	bytes_fini(&scratch);
	n = hash_end(&h, out);
	return fine ? n : 0;
}

/* RFC 8976 section 2.1: of one scheme and algorithm there is one. */
static bool
is_twice(const struct zone_records *z, const struct record *r, size_t count,
    const uint8_t *rdata)
{
	unsigned n = 0;

	for (size_t i = 0; i < count; i++)
		n += r[i].rdata_bytes >= ZONEMD_FIXED_BYTES &&
		     memcmp(record_rdata(z, &r[i]) + 4, rdata + 4, 2) == 0;
	return n > 1;
}

enum zonemd_verdict { ZONEMD_MATCHES, ZONEMD_UNKNOWN, ZONEMD_WRONG };

static int
zonemd_match(const struct zone_records *z, const struct record *r, size_t count,
    size_t at, const char **why)
{
	const uint8_t *rdata = record_rdata(z, &r[at]);
	size_t bytes = r[at].rdata_bytes, want_bytes;
	uint8_t want[ZONEMD_DIGEST_MAX];

	*why = "its digest is not that of the zone";
	if (bytes < ZONEMD_FIXED_BYTES + ZONEMD_DIGEST_LEAST) {
		*why = "it is cut short";
		return ZONEMD_WRONG;
	}
	if (wire_load32(rdata) != z->serial) {
		*why = "its serial is not that of the SOA";
		return ZONEMD_WRONG;
	}
	if (rdata[4] != SCHEME_SIMPLE ||
	    (rdata[5] != ZONEMD_SHA384 && rdata[5] != ZONEMD_SHA512))
		return ZONEMD_UNKNOWN;
	if (is_twice(z, r, count, rdata)) {
		*why = "there are two of one scheme and algorithm";
		return ZONEMD_WRONG;
	}
	want_bytes = dnssec_zonemd_digest(
	    want, z, (enum dnssec_zonemd_algorithm)rdata[5]);
	if (!want_bytes)
		return ERR_NO_MEMORY;
	return bytes - ZONEMD_FIXED_BYTES == want_bytes &&
	               memcmp(rdata + ZONEMD_FIXED_BYTES, want, want_bytes) == 0
	           ? ZONEMD_MATCHES
	           : ZONEMD_WRONG;
}

int
dnssec_zonemd_check(
    const struct zone_records *z, struct dnssec_faults *faults, struct err *err)
{
	const char *why, *first = NULL;
	size_t count;
	const struct record *r =
	    zone_records_find(z, z->apex, DNS_TYPE_ZONEMD, &count);

	for (size_t i = 0; r && i < count; i++) {
		int verdict = zonemd_match(z, r, count, i, &why);

		if (verdict < 0)
			return err_set(err, verdict,
			    "no memory for the digest of the zone");
		if (verdict == ZONEMD_MATCHES)
			return 0;
		if (verdict == ZONEMD_WRONG && !first)
			first = why;
	}
	if (first)
		dnssec_fault(faults, z->apex, "ZONEMD: %s", first);
	else if (r)
		dnssec_warn(faults, WARNING_ZONEMD, z->apex,
		    "ZONEMD: scheme or algorithm is unknown here, it is not "
		    "verified");
	return 0;
}
