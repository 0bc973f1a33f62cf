/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One signature (dnssec_rrsig.h). The bytes that are signed are made here, from
 * sealed records; ldns does the cryptography.
 */
#include "control/dnssec/dnssec_rrsig.h"

#include <ldns/ldns.h>
#include <stdlib.h>

#include "base/name.h"
#include "base/wire.h"
#include "control/dnssec/dnssec_canonical.h"

enum { RRSIG_FIXED_BYTES = 18, KEY_FIXED_BYTES = 4, READY_KEYS = 4 };

/* An ECDSA key in libcrypto's form: to make it takes longer than to verify a
 * signature with it. */
struct ready_key {
	const uint8_t *rdata; /* whose; NULL: none */
	EVP_PKEY *pkey;
};

struct dnssec_verifier {
	struct bytes data, scratch;
	ldns_buffer *buffer, *asn1;
	struct ready_key ready[READY_KEYS];
	unsigned next; /* to be replaced */
};

bool
dnssec_rrsig_read(struct dnssec_rrsig *s, const uint8_t *rdata, size_t bytes)
{
	struct wire_reader r = wire_reader_make(rdata, bytes);
	size_t n;

	s->type = wire_read16(&r);
	s->algorithm = wire_read8(&r);
	s->labels = wire_read8(&r);
	s->ttl = wire_read32(&r);
	s->expiration = wire_read32(&r);
	s->inception = wire_read32(&r);
	s->tag = wire_read16(&r);
	s->fixed_bytes = RRSIG_FIXED_BYTES;
	n = r.failed ? 0 : name_length_find(r.at, wire_left(&r));
	if (!n || wire_left(&r) == n)
		return false;
	s->signer = wire_take_find(&r, n);
	s->signature = r.at;
	s->signature_bytes = wire_left(&r);
	return true;
}

uint64_t
dnssec_time_near(uint32_t time, uint64_t now)
{
	int64_t at = (int64_t)now + (int32_t)(time - (uint32_t)now);

	return at < 0 ? 0 : (uint64_t)at;
}

struct dnssec_verifier *
dnssec_verifier_new(void)
{
	struct dnssec_verifier *v = calloc(1, sizeof *v);

	if (!v)
		return NULL;
	v->buffer = ldns_buffer_new(4096);
	v->asn1 = ldns_buffer_new(256);
	if (v->buffer && v->asn1)
		return v;
	dnssec_verifier_free(v);
	return NULL;
}

void
dnssec_verifier_free(struct dnssec_verifier *v)
{
	if (!v)
		return;
	for (unsigned i = 0; i < READY_KEYS; i++)
		EVP_PKEY_free(v->ready[i].pkey);
	ldns_buffer_free(v->buffer);
	ldns_buffer_free(v->asn1);
	bytes_fini(&v->data);
	bytes_fini(&v->scratch);
	free(v);
}

/* RFC 4034 section 3.1.8.1: RRSIG RDATA without the signature, the signer in
 * lower case; then the RRset with the original TTL. */
static bool
signed_data(struct dnssec_verifier *v, const struct zone_records *z,
    const uint8_t *rdata, const struct dnssec_rrsig *s, size_t first,
    size_t count)
{
	size_t signer_bytes = name_length(s->signer);
	uint8_t signer[DNS_NAME_MAX];

	name_lower(signer, s->signer, signer_bytes);
	bytes_clear(&v->data);
	bytes_append(&v->data, rdata, s->fixed_bytes);
	bytes_append(&v->data, signer, signer_bytes);
	if (!dnssec_canonical_rrset(
		&v->data, z, first, count, s->ttl, &v->scratch))
		return false;
	ldns_buffer_clear(v->buffer);
	if (!ldns_buffer_reserve(v->buffer, v->data.len))
		return false;
	ldns_buffer_write(v->buffer, v->data.data, v->data.len);
	return true;
}

