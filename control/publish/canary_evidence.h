/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What speaks for and against a candidate, zone by zone. Each sampled question
 * that both generations were asked is one piece; each zone that changed has a
 * sequential test of its own (canary_test.h), and all of them together have
 * one, so that a defect that is spread thin over many shows too. Questions of
 * zones that did not change have theirs: they speak against a candidate, never
 * for it.
 *
 * A name counts twice at most, sound or not, and no single name makes a
 * verdict: who floods one, be it the one that a change takes away, adds two
 * pieces. What guards have let pass before (evidence_accept) does not count at
 * all.
 *
 * Worker thread; memory is bounded: 16384 names, 1024 zones; what is more
 * is counted without a zone, or not at all.
 */
#ifndef HOLDFAST_CANARY_EVIDENCE_H
#define HOLDFAST_CANARY_EVIDENCE_H

#include <stddef.h>

#include "base/dns.h"
#include "base/err.h"
#include "control/publish/canary_test.h"

enum {
	EVIDENCE_NAMES_MAX = 16384,
	EVIDENCE_ZONES_MAX = 1024,
	EVIDENCE_REPEATS_MAX = 2,
	EVIDENCE_NAMES_LEAST = 2, /* at fault, for a verdict */
};

/* Enum, what it means. */
#define EVIDENCE_FAULTS(X)                                                     \
	X(NONE, "is sound")                                                    \
	X(LOSS, "is not answered any more")                                    \
	X(OTHERWISE, "was not answered as the candidate says")                 \
	X(COST, "costs far more than before")

enum evidence_fault {
#define EVIDENCE_FAULT_ENUM(name, meaning) EVIDENCE_##name,
	EVIDENCE_FAULTS(EVIDENCE_FAULT_ENUM)
#undef EVIDENCE_FAULT_ENUM
	    EVIDENCE_FAULT_COUNT
};

extern const char *const evidence_fault_meaning[EVIDENCE_FAULT_COUNT];

struct evidence_zone {
	uint8_t apex[DNS_NAME_MAX + 1];
	struct canary_test test;
	uint64_t names; /* at fault, of those that are */
	/* the first question at fault */
	uint8_t qname[DNS_NAME_MAX + 1];
	uint16_t qtype;
	enum evidence_fault what;
	bool forgiven;
};

struct evidence {
	struct canary_rates rates;
	struct canary_test total;
	struct evidence_zone *zones;
	size_t nzones;
	struct evidence_zone others; /* questions of no zone that changed */
	uint64_t bad_names;          /* of all zones that changed */
	struct evidence_name *names;
	size_t nnames;
	uint64_t repeated, accepted; /* pieces that did not count */
};

int evidence_init(
    struct evidence *e, const struct canary_rates *rates, struct err *err);
void evidence_fini(struct evidence *e);

/* A question by its name (wire form, lower case) and type. */
struct evidence_piece {
	const uint8_t *apex; /* of the zone that changed; NULL: of none */
	const uint8_t *qname;
	uint16_t qtype;
	enum evidence_fault fault;
};
void evidence_add(struct evidence *e, const struct evidence_piece *p);

/* This name loses answers, is known to and accepted: that does not count. */
void evidence_accept(struct evidence *e, const uint8_t *qname);

/* The same as keys, for who writes them down: how many there are, of which
 * `keys` gets `most`. A key that no name can have is unsound. */
size_t evidence_accepted(const struct evidence *e, uint64_t *keys, size_t most);
void evidence_accept_key(struct evidence *e, uint64_t key);
bool evidence_key_is_sound(uint64_t key);

/* What was accepted or forgiven in `from` is in `e`. */
void evidence_accept_all(struct evidence *e, const struct evidence *from);

/* An operator lets the zone pass: nothing about it counts any more. What was
 * counted of all zones together starts anew. */
void evidence_forgive(struct evidence *e, const uint8_t *apex);

/* The verdict about all. `suspect`: some zone has a fault and is not decided
 * yet, so more time would help. */
enum canary_verdict evidence_verdict(const struct evidence *e, bool *suspect);

/* Whether the zone is one to be taken back: its own test says so, or, where
 * only all together are bad, it has a fault. */
bool evidence_zone_is_bad(const struct evidence *e, const uint8_t *apex);
/* NULL: nothing is known of it. */
const struct evidence_zone *evidence_zone_find(
    const struct evidence *e, const uint8_t *apex);
/* Where questions of no zone that changed are at fault, the whole candidate is:
 * no single zone can be named. */
bool evidence_is_bad_elsewhere(const struct evidence *e);

/* A sentence about the zone's (or others') faults; returns dst. */
char *evidence_text(const struct evidence_zone *z, char *dst, size_t bytes);

#endif
