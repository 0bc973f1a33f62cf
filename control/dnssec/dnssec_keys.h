/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The DNSKEY RRset of a zone's apex, as keys that may verify. Borrows the
 * zone's records.
 */
#ifndef HOLDFAST_DNSSEC_KEYS_H
#define HOLDFAST_DNSSEC_KEYS_H

#include "base/err.h"
#include "snapshot/records.h"

enum {
	DNSSEC_KEYS_MAX = 64,
	/* Keys of one tag and algorithm that a signature is tried with: tags
	 * collide by chance once in 65,536, more is an attack on validators. */
	DNSSEC_TRIES_MAX = 4,
};

struct dnssec_key {
	const uint8_t *rdata;
	uint16_t bytes, tag, flags;
	uint8_t algorithm;
	bool usable; /* a zone key of protocol 3, not revoked */
};

struct dnssec_keys {
	struct dnssec_key list[DNSSEC_KEYS_MAX];
	unsigned count;
	/* Of usable keys: an RRset should have a signature by each one. */
	uint8_t algorithms[DNSSEC_KEYS_MAX];
	unsigned nalgorithms;
};

/* None: an unsigned zone. ERR_LIMIT: too many. */
int dnssec_keys_read(
    struct dnssec_keys *keys, const struct zone_records *z, struct err *err);

/* The usable keys of this tag and algorithm; how many, at most the limit. */
unsigned dnssec_keys_find(const struct dnssec_keys *keys, uint16_t tag,
    uint8_t algorithm, const struct dnssec_key *out[DNSSEC_TRIES_MAX]);

/* RFC 4034 appendix B. */
uint16_t dnssec_key_tag(const uint8_t *rdata, size_t bytes);

#endif
