/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Putting blocks into a message, one after the other: relocation, truncation by
 * whole RRsets, TTL caps. Private to dataplane/answer; no allocation.
 */
#ifndef HOLDFAST_RESPONSE_H
#define HOLDFAST_RESPONSE_H

#include "dataplane/answer/answer_batch.h"

/* A response that grows behind the question. */
struct composer {
	uint8_t *message;
	uint32_t at;    /* where the next octet goes */
	uint32_t limit; /* most octets, the OPT record taken off */
	uint32_t ttl_cap;
	uint16_t an, ns, ar;
	uint16_t query_bytes; /* of the query name */
	uint16_t apex_bytes;
	bool truncated;
};

/* The name that owns the block's records: octets, and where in the message it
 * stands (12: it is the query name). */
struct block_owner {
	uint16_t bytes;
	uint16_t at;
};

/* Appends the block as far as it fits by whole RRsets; TC if anything that must
 * be there is left out. `compiled_bytes`: octets of the name that the block was
 * compiled for. */
void composer_block(struct composer *c, const struct block_d *b,
    unsigned compiled_bytes, struct block_owner owner);

/* The same for a referral's, with `d` at the end of its authority section, in
 * front of what is additional. */
void composer_referral(struct composer *c, const struct block_d *b,
    unsigned compiled_bytes, struct block_owner owner, struct denial *d);

/* The same for the first RRset of a form for DO: the form without it. */
void composer_rrset(struct composer *c, const struct block_d *b,
    unsigned compiled_bytes, struct block_owner owner);

/* Appends the signatures of a form for DO (its second RRset). */
void composer_rrsig(
    struct composer *c, const struct block_d *b, struct block_owner owner);

/* Appends the NSEC or NSEC3 RRsets that are not written yet to the authority
 * section, each with its signatures, whole, or sets TC. Nothing is appended to
 * what is truncated. */
void composer_denial(struct composer *c, struct denial *d);

/* The usual answer that shows what is not there: one block and proofs. */
void response_denial(struct composer *c, struct answer_batch *b,
    const struct answer_state *s, const struct generation *g);

/* The whole of the usual one: NXDOMAIN of a zone whose common part is kept,
 * without options. False: not this case; what stands behind the question is of
 * no use. */
bool denial_response_write(struct answer_batch *b, const struct answer_state *s,
    const struct generation *g, const struct query_ctx *ctx,
    struct answer_query *q);

/* Chains and links: response_compose.c. */
void response_compose(struct composer *c, struct answer_batch *b,
    struct answer_state *s, const struct generation *g, struct answer_query *q);

#endif
