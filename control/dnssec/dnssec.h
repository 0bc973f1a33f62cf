/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Is a signed zone one that validators will believe? Signatures, denial of
 * existence, the zone's digest, and the link from parent to child, checked
 * before a version is compiled. Pure functions over sealed records that have
 * passed zone_check(); run in holdfastd (worker thread) and `holdfast compile`;
 * dnssec_check() starts threads of its own and joins them. Cryptography is
 * ldns's.
 */
#ifndef HOLDFAST_DNSSEC_H
#define HOLDFAST_DNSSEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "snapshot/records.h"

#define DNSSEC_NEVER UINT64_MAX

struct dnssec_options {
	uint64_t now;       /* seconds since 1970: the date of the check */
	uint64_t horizon_s; /* signatures must hold this long from then on */
	unsigned threads;   /* 0: one for each CPU that the process may use */
	/* An earlier version with `dnssec_result.all_verified`, or NULL: a
	 * signature that it has too, over the same RRset by the same key, is
	 * not verified again; its dates are checked. */
	const struct zone_records *before;
	/* What is odd but no fault; may be NULL. Each kind a few times. */
	void (*warn)(void *arg, const char *text);
	/* Signatures that are done; may be NULL. In the caller's thread. */
	void (*progress)(void *arg, uint64_t done, uint64_t total);
	void *arg;
};

struct dnssec_result {
	bool is_signed;    /* there is a DNSKEY at the apex */
	bool all_verified; /* signed, and no signature is bogus */
	uint64_t faults;
	uint64_t signatures; /* over authoritative data */
	uint64_t verified;   /* by cryptography, this time */
	/* When the first RRset has no valid signature any more, seconds since
	 * 1970; DNSSEC_NEVER: unsigned, or no RRset has one now. */
	uint64_t expires_at;
	/* Refused for nothing but signatures that are not valid yet: when the
	 * last RRset has one that is. 0: anything else. */
	uint64_t valid_from;
};

/* RFC 4034, 4035, 5155, 6840 and 8976 (ZONEMD, also of unsigned zones). 0, or
 * ERR_REFUSED: the error has the first faults and their count. Other codes:
 * the check itself could not be done. */
int dnssec_check(const struct zone_records *z,
    const struct dnssec_options *options, struct dnssec_result *result,
    struct err *err);

/* By dates alone, nothing is verified: dnssec_result.expires_at of a version
 * that is served. DNSSEC_NEVER also when out of memory. */
uint64_t dnssec_expires_at(const struct zone_records *z, uint64_t now);

/* Would a validator get from the DS RRset of `parent` into `child`, both served
 * here (RFC 4035 section 5.2)? 0, also where the parent has no DS; or
 * ERR_REFUSED. */
int dnssec_link_check(const struct zone_records *parent,
    const struct zone_records *child, struct err *err);

/* "2026-01-01T00:00:00Z" */
char *dnssec_time_text(char dst[32], uint64_t seconds);
/* That, without the seconds' fraction, or seconds since 1970. */
int dnssec_time_parse(uint64_t *out, const char *text, struct err *err);

#endif
