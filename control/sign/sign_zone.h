/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A zone without signatures in, the same zone signed out. The same source,
 * keys, version before and time give the same octets, but for ECDSA signatures
 * that are made anew (libcrypto draws their nonce). Control's threads; memory
 * for two more copies of the zone while it works.
 *
 * The serial is the source's where that is newer than what was served before;
 * else what was served, plus one if anything has changed: an edit that does not
 * raise the serial, or a renewal of signatures, raises it here.
 */
#ifndef HOLDFAST_SIGN_ZONE_H
#define HOLDFAST_SIGN_ZONE_H

#include "control/sign/zone_key.h"
#include "snapshot/records.h"

struct sign_options {
	const struct config_policy *policy;
	const struct zone_keys *keys; /* with their secrets */
	/* a signed version to take signatures and the serial from; or NULL */
	const struct zone_records *previous;
	uint64_t now; /* seconds since 1970 */
};

struct sign_result {
	struct zone_records *zone; /* sealed; the caller's */
	/* signatures; one of the SOA that is made for two serials counts twice
	 */
	uint64_t made, kept;
	uint64_t ends_first; /* when the first of all signatures ends */
	uint64_t due;        /* when it is to be signed again for that */
};

/* `source`: sealed, sound by zone_check(). ERR_SEMANTIC if it has records that
 * only a signer makes; ERR_NOT_FOUND if there is no key to sign with. */
int sign_zone(const struct zone_records *source,
    const struct sign_options *options, struct sign_result *out,
    struct err *err);

/* RFC 1982: true if serial `a` is newer than `b`. */
bool serial_is_newer(uint32_t a, uint32_t b);

#endif
