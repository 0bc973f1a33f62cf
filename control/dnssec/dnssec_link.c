/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From the parent's DS to the child's DNSKEY (dnssec.h, RFC 4035 section 5.2).
 */
#include <ldns/ldns.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "control/dnssec/dnssec.h"
#include "control/dnssec/dnssec_keys.h"
#include "control/dnssec/dnssec_rrsig.h"

enum {
	DS_FIXED_BYTES = 4, /* tag, algorithm, digest type */
	DIGEST_SHA1 = 1,
	DIGEST_SHA256 = 2,
	DIGEST_SHA384 = 4,
	DIGEST_MAX = LDNS_SHA384_DIGEST_LENGTH,
};

/* The digest of a key as DS has it (RFC 4034 section 5.1.4); its octets, 0: no
 * such digest here. */
static size_t
key_digest(uint8_t out[DIGEST_MAX], uint8_t type, const uint8_t *apex,
    const struct dnssec_key *k)
{
	uint8_t data[DNS_NAME_MAX + UINT16_MAX];
	size_t bytes = name_length(apex);

	memcpy(data, apex, bytes);
	memcpy(data + bytes, k->rdata, k->bytes);
	bytes += k->bytes;
	switch (type) {
	case DIGEST_SHA1:
		ldns_sha1(data, (unsigned)bytes, out);
		return LDNS_SHA1_DIGEST_LENGTH;
	case DIGEST_SHA256:
		ldns_sha256(data, (unsigned)bytes, out);
		return LDNS_SHA256_DIGEST_LENGTH;
	case DIGEST_SHA384:
		ldns_sha384(data, (unsigned)bytes, out);
		return LDNS_SHA384_DIGEST_LENGTH;
	default:
		return 0;
	}
}

static bool
key_signs_keys(const struct zone_records *z, const struct dnssec_key *key)
{
	struct dnssec_verifier *v = dnssec_verifier_new();
	size_t nkeys, nrrsigs;
	const struct record *keys =
	    zone_records_find(z, z->apex, DNS_TYPE_DNSKEY, &nkeys);
	const struct record *r =
	    zone_records_find(z, z->apex, DNS_TYPE_RRSIG, &nrrsigs);
	bool signs = false;

	for (size_t i = 0; v && keys && r && !signs && i < nrrsigs; i++) {
		struct dnssec_rrsig s;

		if (!dnssec_rrsig_read(
			&s, record_rdata(z, &r[i]), r[i].rdata_bytes) ||
		    s.type != DNS_TYPE_DNSKEY || s.tag != key->tag ||
		    s.algorithm != key->algorithm ||
		    !name_equal(s.signer, z->apex))
			continue;
		signs = dnssec_verify(v, z, &r[i], (size_t)(keys - z->records),
			    nkeys, &key, 1) == SIGNATURE_VALID;
	}
	dnssec_verifier_free(v);
	return signs;
}

enum ds_verdict { DS_LEADS, DS_NO_KEY, DS_NO_SIGNATURE, DS_UNKNOWN };

static enum ds_verdict
ds_follow(const uint8_t *ds, size_t bytes, const struct zone_records *child,
    const struct dnssec_keys *keys)
{
	enum ds_verdict verdict = DS_NO_KEY;
	uint8_t digest[DIGEST_MAX];

	if (bytes <= DS_FIXED_BYTES)
		return DS_UNKNOWN;
	if (ds[3] != DIGEST_SHA1 && ds[3] != DIGEST_SHA256 &&
	    ds[3] != DIGEST_SHA384)
		return DS_UNKNOWN;
	for (unsigned i = 0; i < keys->count; i++) {
		const struct dnssec_key *k = &keys->list[i];
		size_t n;

		if (!k->usable || k->tag != wire_load16(ds) ||
		    k->algorithm != ds[2])
			continue;
		n = key_digest(digest, ds[3], child->apex, k);
		if (bytes - DS_FIXED_BYTES != n ||
		    memcmp(ds + DS_FIXED_BYTES, digest, n) != 0)
			continue;
		if (key_signs_keys(child, k))
			return DS_LEADS;
		verdict = DS_NO_SIGNATURE;
	}
	return verdict;
}

int
dnssec_link_check(const struct zone_records *parent,
    const struct zone_records *child, struct err *err)
{
	enum ds_verdict worst = DS_UNKNOWN, verdict;
	struct dnssec_keys keys;
	char name[NAME_TEXT_MAX];
	size_t count;
	const struct record *ds =
	    zone_records_find(parent, child->apex, DNS_TYPE_DS, &count);
	int rc = ds ? dnssec_keys_read(&keys, child, err) : 0;

	if (rc || !ds)
		return rc;
	for (size_t i = 0; i < count; i++) {
		verdict = ds_follow(record_rdata(parent, &ds[i]),
		    ds[i].rdata_bytes, child, &keys);
		if (verdict == DS_LEADS)
			return 0;
		if (verdict == DS_NO_SIGNATURE || worst == DS_UNKNOWN)
			worst = verdict;
	}
	if (worst == DS_UNKNOWN)
		return 0; /* digests unknown here: not ours to judge */
	return err_set(err, ERR_REFUSED,
	    "DNSSEC: no DS of %.255s in the parent zone leads to %s",
	    name_to_text(name, child->apex),
	    !keys.count                ? "a key: the zone has no DNSKEY"
	    : worst == DS_NO_SIGNATURE ? "a key that signs its DNSKEY records"
				       : "one of its DNSKEY records");
}
