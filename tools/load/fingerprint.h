/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a fingerprint is made of, for its two makers: answer_fingerprint()
 * (query_set.h), which reads a response, and expected_fingerprint(), which has
 * the naive resolver's records. Both hand over records that are decompressed
 * and have their names in lower case. A record becomes 64 bits; those of a
 * section are added up, so that their order does not matter while one that is
 * lost or there twice does. Allocates nothing, any thread.
 */
#ifndef HOLDFAST_FINGERPRINT_H
#define HOLDFAST_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fingerprint_section {
	FINGERPRINT_ANSWER,
	FINGERPRINT_AUTHORITY,
	FINGERPRINT_SECTIONS,
};

struct fingerprint {
	uint64_t sum[FINGERPRINT_SECTIONS];
};

/* RDATA of more octets has the names in it as they are written. */
enum { FINGERPRINT_RDATA_LOWER_MAX = 1024 };

struct fingerprint_record {
	const uint8_t *owner; /* lower case; NULL: the query name */
	const uint8_t *rdata; /* names not compressed, of any case */
	uint32_t ttl;
	uint16_t type, class, owner_bytes, rdata_bytes;
	bool rdata_is_lower; /* names in it are, and sound */
};

/* False if the RDATA is not of its type's shape. */
bool fingerprint_add(struct fingerprint *f, enum fingerprint_section section,
    const struct fingerprint_record *r);

/* Never 0. */
uint64_t fingerprint_end(
    const struct fingerprint *f, unsigned rcode, bool aa, bool tc);

#endif
