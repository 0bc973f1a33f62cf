/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The queries of a load run, made before it: DNS messages packed one after the
 * other, in the order in which they are sent, each with a fingerprint of the
 * answer that is expected. The sender walks the set from front to back and
 * starts over, so it reads memory in order (the processor fetches ahead), while
 * the server sees names in random order. Made by the main thread; then
 * read-only, any thread.
 *
 *   queries[i].at --> | message | message | ... (ID 0, padded with nothing)
 */
#ifndef HOLDFAST_QUERY_SET_H
#define HOLDFAST_QUERY_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	QUERY_MESSAGE_MAX = 512, /* longer ones of a pcap are left out */
	QUERY_SET_DEFAULT = 4 << 20,
	QUERY_ZONES_MAX = 1 << 20,
};

/* What a query was meant to be; for the report. */
enum query_kind {
	QUERY_HIT,
	QUERY_NXDOMAIN, /* a name that does not exist, beside one that does */
	QUERY_RANDOM,   /* random-subdomain attack: labels never seen before */
	QUERY_LISTED,   /* from a list or a pcap: as it came */
	QUERY_KINDS,
};

struct load_query {
	uint64_t expected; /* answer_fingerprint(); 0: not known */
	uint64_t at;       /* offset in `messages` */
	uint16_t bytes;
	uint8_t kind; /* enum query_kind */
	uint8_t reserved[5];
};

struct query_set {
	struct load_query *queries;
	uint32_t count;
	uint32_t distinct; /* different messages among them */
	uint8_t *messages; /* ends with 64 octets of room to over-read */
	size_t message_bytes;
	uint64_t of_kind[QUERY_KINDS];
	uint64_t with_expected;
	uint64_t left_out; /* packets of a pcap that are no queries */
};

/* Where names come from: zones, or a list, or a pcap; then what is asked. All
 * shares are percent of all queries; hits are what the others leave. */
struct query_mix {
	/* zones: APEX and FILE each; also what answers are compared with */
	const char *const *zone_apexes;
	const char *const *zone_files;
	size_t nzones;
	const char *list; /* lines "NAME TYPE" as dnsperf's; NULL: none */
	const char *pcap; /* queries to port 53 in it; NULL: none */
	uint32_t count;   /* 0: QUERY_SET_DEFAULT; of a list or pcap at most so
	                     many, 0: all of it */
	double zipf;      /* exponent of the names' popularity; 0: uniform */
	double nxdomain_percent, random_percent;
	/* DO and cookies are within the share of EDNS; like mixed case they are
	 * asked of lists as well, while a pcap stays as it is */
	double edns_percent, do_percent, cookie_percent;
	double mixed_case_percent;  /* letters of random case (0x20) */
	const uint16_t *edns_sizes; /* one of them each; none: 1232 */
	size_t nedns_sizes;
	const uint16_t *types; /* asked of hits; none: those that names own */
	size_t ntypes;
	unsigned name_labels; /* random names are filled up to so many labels
	                         (127: the worst query); 0: one label more */
	uint64_t seed;
	void (*progress)(void *arg, const char *step, uint64_t done,
	    uint64_t total); /* may be NULL */
	void *arg;
};

/* The same mix and seed make the same set. An error names file and line. */
int query_set_make(
    struct query_set **out, const struct query_mix *mix, struct err *err);
void query_set_free(struct query_set **s);

/* A fingerprint of what a response says: rcode, AA and TC, and the answer and
 * authority sections as sets of decompressed records in lower case; a record
 * owned by the query name counts as such, so that negative and wildcard answers
 * of one zone have one fingerprint. Neither the additional section nor EDNS is
 * part of it. Never 0. False: not a whole, sound response with one question.
 * Hostile input; a few hundred cycles. */
bool answer_fingerprint(const uint8_t *message, size_t bytes, uint64_t *out);

#endif
