/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the signer starts from: a zone without what the signer makes. It may
 * come from a zone file, or be taken from a signed version, which is how
 * signatures are renewed while the file can't be read. Control's threads.
 */
#ifndef HOLDFAST_SIGN_SOURCE_H
#define HOLDFAST_SIGN_SOURCE_H

#include "snapshot/records.h"

/* True for records that only the signer makes: DNSKEY, RRSIG, NSEC, NSEC3 and
 * NSEC3PARAM anywhere; CDS, CDNSKEY and ZONEMD at the apex (elsewhere they are
 * data, RFC 9615). DS are data of the zone. */
bool sign_source_excludes(const struct zone_records *z, const struct record *r);

/* ERR_SEMANTIC naming the first such record. */
int sign_source_check(const struct zone_records *z, struct err *err);

/* The records of a signed version without those, sealed; serial as it is. */
int sign_source_strip(struct zone_records **out,
    const struct zone_records *zone, struct err *err);

/* Names what a version was signed from, its serial left out: equal for a source
 * and for everything that was signed from it. Works on both. */
int sign_source_digest(
    const struct zone_records *z, struct digest *out, struct err *err);

#endif
