/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The response, in place of the query: header rewritten, question kept as asked
 * (case and all), one block copied behind it, OPT at the end. The straight path
 * writes one block that fits; everything else goes through the composer.
 */
#include "base/wire.h"
#include "dataplane/answer/response.h"
#include "dataplane/answer/usual_query.h"
#include "snapshot/fault.h"

enum {
	OPTION_HEAD = 4,
	EDE_BYTES = 2,
	/* RFC 9660 section 2: LABELCOUNT, TYPE, a serial number */
	ZONEVERSION_BYTES = 6,
	ZONEVERSION_SOA_SERIAL = 0,
	EXPIRE_BYTES = 4,
	KEEPALIVE_BYTES = 2,
	/* of the end of an SOA's RDATA: EXPIRE, MINIMUM */
	SOA_EXPIRE_BACK = 8,
};

/* The expire value of the SOA that is the answer (RFC 7314 section 4): the
 * first RRset of the block ends in it and MINIMUM. */
static uint32_t
answer_expire(const struct answer_state *s)
{
	const struct block_d *b = s->found.block;
	unsigned end = b->nmark ? block_marks(b)->end : b->len;

	return wire_load32(block_response(b) + end - SOA_EXPIRE_BACK);
}

/* Which of the options that the query has are answered. */
static unsigned
options_answered(const struct answer_state *s, const struct query_ctx *ctx)
{
	unsigned wants = s->wants;

	if (!wants)
		return 0;
	if (!ctx->config->nsid_bytes)
		wants &= ~(unsigned)WANT_NSID;
	/* RFC 9660 section 3.2: wherever we have a zone for the query name,
	 * also in referrals and in what says that something is not there;
	 * nowhere else */
	if (!answer_has_zone(s))
		wants &= ~(unsigned)(WANT_ZONEVERSION | WANT_EXPIRE);
	if (s->qtype != DNS_TYPE_SOA || s->found.kind != FOUND_ANSWER)
		wants &= ~(unsigned)WANT_EXPIRE;
	return wants;
}

unsigned
response_opt_bytes(const struct answer_state *s, const struct query_ctx *ctx)
{
	unsigned n = DNS_OPT_BYTES, wants = options_answered(s, ctx);

	if (!s->has_opt)
		return 0;
	if (wants & WANT_NSID)
		n += OPTION_HEAD + ctx->config->nsid_bytes;
	if (wants & WANT_COOKIE)
		n += OPTION_HEAD + COOKIE_BYTES;
	if (wants & WANT_ZONEVERSION)
		n += OPTION_HEAD + ZONEVERSION_BYTES;
	if (wants & WANT_EXPIRE)
		n += OPTION_HEAD + EXPIRE_BYTES;
	if (wants & WANT_KEEPALIVE)
		n += OPTION_HEAD + KEEPALIVE_BYTES;
	if (s->ede != EDE_NONE)
		n += OPTION_HEAD + EDE_BYTES;
	return n;
}

/* The head of an option at p. Returns where its data goes. */
static uint8_t *
option_begin(uint8_t *p, unsigned code, unsigned bytes)
{
	wire_store16(p, (uint16_t)code);
	wire_store16(p + 2, (uint16_t)bytes);
	return p + OPTION_HEAD;
}

static uint8_t *
option_write(uint8_t *p, unsigned code, const void *data, unsigned bytes)
{
	p = option_begin(p, code, bytes);
	memcpy(p, data, bytes);
	return p + bytes;
}

static uint8_t *
zoneversion_write(uint8_t *p, const struct answer_state *s)
{
	p = option_begin(p, DNS_OPTION_ZONEVERSION, ZONEVERSION_BYTES);
	p[0] = (uint8_t)s->view.apex_labels;
	p[1] = ZONEVERSION_SOA_SERIAL;
	wire_store32(p + 2, s->view.zone->serial);
	return p + ZONEVERSION_BYTES;
}

/* In the same order as response_opt_bytes() counts them. */
static void
options_write(
    uint8_t *p, const struct answer_state *s, const struct query_ctx *ctx)
{
	unsigned wants = options_answered(s, ctx);

	if (wants & WANT_NSID)
		p = option_write(p, DNS_OPTION_NSID, ctx->config->nsid,
		    ctx->config->nsid_bytes);
	if (wants & WANT_COOKIE)
		p = option_write(p, DNS_OPTION_COOKIE, s->cookie, COOKIE_BYTES);
	if (wants & WANT_ZONEVERSION)
		p = zoneversion_write(p, s);
	if (wants & WANT_EXPIRE) {
		wire_store32(option_begin(p, DNS_OPTION_EXPIRE, EXPIRE_BYTES),
		    answer_expire(s));
		p += OPTION_HEAD + EXPIRE_BYTES;
	}
	if (wants & WANT_KEEPALIVE) {
		wire_store16(
		    option_begin(p, DNS_OPTION_KEEPALIVE, KEEPALIVE_BYTES),
		    ctx->keepalive);
		p += OPTION_HEAD + KEEPALIVE_BYTES;
	}
	if (s->ede != EDE_NONE)
		wire_store16(
		    option_begin(p, DNS_OPTION_EDE, EDE_BYTES), s->ede);
}

