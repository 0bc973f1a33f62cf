/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Zones as text in, answers as text out, through the real parser, builder,
 * verifier and engine: for tests whose rows should read like dig.
 */
#ifndef HOLDFAST_ANSWER_RIG_H
#define HOLDFAST_ANSWER_RIG_H

#include "dataplane/answer/answer.h"
#include "tests/rig/text_generation.h"

struct rig {
	struct generation *g;
	struct answer_batch *batch;
	struct answer_config config;
	uint32_t ttl_cap;
	const struct probation *probation; /* NULL: of all zones */
	/* of the query_ctx and the query; all zero: no cookies */
	const struct cookie_secrets *secrets;
	uint32_t now;
	bool require_cookie;
	uint16_t keepalive;
	const uint8_t *client;
	uint8_t client_bytes;
	/* the verdict between find and write, if not 0 */
	enum verdict withhold;
	struct zone_records *zones[TEXT_ZONES_MAX];
	unsigned nzones;
	uint8_t *response; /* of the last question */
	size_t response_bytes;
	enum verdict verdict;
	enum answer_cookie cookie;
};

/* Fails the test that runs it when anything goes wrong. */
void rig_open(struct rig *r, const struct text_zone *zones, unsigned n);
void rig_close(struct rig *r);

/* Sends bytes as they are; response and verdict are in the rig. The buffer is a
 * heap block of just the octets that the engine may touch. */
void rig_send(struct rig *r, const void *message, size_t bytes,
    enum answer_transport transport);

/* "NAME TYPE [+tcp] [+do] [+edns=SIZE] [+nsid]" -> "RCODE flags | answer |
 * authority | additional", records "owner TTL TYPE rdata" in order, with "; "
 * between; OPT left out. Static storage. */
const char *rig_ask(struct rig *r, const char *question);

#endif
