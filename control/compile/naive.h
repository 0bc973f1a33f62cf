/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The naive resolver: what RFC 1034 section 4.3.2 and its successors say that
 * an authoritative server answers, found in the source's records themselves.
 * It is the yardstick of the proof (prove.h), so it is written for clarity and
 * shares no code with builder or engine. Runs in holdfastd, `holdfast compile`
 * and tests, one thread at a time; allocates an index of the zone in question
 * and the list of records of the answer, both used again.
 *
 * With dnssec_ok set, signatures come with the RRsets that they cover, and NSEC
 * or NSEC3 records with what is not there (naive_denial.h).
 */
#ifndef HOLDFAST_NAIVE_H
#define HOLDFAST_NAIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/dns.h"
#include "base/err.h"
#include "snapshot/records.h"

/* CNAMEs (given or synthesised) that are followed for one answer: one more may
 * stand at the end, not followed. */
enum { NAIVE_CHAIN_MAX = 20 };

enum naive_section {
	NAIVE_ANSWER,
	NAIVE_AUTHORITY,
	NAIVE_REQUIRED, /* additional that must be there: in-domain glue */
	NAIVE_OPTIONAL, /* additional that may be there: other addresses */
};

struct naive_record {
	const uint8_t *owner; /* case as it should be written */
	const uint8_t *rdata;
	uint32_t ttl;
	uint16_t type, rdata_bytes;
	uint8_t section;
	bool choice; /* see any_one_set */
};

/* Pointers lead into the zone's records, the question asked, and `made`: valid
 * until the next question and while those live. */
struct naive_answer {
	struct naive_record *records;
	size_t count, cap;
	uint8_t rcode;
	bool aa;
	/* ANY (RFC 8482 section 4.1) and RRSIG: the records marked `choice` are
	 * all that the last name has; any one set of them, whole, is right. A
	 * set is the records of a type with the signatures that cover it, or
	 * the signatures that cover one type. */
	bool any_one_set;
	bool has_signatures; /* wanted, and of a signed zone */
	size_t zone;         /* index of the zone that answers, or SIZE_MAX */
	/* targets of synthesised CNAMEs */
	uint8_t made[NAIVE_CHAIN_MAX + 1][DNS_NAME_MAX + 1];
};

/* A name of a zone: one with records, or an empty non-terminal. */
struct naive_name {
	const uint8_t *owner; /* lower case */
	uint32_t first;       /* of its records */
	uint32_t count;       /* 0: empty non-terminal */
	uint32_t bytes;       /* of the owner */
};

enum { NAIVE_HASH_BYTES = 20 }; /* SHA-1, the only hash that NSEC3 has */

/* The chain of a zone, for naive_denial.h. NSEC3 if there is an NSEC3PARAM with
 * flags 0 and the apex has an NSEC3 record with its parameters (the first such
 * one: RFC 5155 section 7.2 leaves the choice), else NSEC if the apex has one,
 * else none: such a chain shows nothing. */
struct naive_chain {
	uint16_t type; /* DNS_TYPE_NSEC, DNS_TYPE_NSEC3, or 0: no chain */
	uint16_t iterations;
	uint8_t salt_bytes;
	const uint8_t *salt;
	size_t count;
	uint32_t *first; /* of each owner in order: its first record */
	uint8_t (*hashes)[NAIVE_HASH_BYTES]; /* NSEC3: of each owner */
};

/* The names of a zone in a hash table. Those that have only NSEC3 records and
 * their signatures are not names (RFC 5155 section 7.2.8). */
struct naive_zone {
	const struct zone_records *records;
	struct naive_name *names; /* the first is the apex */
	size_t count, cap;
	uint32_t *table; /* index of a name + 1; 0: free */
	size_t mask;
	struct naive_chain chain; /* empty until a proof is asked for */
};

struct naive;

/* Borrows `zones`: sealed, sorted by apex. */
int naive_open(struct naive **out, const struct zone_records *const *zones,
    size_t nzones, struct err *err);
void naive_close(struct naive **n);

/* Answers a question of class IN. `qname` may have letters of either case and
 * must live as long as the answer is looked at. */
int naive_ask(struct naive *n, const uint8_t *qname, uint16_t qtype,
    bool dnssec_ok, struct naive_answer *a, struct err *err);
void naive_answer_fini(struct naive_answer *a);

/* The names of a zone, for making questions; valid until the next call (an
 * index that was made before is found at once). */
int naive_zone_open(struct naive *n, size_t zone, const struct naive_zone **out,
    struct err *err);
const struct naive_name *naive_name_find(
    const struct naive_zone *z, const uint8_t *name);
/* As that, of a name in lower case and its octets. */
const struct naive_name *naive_lower_find(
    const struct naive_zone *z, const uint8_t *lower, size_t bytes);
/* First record of a type at a name, how many there are; NULL if none. */
const struct record *naive_set_find(const struct naive_zone *z,
    const struct naive_name *n, uint16_t type, size_t *count);

/* The type that an RRSIG record covers; 0 for what is no RRSIG. */
uint16_t naive_type_covered(
    uint16_t type, const uint8_t *rdata, size_t rdata_bytes);

#endif
