/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Digests of zones (zone_digest.h).
 */
#include "control/sign/zone_digest.h"

#include <ldns/ldns.h>

#include "base/name.h"
#include "base/wire.h"
#include "control/sign/canonical_rrset.h"

enum { SCHEME_SIMPLE = 1, HASH_SHA384 = 1 };

/* RFC 8976 section 3.3.1: the apex ZONEMD, and RRSIGs that cover it, are left
 * out. Signatures of an owner stand in order, so the rest is in two pieces. */
static bool
is_left_out(const struct zone_records *z, const struct record *r)
{
	if (!name_equal(record_owner(z, r), z->apex))
		return false;
	return r->type == DNS_TYPE_ZONEMD ||
	       (r->type == DNS_TYPE_RRSIG && r->rdata_bytes >= 2 &&
		   wire_load16(record_rdata(z, r)) == DNS_TYPE_ZONEMD);
}

static int
piece_digest(ldns_sha384_CTX *sha, const struct zone_records *z, size_t first,
    size_t end, struct bytes *piece, struct err *err)
{
	int rc;

	if (first == end)
		return 0;
	bytes_clear(piece);
	rc = canonical_rrset_append(z, first, end, piece, err);
	if (rc == 0)
		ldns_sha384_update(sha, piece->data, piece->len);
	return rc;
}

int
zone_digest_rdata(const struct zone_records *z,
    uint8_t rdata[ZONEMD_RDATA_BYTES], struct err *err)
{
	struct bytes piece = {0};
	ldns_sha384_CTX sha;
	int rc = 0;

	ldns_sha384_init(&sha);
	for (size_t i = 0; rc == 0 && i < z->count;) {
		size_t end = rrset_end(z, i, z->count), first = i;

		for (; rc == 0 && i < end; i++) {
			if (!is_left_out(z, &z->records[i]))
				continue;
			rc = piece_digest(&sha, z, first, i, &piece, err);
			first = i + 1;
		}
		if (rc == 0)
			rc = piece_digest(&sha, z, first, end, &piece, err);
	}
	wire_store32(rdata, z->serial);
	rdata[4] = SCHEME_SIMPLE;
	rdata[5] = HASH_SHA384;
	ldns_sha384_final(rdata + 6, &sha);
	bytes_fini(&piece);
	return rc;
}