static bool
is_ecdsa(uint8_t algorithm)
{
	return algorithm == LDNS_ECDSAP256SHA256 ||
	       algorithm == LDNS_ECDSAP384SHA384;
}

/* NULL: the RDATA is no key of the algorithm. */
static EVP_PKEY *
ecdsa_key_find(struct dnssec_verifier *v, const struct dnssec_key *k)
{
	struct ready_key *r = v->ready;

	for (unsigned i = 0; i < READY_KEYS; i++, r++)
		if (r->rdata == k->rdata)
			return r->pkey;
	r = &v->ready[v->next++ % READY_KEYS];
	EVP_PKEY_free(r->pkey);
	r->rdata = k->rdata;
	r->pkey = ldns_ecdsa2pkey_raw(k->rdata + KEY_FIXED_BYTES,
	    k->bytes - (size_t)KEY_FIXED_BYTES, k->algorithm);
	return r->pkey;
}

/* The two numbers of the RDATA (RFC 6605 section 4) become ASN.1. ldns takes
 * what it only reads without const. */
static ldns_status
ecdsa_verify(struct dnssec_verifier *v, const struct dnssec_rrsig *s,
    const struct dnssec_key *k)
{
	ldns_rdf rdf = {._size = s->signature_bytes,
	    ._type = LDNS_RDF_TYPE_B64,
	    ._data = (void *)(uintptr_t)s->signature};
	EVP_PKEY *pkey = ecdsa_key_find(v, k);
	bool p256 = s->algorithm == LDNS_ECDSAP256SHA256;
	ldns_status status;

	if (!pkey || s->signature_bytes != (p256 ? 64 : 96))
		return LDNS_STATUS_CRYPTO_BOGUS;
	ldns_buffer_clear(v->asn1);
	status = ldns_convert_ecdsa_rrsig_rdf2asn1(v->asn1, &rdf);
	if (status != LDNS_STATUS_OK)
		return status;
	return ldns_verify_rrsig_evp_raw(ldns_buffer_begin(v->asn1),
	    ldns_buffer_position(v->asn1), v->buffer, pkey,
	    p256 ? EVP_sha256() : EVP_sha384());
}

static ldns_status
key_verify(struct dnssec_verifier *v, const struct dnssec_rrsig *s,
    const struct dnssec_key *k)
{
	if (is_ecdsa(s->algorithm))
		return ecdsa_verify(v, s, k);
	return ldns_verify_rrsig_buffers_raw(
	    (unsigned char *)(uintptr_t)s->signature, s->signature_bytes,
	    v->buffer, (unsigned char *)(uintptr_t)k->rdata + KEY_FIXED_BYTES,
	    k->bytes - (size_t)KEY_FIXED_BYTES, s->algorithm);
}

static bool
algorithm_is_unknown(ldns_status s)
{
	return s == LDNS_STATUS_CRYPTO_UNKNOWN_ALGO ||
	       s == LDNS_STATUS_CRYPTO_ALGO_NOT_IMPL;
}

int
dnssec_verify(struct dnssec_verifier *v, const struct zone_records *z,
    const struct record *rrsig, size_t first, size_t count,
    const struct dnssec_key *const *keys, unsigned nkeys)
{
	const uint8_t *rdata = record_rdata(z, rrsig);
	struct dnssec_rrsig s;
	ldns_status status;

	if (!dnssec_rrsig_read(&s, rdata, rrsig->rdata_bytes))
		return SIGNATURE_BOGUS;
	if (!signed_data(v, z, rdata, &s, first, count))
		return ERR_NO_MEMORY;
	for (unsigned i = 0; i < nkeys; i++) {
		status = key_verify(v, &s, keys[i]);
		if (status == LDNS_STATUS_OK)
			return SIGNATURE_VALID;
		if (algorithm_is_unknown(status))
			return SIGNATURE_UNSUPPORTED;
		if (status == LDNS_STATUS_MEM_ERR)
			return ERR_NO_MEMORY;
	}
	return SIGNATURE_BOGUS;
}
