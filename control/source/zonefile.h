/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A zone file (RFC 1035 section 5, with $ORIGIN, $TTL, $INCLUDE, and $GENERATE as BIND
 * and NSD read it) to records. Lines are cut here, RDATA is parsed by ldns RR by
 * RR. One bad line refuses the version: the error says FILE:LINE: cause. Runs in
 * holdfastd and `holdfast compile`; reentrant.
 */
#ifndef HOLDFAST_ZONEFILE_H
#define HOLDFAST_ZONEFILE_H

#include "base/err.h"
#include "snapshot/records.h"

struct zonefile_stamp; /* what the files looked like: names, sizes, times */

struct zonefile_options {
	const char *include_root; /* $INCLUDE may not leave it; NULL: the zone
				     file's folder */
	uint64_t bytes_max;       /* of all files together; 0: 8 GiB */
	void (*warn)(void *arg, const char *text); /* "FILE:LINE: ..." ; may be NULL */
	void *arg;
};

/* Parses, checks (zone_check) and seals. A file that changes while it is read
 * is ERR_BUSY: try again later. */
int zonefile_load(struct zone_records **out, const char *path, const uint8_t *apex,
    const struct zonefile_options *options, struct err *err);

/* From bytes, for fuzzing and tests; no $INCLUDE. */
int zonefile_parse(struct zone_records **out, const char *path, const void *text,
    size_t bytes, const uint8_t *apex, const struct zonefile_options *options,
    struct err *err);

/* What may not be served (ERR_SEMANTIC, naming the record): no or two SOA, no
 * NS at the apex, CNAME beside other data (RFC 2181 section 10.1; RRSIG and NSEC
 * may), two CNAMEs, two DNAMEs, DNAME or CNAME with NS, names below a DNAME, DS
 * at the apex or without NS, RDATA that is not of its type's shape. For sealed
 * records of any source. */
int zone_check(const struct zone_records *z,
    void (*warn)(void *arg, const char *text), void *arg, struct err *err);

#endif
