/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A zone file (RFC 1035 section 5, with $ORIGIN, $TTL, $INCLUDE, and $GENERATE
 * as BIND and NSD read it) to records. Lines are cut here, RDATA is parsed RR
 * by RR, by ldns where it is not plain. One bad line refuses the version: the
 * error says FILE:LINE: cause. Runs in holdfastd and `holdfast compile`;
 * reentrant, but for WKS records (getservbyname).
 */
#ifndef HOLDFAST_ZONEFILE_H
#define HOLDFAST_ZONEFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "snapshot/records.h"

/* What the files of a zone looked like when they were read: the zone file
 * first, then those that it includes. Paths are absolute or relative to the
 * working directory, as the zone file's was. */
struct zonefile_stamp_file {
	char *path;
	uint64_t device, inode, bytes; /* inode 0: there was no such file */
	int64_t modified_ns, changed_ns;
};

struct zonefile_stamp {
	struct zonefile_stamp_file *files;
	size_t count;
	bool racy; /* a file was so young when it was read that a second change
	              could have kept its time: never "unchanged" */
	bool denied; /* one of them may not be opened */
};

/* Cheap (one stat a file): true if no file has changed since. */
bool zonefile_stamp_unchanged(const struct zonefile_stamp *s);
void zonefile_stamp_fini(struct zonefile_stamp *s);

struct zonefile_options {
	const char *include_root; /* $INCLUDE may not leave it; NULL: the zone
	                             file's folder */
	uint64_t bytes_max;       /* of all files together; 0: 8 GiB */
	void (*warn)(
	    void *arg, const char *text); /* "FILE:LINE: ..." ; may be NULL */
	void *arg;
	/* the records are sorted only: the caller marks and checks them */
	bool only_sorted;
	/* out, if not NULL: the files that were read, also after a failure (so
	 * that they can be watched); replaced, the caller ends it with
	 * zonefile_stamp_fini() */
	struct zonefile_stamp *stamp;
};

/* Parses, checks (zone_check) and seals. A file that changes while it is read
 * is ERR_BUSY: try again later. */
int zonefile_load(struct zone_records **out, const char *path,
    const uint8_t *apex, const struct zonefile_options *options,
    struct err *err);

/* From bytes, for fuzzing and tests; no $INCLUDE. */
int zonefile_parse(struct zone_records **out, const char *path,
    const void *text, size_t bytes, const uint8_t *apex,
    const struct zonefile_options *options, struct err *err);

/* What may not be served (ERR_SEMANTIC, naming the record): no or two SOA, no
 * NS at the apex, CNAME beside other data (RFC 2181 section 10.1; RRSIG and
 * NSEC may), two CNAMEs, two DNAMEs, DNAME or CNAME with NS, names below a
 * DNAME, DS at the apex or without NS, RDATA that is not of its type's shape.
 * For sealed records of any source. */
int zone_check(const struct zone_records *z,
    void (*warn)(void *arg, const char *text), void *arg, struct err *err);

/* ERR_SEMANTIC if an NSEC3PARAM that a chain may be chosen by asks for more
 * iterations than `most`: each proof of absence would cost so many hashes (RFC
 * 9276 section 3.2). Sealed records. */
int zone_iterations_check(
    const struct zone_records *z, unsigned most, struct err *err);

#endif