static void
opt_write(uint8_t *p, const struct answer_state *s, const struct query_ctx *ctx,
    unsigned opt_bytes)
{
	p[0] = 0;
	wire_store16(p + 1, DNS_TYPE_OPT);
	wire_store16(p + 3, ctx->config->udp_max);
	p[5] = (uint8_t)(s->rcode >> 4);
	p[6] = 0;
	/* DO is copied (RFC 3225 section 3), other flags are zero */
	wire_store16(p + 7, s->want_do ? 0x8000 : 0);
	wire_store16(p + 9, (uint16_t)(opt_bytes - DNS_OPT_BYTES));
	if (opt_bytes != DNS_OPT_BYTES)
		options_write(p + DNS_OPT_BYTES, s, ctx);
}

/* Header and OPT around what stands between `from` and `at`. */
static void
response_finish(struct answer_query *q, const struct answer_state *s,
    const struct query_ctx *ctx, const struct composer *c, unsigned opt_bytes)
{
	bool tc = c->truncated && !fault_hit("engine-tc-missing");
	unsigned flags = s->flags | (s->rcode & 15) | (tc ? DNS_FLAG_TC : 0);
	unsigned qd = s->question_end != 0 && s->outcome != OUTCOME_HEADER;

	response_header_write(
	    q->message, flags, qd, c->an, c->ns, c->ar + (opt_bytes != 0));
	if (opt_bytes)
		opt_write(q->message + c->at, s, ctx, opt_bytes);
	q->response_bytes = c->at + opt_bytes;
}

/* TXT of class CH, TTL 0, owner as asked (RFC 4892). */
static void
chaos_write(struct composer *c, const struct answer_state *s)
{
	size_t n = strlen(s->chaos);
	uint8_t *p = c->message + c->at;

	wire_store16(p, 0xc000 | DNS_HEADER_BYTES);
	wire_store16(p + 2, DNS_TYPE_TXT);
	wire_store16(p + 4, DNS_CLASS_CH);
	wire_store32(p + 6, 0);
	wire_store16(p + 10, (uint16_t)(n + 1));
	p[12] = (uint8_t)n;
	memcpy(p + 13, s->chaos, n);
	c->at += 13 + (uint32_t)n;
	c->an = 1;
}

/* TSIG with error BADKEY and no MAC (RFC 8945 section 5.2.1), made out of the
 * query's own record, which stands at or behind where it goes. False if that
 * can't be had. */
static bool
tsig_write(struct composer *c, const struct answer_state *s)
{
	enum { BADKEY = 17, RR_FIXED = 10, TIME_AND_FUDGE = 8 };
	const uint8_t *from = c->message + s->tsig_at;
	uint8_t *to = c->message + c->at;
	uint16_t id = wire_load16(c->message);
	unsigned owner = 0, algorithm = 0, rdlen;

	while (from[owner])
		owner += from[owner] + 1u;
	owner++;
	rdlen = wire_load16(from + owner + 8);

	const uint8_t *rdata = from + owner + RR_FIXED;

	while (algorithm < rdlen && rdata[algorithm] &&
	       rdata[algorithm] <= DNS_LABEL_MAX)
		algorithm += rdata[algorithm] + 1u;
	algorithm++;
	if (algorithm > DNS_NAME_MAX || algorithm + TIME_AND_FUDGE > rdlen ||
	    rdata[algorithm - 1] != 0)
		return false; /* not even a TSIG: NOTAUTH alone */

	unsigned head = owner + RR_FIXED + algorithm + TIME_AND_FUDGE;

	if (c->at + head + 8 > c->limit)
		return false; /* longer names than any key has, over UDP */
	memmove(to, from, head);
	wire_store16(to + owner + 2, DNS_CLASS_ANY);
	wire_store32(to + owner + 4, 0); /* TTL */
	wire_store16(
	    to + owner + 8, (uint16_t)(algorithm + TIME_AND_FUDGE + 8));
	wire_store16(to + head, 0); /* MAC size */
	wire_store16(to + head + 2, id);
	wire_store16(to + head + 4, BADKEY);
	wire_store16(to + head + 6, 0); /* other data */
	c->at += head + 8;
	c->ar = 1;
	return true;
}

void
response_write(struct answer_batch *b, struct answer_state *s,
    const struct generation *g, const struct query_ctx *ctx,
    struct answer_query *q)
{
	unsigned opt_bytes = response_opt_bytes(s, ctx);
	struct composer c = {
	    .message = q->message,
	    .at = s->outcome == OUTCOME_HEADER ? DNS_HEADER_BYTES
	                                       : s->question_end,
	    .limit = s->limit - opt_bytes,
	    .ttl_cap = answer_ttl_cap(s, ctx),
	    .query_bytes = s->name.bytes,
	    .apex_bytes = s->view.apex_bytes,
	};

	if (!verdict_is_sent(q->verdict)) {
		q->response_bytes = 0;
		return;
	}
	if (q->verdict == VERDICT_SLIPPED) {
		/* header and question, so that a real client asks by TCP */
		c.truncated = true;
		response_finish(q, s, ctx, &c, opt_bytes);
		q->rcode = (uint8_t)s->rcode;
		return;
	}
	switch (s->outcome) {
	case OUTCOME_BLOCK:
	case OUTCOME_COMPOSE:
		response_compose(&c, b, s, g, q);
		break;
	case OUTCOME_DENIAL:
		response_denial(&c, b, s, g);
		break;
	case OUTCOME_CHAOS:
		chaos_write(&c, s);
		break;
	case OUTCOME_TSIG:
		/* TSIG is the last record: no OPT behind it */
		if (tsig_write(&c, s))
			opt_bytes = 0;
		break;
	default:
		break;
	}
	if (c.truncated)
		q->verdict = VERDICT_TRUNCATED;
	response_finish(q, s, ctx, &c, opt_bytes);
	q->rcode = (uint8_t)s->rcode;
}
