/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Is this response what the naive resolver says? Inside of the proof (prove.c).
 */
#ifndef HOLDFAST_PROVE_COMPARE_H
#define HOLDFAST_PROVE_COMPARE_H

#include "control/compile/naive.h"

enum { PROVE_WIRE_MAX = 65535 + 64 };

/* A question as it is asked. */
struct prove_question {
	const uint8_t *name; /* letters of both cases */
	uint16_t type;
	bool edns, dnssec_ok; /* dnssec_ok only with edns */
	uint16_t udp_bytes;   /* 0: over a stream */
};

/* A response that was found right over a stream: what UDP may cut. */
struct prove_measure {
	uint32_t question_end; /* offset */
	uint32_t *ends;        /* offset of the end of each record but OPT */
	size_t count, cap;
	size_t required; /* records that must be there, or TC */
};

struct prove_compare {
	struct prove_measure measure; /* of the last stream response */
	uint8_t *used;                /* of the expected records */
	size_t used_cap;
	uint8_t stream[PROVE_WIRE_MAX]; /* the last stream response */
	size_t stream_bytes;
	uint8_t shown[PROVE_WIRE_MAX]; /* the response as ldns is to see it */
	uint64_t compared, decoded;    /* responses; by ldns */
};

void prove_compare_fini(struct prove_compare *c);

/* Compares a whole response (no TC): flags, rcode, question, and each section
 * as a set with TTLs. 0, or ERR_REFUSED with a text that says what was expected
 * and what was found. Keeps a stream response for prove_compare_udp().
 *
 * ldns decodes the first few thousand responses, one in sixteen of the others,
 * and all that do not match octet by octet (prove_match.h). */
int prove_compare_whole(struct prove_compare *c, const struct prove_question *q,
    const struct naive_answer *expected, const uint8_t *wire, size_t bytes,
    struct err *err);

/* Compares a UDP response with the stream's before it: TC is set exactly if
 * what must be there does not fit, and what is there is a prefix of whole
 * RRsets. */
int prove_compare_udp(struct prove_compare *c, const struct prove_question *q,
    const struct naive_answer *expected, const uint8_t *wire, size_t bytes,
    struct err *err);

#endif
