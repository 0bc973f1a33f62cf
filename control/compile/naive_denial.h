/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Proofs of absence for the naive resolver (naive.h): which NSEC (RFC 4035
 * section 3.1.3) or NSEC3 records (RFC 5155 section 7.2) show that a name or a
 * type is not there, found by plain binary search over the zone's own records.
 * Shares no code with builder or engine. Runs where the naive resolver runs;
 * allocates one index a signed zone, when it is first asked for a proof.
 */
#ifndef HOLDFAST_NAIVE_DENIAL_H
#define HOLDFAST_NAIVE_DENIAL_H

#include "control/compile/naive.h"

/* Three records at most for each link of a chain and its end. */
enum { NAIVE_PROOF_MAX = 3 * (NAIVE_CHAIN_MAX + 2) };

/* Owners of what is to be shown, each once. */
struct naive_proof {
	unsigned count;
	struct naive_name owners[NAIVE_PROOF_MAX];
};

/* The index of the zone's chain; made at the first call. */
int naive_chain_open(struct naive_zone *z, struct err *err);
void naive_chain_fini(struct naive_zone *z);

/* Each adds to the proof what shows it. Names may have letters of either case;
 * `encloser` is the closest encloser, a suffix of `name`. The zone's chain is
 * open. */

/* The name is there, and has not the type; also for DS at a cut. */
void naive_prove_nodata(
    const struct naive_zone *z, const uint8_t *name, struct naive_proof *p);
/* The name is not there, and no wildcard that could stand in. */
void naive_prove_missing(const struct naive_zone *z, const uint8_t *name,
    const uint8_t *encloser, struct naive_proof *p);
/* The name is not there, so that its encloser's wildcard stood in. */
void naive_prove_expanded(const struct naive_zone *z, const uint8_t *name,
    const uint8_t *encloser, struct naive_proof *p);
/* The same, and the wildcard has not the type. */
void naive_prove_expanded_nodata(const struct naive_zone *z,
    const uint8_t *name, const uint8_t *encloser, struct naive_proof *p);
/* A delegation has no DS. */
void naive_prove_insecure(
    const struct naive_zone *z, const uint8_t *cut, struct naive_proof *p);

#endif
