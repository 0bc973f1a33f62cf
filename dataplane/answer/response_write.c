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

enum { OPTION_HEAD = 4, EDE_BYTES = OPTION_HEAD + 2 };

unsigned
response_opt_bytes(
    const struct answer_state *s, const struct answer_config *cfg)
{
	unsigned n = DNS_OPT_BYTES;

	if (!s->has_opt)
		return 0;
	if (s->want_nsid && cfg->nsid_bytes)
		n += OPTION_HEAD + cfg->nsid_bytes;
	if (s->ede != EDE_NONE)
		n += EDE_BYTES;
	return n;
}

static void
opt_write(uint8_t *p, const struct answer_state *s,
    const struct answer_config *cfg, unsigned opt_bytes)
{
	unsigned at = DNS_OPT_BYTES;

	p[0] = 0;
	wire_store16(p + 1, DNS_TYPE_OPT);
	wire_store16(p + 3, cfg->udp_max);
	p[5] = (uint8_t)(s->rcode >> 4);
	p[6] = 0;
	/* DO is copied (RFC 3225 section 3), other flags are zero */
	wire_store16(p + 7, s->want_do ? 0x8000 : 0);
	wire_store16(p + 9, (uint16_t)(opt_bytes - DNS_OPT_BYTES));
	if (opt_bytes == DNS_OPT_BYTES)
		return;
	if (s->want_nsid && cfg->nsid_bytes) {
		wire_store16(p + at, DNS_OPTION_NSID);
		wire_store16(p + at + 2, cfg->nsid_bytes);
		memcpy(p + at + OPTION_HEAD, cfg->nsid, cfg->nsid_bytes);
		at += OPTION_HEAD + cfg->nsid_bytes;
	}
	if (s->ede != EDE_NONE) {
		wire_store16(p + at, DNS_OPTION_EDE);
		wire_store16(p + at + 2, 2);
		wire_store16(p + at + OPTION_HEAD, s->ede);
	}
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
		opt_write(q->message + c->at, s, ctx->config, opt_bytes);
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
	unsigned opt_bytes = response_opt_bytes(s, ctx->config);
	struct composer c = {
	    .message = q->message,
	    .at = s->outcome == OUTCOME_HEADER ? DNS_HEADER_BYTES
	                                       : s->question_end,
	    .limit = s->limit - opt_bytes,
	    .ttl_cap = ctx->ttl_cap,
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
