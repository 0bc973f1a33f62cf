/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From a message to a question, EDNS options and a size limit. The usual query
 * (opcode QUERY, one question, nothing or one OPT behind it) takes a straight
 * path; everything else goes through the side functions below. Hostile input:
 * every read is bounded by the message. Any thread.
 */
#include "base/wire.h"
#include "dataplane/answer/answer_batch.h"
#include "dataplane/answer/message_opt.h"

static void
parse_fail(struct answer_state *s, struct answer_query *q, enum outcome outcome,
    enum verdict verdict, unsigned rcode)
{
	s->outcome = (uint8_t)outcome;
	s->rcode = (uint16_t)rcode;
	q->verdict = (uint8_t)verdict;
}

static void
parse_formerr(struct answer_state *s, struct answer_query *q)
{
	parse_fail(s, q, s->question_end ? OUTCOME_QUESTION : OUTCOME_HEADER,
	    VERDICT_FORMERR, DNS_RCODE_FORMERR);
}

/* COOKIE: of several the first one counts (RFC 7873 section 5.2). False: a
 * length that it can't have. */
static bool
parse_cookie(struct answer_state *s, const struct query_ctx *ctx,
    struct answer_query *q, const uint8_t *p, unsigned bytes)
{
	if (!ctx->secrets || !q->client_bytes || s->cookie_bytes)
		return true;
	if (!cookie_bytes_are_sound(bytes))
		return false;
	s->cookie_bytes = (uint8_t)bytes;
	s->wants |= WANT_COOKIE;
	q->cookie = (uint8_t)cookie_take(s->cookie, ctx->secrets, ctx->now, p,
	    bytes, q->client, q->client_bytes);
	return true;
}

static bool
parse_option(struct answer_state *s, const struct query_ctx *ctx,
    struct answer_query *q, unsigned code, const uint8_t *p, unsigned bytes)
{
	switch (code) {
	case DNS_OPTION_COOKIE:
		return parse_cookie(s, ctx, q, p, bytes);
	case DNS_OPTION_NSID:
		s->wants |= WANT_NSID;
		return true;
	case DNS_OPTION_ZONEVERSION:
		/* RFC 9660 section 3.1: empty in queries */
		s->wants |= WANT_ZONEVERSION;
		return bytes == 0;
	case DNS_OPTION_EXPIRE:
		/* RFC 7314 section 3: empty in queries */
		if (bytes == 0)
			s->wants |= WANT_EXPIRE;
		return true;
	case DNS_OPTION_KEEPALIVE:
		/* RFC 7828 sections 3.2.1 and 3.3.1: empty, and ignored over
		 * UDP */
		if (bytes == 0 && ctx->transport == ANSWER_STREAM &&
		    ctx->keepalive)
			s->wants |= WANT_KEEPALIVE;
		return true;
	default:
		return true;
	}
}

/* Options: unknown ones are ignored and not echoed (RFC 6891 section 6.1.2). */
static bool
parse_options(struct answer_state *s, const struct query_ctx *ctx,
    struct answer_query *q, const uint8_t *p, unsigned bytes)
{
	while (bytes) {
		if (bytes < 4)
			return false;

		unsigned code = wire_load16(p), len = wire_load16(p + 2);

		if (bytes - 4 < len)
			return false;
		if (!parse_option(s, ctx, q, code, p + 4, len))
			return false;
		p += 4 + len;
		bytes -= 4 + len;
	}
	return true;
}

/* The OPT record at `at` (its owner, type and length were seen to be there). */
static bool
parse_opt(struct answer_state *s, const struct query_ctx *ctx,
    struct answer_query *q, const uint8_t *p, unsigned rdlen)
{
	unsigned size = wire_load16(p + 3), version = p[6];

	s->has_opt = true;
	s->want_do = p[7] & 0x80;
	if (ctx->transport == ANSWER_UDP) {
		/* less than 512 counts as 512 (RFC 6891 section 6.2.3) */
		if (size < DNS_EDNS_MIN)
			size = DNS_EDNS_MIN;
		s->limit =
		    size < ctx->config->udp_max ? size : ctx->config->udp_max;
	}
	if (version != 0) {
		/* section 6.1.3: BADVERS, whatever else is in the message */
		parse_fail(
		    s, q, OUTCOME_QUESTION, VERDICT_BADVERS, DNS_RCODE_BADVERS);
		return true;
	}
	return rdlen == 0 || parse_options(s, ctx, q, p + DNS_OPT_BYTES, rdlen);
}

