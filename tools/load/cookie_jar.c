/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cookies learnt and sent; see cookie_jar.h. One cache line a query with a
 * cookie, and a copy of it with a sum of its own: a hundred cycles or so.
 */
#include "tools/load/cookie_jar.h"

#include <stdlib.h>

#include "base/dns.h"

enum {
	OPTION_HEAD = 4,
	/* behind the question: OPT with a cookie of so many octets */
	TAIL_ASKED = DNS_OPT_BYTES + OPTION_HEAD + JAR_CLIENT_BYTES,
	TAIL_LEARNT = DNS_OPT_BYTES + OPTION_HEAD + JAR_COOKIE_BYTES,
	OPT_RDLEN_AT = 9,
};

int
cookie_jar_init(
    struct cookie_jar *j, const struct flow_plan *p, struct err *err)
{
	uint64_t flows =
	    (uint64_t)p->clients * (p->nservers4 + p->nservers6) * 2;
	uint32_t places = 64;

	while (places < flows && places < JAR_PLACES_MAX)
		places *= 2;
	j->places = calloc(places, sizeof *j->places);
	j->mask = places - 1;
	return j->places ? 0 : err_set(err, ERR_NO_MEMORY, "out of memory");
}

void
cookie_jar_fini(struct cookie_jar *j)
{
	free(j->places);
	j->places = NULL;
}

static bool
tail_is(const uint8_t *tail, unsigned cookie_bytes)
{
	return tail[0] == 0 && wire_load16(tail + 1) == DNS_TYPE_OPT &&
	       wire_load16(tail + OPT_RDLEN_AT) == OPTION_HEAD + cookie_bytes &&
	       wire_load32(tail + DNS_OPT_BYTES) ==
	           ((uint32_t)DNS_OPTION_COOKIE << 16 | cookie_bytes);
}

bool
cookie_jar_concerns(
    const uint8_t *message, unsigned bytes, const struct query_parts *parts)
{
	return bytes == (unsigned)parts->question_end + TAIL_ASKED &&
	       tail_is(message + parts->question_end, JAR_CLIENT_BYTES);
}

static uint64_t
flow_key(const struct flow_plan *p, struct flow flow)
{
	return ((uint64_t)(flow.server - p->servers) << 32 | flow.client) + 1;
}

static struct jar_place *
place_of(const struct cookie_jar *j, uint64_t key)
{
	return &j->places[key * 0x9e3779b97f4a7c15ull >> 32 & j->mask];
}

void
cookie_jar_fill(struct cookie_jar *j, const struct flow_plan *p,
    struct flow flow, const struct query_parts *parts, struct flow_message *m)
{
	uint64_t key = flow_key(p, flow);
	const struct jar_place *place = place_of(j, key);
	uint8_t *tail = j->message + parts->question_end;

	if (place->key != key)
		return;
	memcpy(j->message, m->bytes, m->length);
	wire_store16(tail + OPT_RDLEN_AT, OPTION_HEAD + JAR_COOKIE_BYTES);
	wire_store16(tail + DNS_OPT_BYTES + 2, JAR_COOKIE_BYTES);
	memcpy(tail + DNS_OPT_BYTES + OPTION_HEAD, place->cookie,
	    JAR_COOKIE_BYTES);
	m->bytes = j->message;
	m->length = (uint16_t)(m->length + JAR_COOKIE_BYTES - JAR_CLIENT_BYTES);
	m->sum = inet_sum_fold(inet_sum_add(0, m->bytes, m->length));
}

void
cookie_jar_learn(struct cookie_jar *j, const struct flow_plan *p,
    struct flow flow, const uint8_t *query, unsigned query_bytes,
    const uint8_t *response, unsigned bytes)
{
	uint64_t key = flow_key(p, flow);
	struct jar_place *place = place_of(j, key);
	const uint8_t *sent = place->key == key
	                          ? place->cookie
	                          : query + query_bytes - JAR_CLIENT_BYTES;
	const uint8_t *cookie;

	if (bytes < DNS_HEADER_BYTES + TAIL_LEARNT ||
	    !tail_is(response + bytes - TAIL_LEARNT, JAR_COOKIE_BYTES))
		return;
	cookie = response + bytes - JAR_COOKIE_BYTES;
	if (memcmp(cookie, sent, JAR_CLIENT_BYTES) != 0)
		return;
	place->key = key;
	memcpy(place->cookie, cookie, JAR_COOKIE_BYTES);
}
