/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One RRSIG: its fields, and its verification by ldns.
 */
#ifndef HOLDFAST_DNSSEC_RRSIG_H
#define HOLDFAST_DNSSEC_RRSIG_H

#include "base/bytes.h"
#include "control/dnssec/dnssec_keys.h"
#include "snapshot/records.h"

/* The fields of RRSIG RDATA (RFC 4034 section 3.1). */
struct dnssec_rrsig {
	uint16_t type, tag;
	uint8_t algorithm, labels;
	uint32_t ttl, expiration, inception;
	const uint8_t *signer, *signature;
	size_t signature_bytes;
	size_t fixed_bytes; /* of RDATA in front of the signer */
};

/* False: cut short, or the signer is no name. */
bool dnssec_rrsig_read(
    struct dnssec_rrsig *s, const uint8_t *rdata, size_t bytes);

/* A 32-bit time near `now`, in serial arithmetic (RFC 4034 section 3.1.5). */
uint64_t dnssec_time_near(uint32_t time, uint64_t now);

enum dnssec_verdict {
	SIGNATURE_VALID,
	SIGNATURE_BOGUS,
	SIGNATURE_UNSUPPORTED, /* an algorithm that ldns does not have */
};

/* What a thread needs to verify; reused from one signature to the next. */
struct dnssec_verifier;
struct dnssec_verifier *dnssec_verifier_new(void); /* NULL: no memory */
void dnssec_verifier_free(struct dnssec_verifier *v);

/* The signature, which is RDATA of `rrsig`, over records[first .. first +
 * count), by one of the keys. Dates are not looked at. Returns a verdict, or
 * ERR_NO_MEMORY. */
int dnssec_verify(struct dnssec_verifier *v, const struct zone_records *z,
    const struct record *rrsig, size_t first, size_t count,
    const struct dnssec_key *const *keys, unsigned nkeys);

#endif
