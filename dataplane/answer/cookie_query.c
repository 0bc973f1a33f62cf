/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The usual query with a cookie as its only option, and its response; see
 * usual_query.h. Out of the loops of answer.c, and nearly as fast: a query with
 * a cookie costs its hash and some 20 cycles more than one without (`make
 * bench-engine`, profiles edns and full).
 */
#include "dataplane/answer/usual_query.h"

enum {
	OPTION_HEAD = 4,
	COOKIE_OPTION_BYTES = OPTION_HEAD + COOKIE_BYTES,
	RDLEN_AT = 9,
};

/* A COOKIE option alone, of the two lengths that clients send: 8, and 24 with a
 * server cookie of version 1. */
static bool
is_cookie_option(const uint8_t *option, unsigned bytes)
{
	return (bytes == OPTION_HEAD + COOKIE_BYTES ||
		   bytes == OPTION_HEAD + COOKIE_CLIENT_BYTES) &&
	       wire_load32(option) ==
	           ((uint32_t)DNS_OPTION_COOKIE << 16 | (bytes - OPTION_HEAD));
}

bool
cookie_query_parse(struct answer_state *s, const struct generation *g,
    const struct query_ctx *ctx, struct answer_query *q, unsigned end)
{
	const uint8_t *opt = q->message + end;
	uint32_t rest = q->bytes - end;
	unsigned options;
	uint64_t head;

	if (rest < DNS_OPT_BYTES || !ctx->secrets || !q->client_bytes ||
	    ctx->require_cookie)
		return false;
	head = usual_load64(opt);
	options = wire_load16(opt + RDLEN_AT);
	if ((head & USUAL_OPT_MASK) != USUAL_OPT ||
	    options != rest - DNS_OPT_BYTES ||
	    !is_cookie_option(opt + DNS_OPT_BYTES, options))
		return false;
	usual_query_take(s, g, ctx, q, end, head, wire_load16(q->message + 2));
	s->wants = WANT_COOKIE;
	s->cookie_bytes = (uint8_t)(options - OPTION_HEAD);
	q->cookie = (uint8_t)cookie_take(s->cookie, ctx->secrets, ctx->now,
	    opt + DNS_OPT_BYTES + OPTION_HEAD, s->cookie_bytes, q->client,
	    q->client_bytes);
	return true;
}

bool
cookie_response_write(const struct answer_state *s, const struct query_ctx *ctx,
    struct answer_query *q)
{
	uint8_t *opt;

	if (!usual_response_write(s, ctx, q, WANT_COOKIE, COOKIE_OPTION_BYTES))
		return false;
	opt = q->message + q->response_bytes - COOKIE_OPTION_BYTES -
	      DNS_OPT_BYTES;
	wire_store16(opt + RDLEN_AT, COOKIE_OPTION_BYTES);
	wire_store32(opt + DNS_OPT_BYTES,
	    (uint32_t)DNS_OPTION_COOKIE << 16 | COOKIE_BYTES);
	memcpy(opt + DNS_OPT_BYTES + OPTION_HEAD, s->cookie, COOKIE_BYTES);
	return true;
}