/* What is behind the question, from octet `from` on, when it is not just one
 * OPT: counted records of any section. RFC 6891 section 6.1.1: OPT belongs into
 * additional, once. A record but OPT and TSIG has no business in a query:
 * FORMERR, as NSD. */
static void
parse_records(struct answer_state *s, const struct query_ctx *ctx,
    struct answer_query *q, unsigned from)
{
	const uint8_t *m = q->message;
	unsigned additional = wire_load16(m + 10);
	struct wire_reader r = wire_reader_make(m + from, q->bytes - from);

	if (s->qtype == DNS_TYPE_IXFR && wire_load16(m + 6) == 0)
		return; /* the client's SOA: parse_meta() refuses it all */
	if (wire_load16(m + 6) || wire_load16(m + 8)) {
		parse_formerr(s, q);
		return;
	}
	for (unsigned i = 0; i < additional; i++) {
		const uint8_t *start = r.at;
		size_t owner = 1;

		while (start + owner <= r.end && start[owner - 1] != 0 &&
		       start[owner - 1] <= DNS_LABEL_MAX &&
		       owner < DNS_NAME_MAX)
			owner += start[owner - 1] + 1u;
		if (owner > wire_left(&r) || start[owner - 1] != 0) {
			parse_formerr(s, q);
			return;
		}
		wire_take_find(&r, owner);

		unsigned type = wire_read16(&r);

		wire_take_find(&r, 6);

		unsigned rdlen = wire_read16(&r);

		wire_take_find(&r, rdlen);
		if (r.failed) {
			parse_formerr(s, q);
			return;
		}
		if (type == DNS_TYPE_TSIG && i == additional - 1) {
			s->tsig_at = (uint16_t)(start - m);
			continue;
		}
		if (type != DNS_TYPE_OPT || owner != 1 || s->has_opt ||
		    !parse_opt(s, ctx, q, start, rdlen)) {
			parse_formerr(s, q);
			return;
		}
	}
	/* no octet may follow a TSIG or OPT record */
	if (additional && wire_left(&r)) {
		parse_formerr(s, q);
		return;
	}
	if (s->tsig_at && s->outcome == OUTCOME_LOOKUP)
		/* we share keys with nobody (RFC 8945 section 5.2.1) */
		parse_fail(
		    s, q, OUTCOME_TSIG, VERDICT_NOTAUTH, DNS_RCODE_NOTAUTH);
}

/* Over UDP, a cookie that is not valid where one is required. */
static bool
cookie_is_lacking(const struct answer_state *s, const struct query_ctx *ctx,
    const struct answer_query *q)
{
	return ctx->require_cookie && ctx->transport == ANSWER_UDP &&
	       s->cookie_bytes && q->cookie != ANSWER_COOKIE_VALID;
}

/* No question: RFC 7873 section 5.4 gives a meaning to that if there is a
 * cookie. Without a question there is nothing to sign, so a TSIG is a mistake.
 */
static void
parse_cookie_alone(
    struct answer_state *s, const struct query_ctx *ctx, struct answer_query *q)
{
	s->qtype = 0;
	parse_records(s, ctx, q, DNS_HEADER_BYTES);
	if (s->outcome == OUTCOME_TSIG ||
	    (s->outcome == OUTCOME_LOOKUP && !s->cookie_bytes)) {
		parse_formerr(s, q);
		return;
	}
	if (s->outcome == OUTCOME_LOOKUP) {
		bool bad = q->cookie != ANSWER_COOKIE_VALID &&
		           s->cookie_bytes > COOKIE_CLIENT_BYTES;

		parse_fail(s, q, OUTCOME_HEADER,
		    bad ? VERDICT_BADCOOKIE : VERDICT_COOKIE,
		    bad ? DNS_RCODE_BADCOOKIE : 0);
	}
	s->outcome = OUTCOME_HEADER;
}

/* A message of an opcode that is not served: its verdict. RFC 6891 sections
 * 6.1.1 and 7: whoever sends an OPT record gets one back, whatever becomes of
 * the rest. */
static void
parse_unserved(struct answer_state *s, const struct query_ctx *ctx,
    struct answer_query *q, enum verdict verdict, unsigned rcode)
{
	const uint8_t *opt = NULL;
	unsigned n = message_opt_find(q->message, q->bytes, &opt);

