/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the version before has already shown: a signature over the same RRset by
 * the same key, octet for octet. Read-only once made; a cursor a thread, which
 * follows the order of the new version, so that a step costs a comparison of
 * names or two instead of a search.
 */
#ifndef HOLDFAST_DNSSEC_BEFORE_H
#define HOLDFAST_DNSSEC_BEFORE_H

#include "control/dnssec/dnssec_keys.h"
#include "snapshot/records.h"

struct dnssec_before {
	const struct zone_records *zone; /* NULL: there is none */
	struct dnssec_keys keys;
};

struct dnssec_before_cursor {
	size_t at; /* record of the version before */
};

/* `zone`: all its signatures have been verified; or NULL. */
void dnssec_before_init(
    struct dnssec_before *b, const struct zone_records *zone);

/* To the owner of `r`, a record of `z`; later calls may only go on from there.
 */
void dnssec_before_seek(const struct dnssec_before *b,
    struct dnssec_before_cursor *c, const struct zone_records *z,
    const struct record *r);

bool dnssec_before_has(const struct dnssec_before *b,
    struct dnssec_before_cursor *c, const struct zone_records *z,
    const struct record *rrsig, const struct record *rrset, size_t count,
    const struct dnssec_key *key);

#endif
