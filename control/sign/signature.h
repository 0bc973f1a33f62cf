/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Signatures of RRsets (RFC 4034 section 3): taken over from the version before
 * where nothing that they say has changed and they live long enough, else made.
 * Control's threads.
 */
#ifndef HOLDFAST_SIGNATURE_H
#define HOLDFAST_SIGNATURE_H

#include "config/config.h"
#include "control/sign/owner_walk.h"
#include "control/sign/zone_key.h"

enum {
	SIGNATURE_BACK_S = 3600, /* inception: for clocks that are behind */
	/* signatures that are due soon are made anew with those that are due:
	 * a jitter's time is cut into so many parts */
	SIGNATURE_BATCHES = 24,
};

/* A version of the zone that signatures may come from, walked in step with the
 * one that is being signed (both in canonical order). */
struct signature_source {
	const struct zone_records *zone; /* NULL: none */
	size_t at, next;                 /* the owner's records */
	bool known[KEYS_MAX];            /* its DNSKEY RRset has that key */
};

struct signer {
	const struct zone_keys *keys;
	const struct config_policy *policy;
	uint64_t now;
	struct signature_source source;
	struct bytes data; /* what is signed */
	struct bytes scratch;
	uint64_t made, kept;
	uint64_t ends_first; /* of all signatures; 0: there was none */
};

/* `previous` may be NULL. Walk one zone with it, owners in canonical order. */
void signer_init(struct signer *s, const struct zone_keys *keys,
    const struct config_policy *policy, const struct zone_records *previous,
    uint64_t now);
void signer_fini(struct signer *s);

/* Adds the signatures of the RRset [first, end) of `z` to `z`, by the keys that
 * sign its type. */
int signer_rrset(struct signer *s, struct zone_records *z, size_t first,
    size_t end, struct err *err);

/* Seconds that are taken off the validity of the signature of an RRset: spread
 * evenly over 0 to jitter_s, always the same for one RRset. */
uint32_t signature_jitter(
    const uint8_t *owner, uint16_t type, uint32_t jitter_s);

/* When a signature that ends then is made anew. */
uint64_t signature_due(const struct config_policy *policy, uint64_t ends);

#endif