	s->qtype = 0;
	if ((n && !parse_opt(s, ctx, q, opt, wire_load16(opt + 9))) || n > 1)
		parse_formerr(s, q);
	else if (s->outcome == OUTCOME_LOOKUP)
		parse_fail(s, q, OUTCOME_HEADER, verdict, rcode);
	s->outcome = OUTCOME_HEADER; /* BADVERS, too: no question was read */
}

/* Header word by word, for all that is not the usual query. Returns true if a
 * question is to be parsed. */
static bool
parse_header_unusual(
    struct answer_state *s, const struct query_ctx *ctx, struct answer_query *q)
{
	const uint8_t *m = q->message;
	unsigned opcode = (s->flags >> DNS_OPCODE_SHIFT) & 15;

	switch (opcode) {
	case DNS_OPCODE_QUERY:
		/* RFC 9619: a QUERY has one question, no more, no less */
		if (wire_load16(m + 4) == 1)
			return true;
		if (wire_load16(m + 4) == 0)
			parse_cookie_alone(s, ctx, q);
		else
			parse_formerr(s, q);
		return false;
	case DNS_OPCODE_NOTIFY:
		/* nobody may notify us until zones come by transfer; AA is
		 * copied (RFC 1996 section 3.3 has it in the request) */
		s->flags |= wire_load16(m + 2) & DNS_FLAG_AA;
		parse_unserved(s, ctx, q, VERDICT_REFUSED, DNS_RCODE_REFUSED);
		return false;
	default:
		parse_unserved(s, ctx, q, VERDICT_NOTIMP, DNS_RCODE_NOTIMP);
		return false;
	}
}

static const struct {
	const char *name; /* wire form, lower case */
	bool version;
} chaos_names[] = {
    {"\2id\6server", false},
    {"\10hostname\4bind", false},
    {"\7version\6server", true},
    {"\7version\4bind", true},
};

/* Class CH: identity by RFC 4892, when configured; else not ours. */
static void
parse_chaos(
    struct answer_state *s, const struct query_ctx *ctx, struct answer_query *q)
{
	s->name.lower[s->name.bytes] = 0;
	for (unsigned i = 0; i < sizeof chaos_names / sizeof *chaos_names;
	     i++) {
		const char *text = chaos_names[i].version
		                       ? ctx->config->version
		                       : ctx->config->identity;

		if (strcmp((const char *)s->name.lower, chaos_names[i].name) ||
		    !text[0] ||
		    (s->qtype != DNS_TYPE_TXT && s->qtype != DNS_TYPE_ANY))
			continue;
		s->chaos = text;
		s->flags |= DNS_FLAG_AA;
		parse_fail(s, q, OUTCOME_CHAOS, VERDICT_CHAOS, 0);
		return;
	}
	s->ede = DNS_EDE_NOT_AUTHORITATIVE;
	parse_fail(s, q, OUTCOME_QUESTION, VERDICT_REFUSED, DNS_RCODE_REFUSED);
}

/* Classes but IN, and types that are questions about something else. */
static void
parse_meta(
    struct answer_state *s, const struct query_ctx *ctx, struct answer_query *q)
{
	if (s->qclass == DNS_CLASS_CH) {
		parse_chaos(s, ctx, q);
		return;
	}
	if (s->qclass == DNS_CLASS_ANY) {
		/* RFC 1035 section 3.2.5, and AA is off: not all classes
		 * were looked at */
		s->any_class = true;
	} else if (s->qclass != DNS_CLASS_IN) {
		s->ede = DNS_EDE_NOT_AUTHORITATIVE;
		parse_fail(
		    s, q, OUTCOME_QUESTION, VERDICT_REFUSED, DNS_RCODE_REFUSED);
		return;
	}
	switch (s->qtype) {
	case DNS_TYPE_AXFR:
		s->ede = DNS_EDE_NOT_SUPPORTED;
		/* RFC 5936 section 4.2: a transfer is a matter of streams */
		if (ctx->transport == ANSWER_UDP) {
			parse_fail(s, q, OUTCOME_QUESTION, VERDICT_NOTIMP,
			    DNS_RCODE_NOTIMP);
			break;
		}
		__attribute__((fallthrough));
	case DNS_TYPE_IXFR:
		/* nobody may have our zones: said as Knot says it */
		s->ede = DNS_EDE_NOT_SUPPORTED;
		parse_fail(
		    s, q, OUTCOME_QUESTION, VERDICT_NOTAUTH, DNS_RCODE_NOTAUTH);
		break;
	default:
		break;
	}
}

