/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which query a received UDP packet answers: found by source port and ID, then
 * held against the flow and the octets of the question. Pure; hostile input; a
 * worker's own.
 */
#ifndef HOLDFAST_ANSWER_MATCH_H
#define HOLDFAST_ANSWER_MATCH_H

#include "tools/load/load_flow.h"
#include "tools/load/outstanding.h"
#include "tools/load/query_parts.h"

enum answer_match {
	ANSWER_FIRST,
	ANSWER_DUPLICATE,  /* the query has been answered before */
	ANSWER_LATE,       /* it was given up as lost */
	ANSWER_MISMATCHED, /* nobody asked this, from there, so */
	ANSWER_NOT_DNS,    /* no DNS header, or not a response's */
};

/* What a worker has asked. */
struct asked {
	struct outstanding outstanding;
	const struct flow_plan *flows;
	const struct query_set *set;
	const struct query_parts *parts;
	uint64_t salt; /* keeps workers' flows apart */
};

struct answer {
	const uint8_t *message;
	unsigned bytes;
	struct slot *slot; /* not for MISMATCHED and NOT_DNS */
	uint64_t sequence;
};

static inline struct flow
asked_flow(const struct asked *a, uint64_t sequence)
{
	return flow_of(a->flows, sequence + a->salt);
}

/* `f` is a sound UDP frame to one of the ring's ports. Does not touch the
 * slot. */
enum answer_match answer_match(const struct asked *a, const uint8_t *data,
    const struct load_frame *f, struct answer *out);

#endif
