/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a rollback would bring back: zones whose signatures have ended
 * meanwhile, or are by keys that the parent does not know any more (or none, of
 * a zone that is signed by now), which validators would not believe; and
 * serials that go back, which secondaries do not follow. For holdfastd and
 * `holdfast rollback`; reads the records of both generations from the store.
 */
#ifndef HOLDFAST_ROLLBACK_CHECK_H
#define HOLDFAST_ROLLBACK_CHECK_H

#include "snapshot/records.h"
#include "snapshot/store.h"

struct rollback_report {
	size_t ended;      /* zones with a signature that is no longer valid */
	size_t rekeyed;    /* zones without a key that signs the keys now */
	size_t backwards;  /* zones whose serial goes back */
	char warning[512]; /* sentences about `backwards`; empty: none */
};

/* Compares zones of `to` whose records are not those of `from`. ERR_REFUSED:
 * the error names the first zone that would not be believed. */
int rollback_check(struct store *s, const struct digest *from,
    const struct digest *to, uint64_t now, struct rollback_report *report,
    struct err *err);

/* True if a key that signs the DNSKEY RRset of `was` does so in `is`, or `was`
 * has none. */
bool rollback_keeps_keys(
    const struct zone_records *was, const struct zone_records *is);

/* When the first RRset of the zone has no signature any more that holds,
 * seconds since 1970 around `now` (RFC 4034 section 3.1.5); UINT64_MAX:
 * unsigned. */
uint64_t rollback_signatures_end(const struct zone_records *z, uint64_t now);

#endif
