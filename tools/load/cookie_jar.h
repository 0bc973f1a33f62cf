/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Server cookies that a worker has learnt (RFC 7873), by who asks whom. A query
 * with a client cookie alone, as the set has it, becomes one with the cookie
 * learnt; what a response has is kept for the next time. A client is forgotten
 * when another one takes its place. A worker's own; no DPDK; hostile responses.
 */
#ifndef HOLDFAST_COOKIE_JAR_H
#define HOLDFAST_COOKIE_JAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "tools/load/load_flow.h"
#include "tools/load/query_parts.h"

enum {
	JAR_CLIENT_BYTES = 8,
	JAR_COOKIE_BYTES = 24,
	JAR_PLACES_MAX = 1 << 16, /* 2 MiB */
};

struct jar_place {
	uint64_t key; /* of the flow; 0: free */
	uint8_t cookie[JAR_COOKIE_BYTES];
};

struct cookie_jar {
	struct jar_place *places; /* NULL: queries stay as they are */
	uint32_t mask;
	/* of the query in hand; over-read by 31 octets */
	uint8_t message[QUERY_MESSAGE_MAX + JAR_COOKIE_BYTES + 32];
};

/* Places for the clients of the plan. */
int cookie_jar_init(
    struct cookie_jar *j, const struct flow_plan *p, struct err *err);
void cookie_jar_fini(struct cookie_jar *j);

/* True if the message ends in an OPT record with a client cookie and no more.
 */
bool cookie_jar_concerns(
    const uint8_t *message, unsigned bytes, const struct query_parts *parts);

/* Of a query that the jar concerns: puts the cookie learnt into a copy, if
 * there is one, which is then what `m` leads to. */
void cookie_jar_fill(struct cookie_jar *j, const struct flow_plan *p,
    struct flow flow, const struct query_parts *parts, struct flow_message *m);

/* Keeps the cookie of the response, if it has one for the client cookie of the
 * query, alone in the OPT record at its end. */
void cookie_jar_learn(struct cookie_jar *j, const struct flow_plan *p,
    struct flow flow, const uint8_t *query, unsigned query_bytes,
    const uint8_t *response, unsigned bytes);

#endif