void
query_parse(struct answer_state *s, const struct generation *g,
    const struct query_ctx *ctx, struct answer_query *q)
{
	const uint8_t *m = q->message;

	s->outcome = OUTCOME_LOOKUP;
	s->rcode = 0;
	s->question_end = 0;
	s->ede = EDE_NONE;
	s->tsig_at = 0;
	s->has_opt = s->want_do = s->any_class = false;
	s->wants = 0;
	s->cookie_bytes = 0;
	s->limit =
	    ctx->transport == ANSWER_UDP ? DNS_EDNS_MIN : DNS_MESSAGE_MAX;
	q->cookie = ANSWER_COOKIE_NONE;
	q->response_bytes = 0;
	q->apex_labels = q->key_labels = 0;
	q->key_hash = 0;
	if (__builtin_expect(q->bytes < DNS_HEADER_BYTES, 0)) {
		parse_fail(s, q, OUTCOME_DROP, VERDICT_DROP_SHORT, 0);
		return;
	}

	unsigned flags = wire_load16(m + 2);

	if (__builtin_expect(flags & DNS_FLAG_QR, 0)) {
		parse_fail(s, q, OUTCOME_DROP, VERDICT_DROP_RESPONSE, 0);
		return;
	}
	/* opcode and RD are copied, all else starts at zero */
	s->flags = (uint16_t)(DNS_FLAG_QR | (flags & (0x7800 | DNS_FLAG_RD)));
	if (__builtin_expect((flags & 0x7800) || wire_load16(m + 4) != 1, 0) &&
	    !parse_header_unusual(s, ctx, q))
		return;

	unsigned avail = q->bytes - DNS_HEADER_BYTES;

	if (__builtin_expect(
		!query_name_scan(&s->name, m + DNS_HEADER_BYTES, avail) ||
		    avail - s->name.bytes < 4,
		0)) {
		parse_formerr(s, q);
		return;
	}
	query_name_lower(s->name.lower, m + DNS_HEADER_BYTES, s->name.bytes);

	unsigned end = DNS_HEADER_BYTES + s->name.bytes + 4u;
	const uint8_t *p = m + end;

	s->question_end = (uint16_t)end;
	s->qtype = wire_load16(p - 4);
	s->qclass = wire_load16(p - 2);

	/* the usual rest: nothing, or one OPT that ends the message */
	uint64_t counts =
	    (uint64_t)wire_load16(m + 6) << 32 | wire_load32(m + 8);

	if (counts == 1 && q->bytes - end >= DNS_OPT_BYTES && p[0] == 0 &&
	    wire_load16(p + 1) == DNS_TYPE_OPT &&
	    wire_load16(p + 9) == q->bytes - end - DNS_OPT_BYTES) {
		if (!parse_opt(s, ctx, q, p, wire_load16(p + 9))) {
			parse_formerr(s, q);
			return;
		}
	} else if (__builtin_expect(counts != 0, 0)) {
		parse_records(s, ctx, q, s->question_end);
	}
	if (s->limit > q->capacity - ANSWER_SPARE_BYTES)
		s->limit = q->capacity - ANSWER_SPARE_BYTES;
	if (__builtin_expect(s->outcome != OUTCOME_LOOKUP, 0))
		return;
	if (cookie_is_lacking(s, ctx, q)) {
		parse_fail(s, q, OUTCOME_QUESTION, VERDICT_BADCOOKIE,
		    DNS_RCODE_BADCOOKIE);
		return;
	}
	if (__builtin_expect(
		s->qclass != DNS_CLASS_IN ||
		    (s->qtype >= DNS_TYPE_TKEY && s->qtype <= DNS_TYPE_MAILA),
		0)) {
		parse_meta(s, ctx, q);
		if (s->outcome != OUTCOME_LOOKUP)
			return;
	}
	if (__builtin_expect(!g, 0)) {
		s->ede = DNS_EDE_NOT_READY;
		parse_fail(s, q, OUTCOME_QUESTION, VERDICT_SERVFAIL,
		    DNS_RCODE_SERVFAIL);
		return;
	}
	query_name_hash(&s->name, &g->key);
}
