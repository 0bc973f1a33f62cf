/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ZONEMD (RFC 8976): scheme SIMPLE, SHA-384. Control's threads; allocates the
 * canonical form of one RRset.
 */
#ifndef HOLDFAST_ZONE_DIGEST_H
#define HOLDFAST_ZONE_DIGEST_H

#include "snapshot/records.h"

enum {
	/* serial, scheme, algorithm, digest */
	ZONEMD_RDATA_BYTES = 6 + 48,
};

/* RDATA of the ZONEMD of a sealed zone, complete but for it and its signature,
 * which are left out where they are there. */
int zone_digest_rdata(const struct zone_records *z,
    uint8_t rdata[ZONEMD_RDATA_BYTES], struct err *err);

#endif
