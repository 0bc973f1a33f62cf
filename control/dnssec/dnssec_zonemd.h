/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The digest of the whole zone (RFC 8976): scheme SIMPLE, SHA-384 and SHA-512.
 */
#ifndef HOLDFAST_DNSSEC_ZONEMD_H
#define HOLDFAST_DNSSEC_ZONEMD_H

#include "control/dnssec/dnssec_faults.h"
#include "snapshot/records.h"

enum dnssec_zonemd_algorithm { ZONEMD_SHA384 = 1, ZONEMD_SHA512 = 2 };
enum { ZONEMD_DIGEST_MAX = 64 };

/* RFC 8976 section 3: over all records but the apex's ZONEMD and its
 * signatures. Returns the digest's octets, 0 when out of memory. */
size_t dnssec_zonemd_digest(uint8_t out[ZONEMD_DIGEST_MAX],
    const struct zone_records *z, enum dnssec_zonemd_algorithm algorithm);

/* RFC 8976 section 4, where the apex has a ZONEMD: one that matches is enough,
 * what is unknown is ignored. */
int dnssec_zonemd_check(const struct zone_records *z,
    struct dnssec_faults *faults, struct err *err);

#endif
