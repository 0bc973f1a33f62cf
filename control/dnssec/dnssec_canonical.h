/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The canonical form of RRs and RRsets (RFC 4034 section 6): what signatures
 * and zone digests are made over. Any thread; the caller's buffers.
 */
#ifndef HOLDFAST_DNSSEC_CANONICAL_H
#define HOLDFAST_DNSSEC_CANONICAL_H

#include "base/bytes.h"
#include "snapshot/records.h"

/* Appends the RRs records[first .. first + count), one RRset: owner, type,
 * class, `ttl`, RDLENGTH and RDATA of each, in the order of canonical RDATA, an
 * RR that is there twice once. `scratch` is overwritten. False: no memory. */
bool dnssec_canonical_rrset(struct bytes *out, const struct zone_records *z,
    size_t first, size_t count, uint32_t ttl, struct bytes *scratch);

#endif
