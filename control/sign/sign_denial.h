/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The chain that proves absence: NSEC (RFC 4034 section 4) or NSEC3 (RFC 5155,
 * with the parameters of RFC 9276: SHA-1, no iterations, no salt, no opt-out).
 * Control's threads; memory while it works: for NSEC3 about 60 octets a name.
 */
#ifndef HOLDFAST_SIGN_DENIAL_H
#define HOLDFAST_SIGN_DENIAL_H

#include "config/config.h"
#include "snapshot/format.h"
#include "snapshot/records.h"

struct denial_options {
	enum config_denial kind;
	uint32_t ttl;
	/* a type that the apex will have, though it is not there yet; 0: none
	 */
	uint16_t apex_type;
};

/* Adds NSEC or NSEC3 records to the sealed zone, which has everything else but
 * RRSIG; seal it again. With NSEC3 the NSEC3PARAM must be there. */
int sign_denial_add(struct zone_records *z,
    const struct denial_options *options, struct err *err);

/* The hash of a name in lower case (RFC 5155 section 5). */
void denial_nsec3_hash(const uint8_t *name, uint8_t hash[NSEC3_HASH_BYTES]);

#endif
