/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The usual query and its usual response, in line for the loops of answer.c:
 * opcode QUERY, one question of class IN for a type with records, nothing or
 * one OPT of version 0 without options behind it; one block that fits. The same
 * with a cookie as the only option is cookie_query.c's, made of the same parts:
 * in the loop it would cost all queries five cycles. What is not usual goes to
 * query_parse() and response_write(), which do everything, so each rule stands
 * here only in the form "is it that case?".
 * Measured when it was split off: 700 instructions a query became 640, and 119
 * TSC cycles 114 (1,000 names, plain; make bench-engine).
 */
#ifndef HOLDFAST_USUAL_QUERY_H
#define HOLDFAST_USUAL_QUERY_H

#include "base/wire.h"
#include "dataplane/answer/answer_batch.h"
#include "snapshot/fault.h"

/* Octets 2 to 9 of the header as one big-endian word: QR and opcode 0, QDCOUNT
 * 1, ANCOUNT and NSCOUNT 0; AA, TC, RD, RA, Z, AD, CD and rcode may be
 * anything. */
#define USUAL_HEADER_MASK 0xf800ffffffffffffull
#define USUAL_HEADER      0x0000000100000000ull

/* Octets 0 to 2 (root, OPT), 5 and 6 (extended rcode, version) of an OPT. */
#define USUAL_OPT_MASK 0xffffff0000ffff00ull
#define USUAL_OPT      0x0000290000000000ull

static inline uint64_t
usual_load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return __builtin_bswap64(v);
}

/* The usual query but for what stands behind the question, which ends at `end`;
 * the name was scanned. False: that is no OPT with a cookie; nothing was
 * decided. */
bool cookie_query_parse(struct answer_state *s, const struct generation *g,
    const struct query_ctx *ctx, struct answer_query *q, unsigned end);

/* False: not this case, nothing was written. */
bool cookie_response_write(const struct answer_state *s,
    const struct query_ctx *ctx, struct answer_query *q);

/* Fills the state of a usual query: `opt` has the first eight octets of the OPT
 * record, 0 if there is none. */
static inline __attribute__((always_inline)) void
usual_query_take(struct answer_state *s, const struct generation *g,
    const struct query_ctx *ctx, struct answer_query *q, unsigned end,
    uint64_t opt, unsigned flags)
{
	unsigned size = (unsigned)(opt >> 24) & 0xffff;

	if (size < DNS_EDNS_MIN)
		size = DNS_EDNS_MIN;
	if (size > ctx->config->udp_max)
		size = ctx->config->udp_max;
	if (ctx->transport != ANSWER_UDP)
		size = DNS_MESSAGE_MAX;
	s->limit = size < q->capacity - ANSWER_SPARE_BYTES
	               ? size
	               : q->capacity - ANSWER_SPARE_BYTES;
	s->question_end = (uint16_t)end;
	s->qclass = DNS_CLASS_IN;
	s->flags = (uint16_t)(DNS_FLAG_QR | (flags & DNS_FLAG_RD));
	s->rcode = 0;
	s->ede = EDE_NONE;
	s->tsig_at = 0;
	s->outcome = OUTCOME_LOOKUP;
	s->wants = 0;
	s->cookie_bytes = 0;
	s->any_class = false;
	s->has_opt = opt != 0;
	s->want_do = opt & 0x80;
	q->cookie = ANSWER_COOKIE_NONE;
	query_name_lower(
	    s->name.lower, q->message + DNS_HEADER_BYTES, s->name.bytes);
	if (fault_hit("engine-case-lost"))
		memcpy(q->message + DNS_HEADER_BYTES, s->name.lower,
		    s->name.bytes);
	query_name_hash(&s->name, &g->key);
}

/* False: not this case, nothing was decided. */
static inline __attribute__((always_inline)) bool
usual_query_parse(struct answer_state *s, const struct generation *g,
    const struct query_ctx *ctx, struct answer_query *q)
{
	const uint8_t *m = q->message;
	uint32_t bytes = q->bytes, rest;
	uint64_t header, opt = 0;
	unsigned end, additional;

	if (bytes < DNS_HEADER_BYTES + 5 || !g)
		return false;
	header = usual_load64(m + 2);
	additional = wire_load16(m + 10);
	if ((header & USUAL_HEADER_MASK) != USUAL_HEADER ||
	    !query_name_scan(
		&s->name, m + DNS_HEADER_BYTES, bytes - DNS_HEADER_BYTES - 4))
		return false;
	end = DNS_HEADER_BYTES + s->name.bytes + 4u;
	rest = bytes - end;
	s->qtype = wire_load16(m + end - 4);
	if (wire_load16(m + end - 2) != DNS_CLASS_IN ||
	    (s->qtype >= DNS_TYPE_TKEY && s->qtype <= DNS_TYPE_MAILA))
		return false;
	if (additional) {
		/* at most the message's end is read: rest is looked at first */
		if (additional != 1)
			return false;
		if (rest != DNS_OPT_BYTES)
			return cookie_query_parse(s, g, ctx, q, end);
		opt = usual_load64(m + end);
		if ((opt & USUAL_OPT_MASK) != USUAL_OPT ||
		    wire_load16(m + end + 9) != 0)
			return false;
	}
	usual_query_take(s, g, ctx, q, end, opt, (unsigned)(header >> 48));
	return true;
}

/* An OPT without options: 11 octets in two stores. */
static inline void
usual_opt_write(uint8_t *p, unsigned size, bool want_do)
{
	uint32_t flags = want_do ? 0x80 : 0; /* in front: little-endian */
	uint64_t opt = __builtin_bswap64(USUAL_OPT | (uint64_t)size << 24);

	memcpy(p, &opt, 8);
	memcpy(p + 7, &flags, 4);
}

static inline void
response_header_write(uint8_t *m, unsigned flags, unsigned qd, unsigned an,
    unsigned ns, unsigned ar)
{
	uint64_t first = (uint64_t)flags << 48 | (uint64_t)qd << 32 |
	                 (uint64_t)an << 16 | ns;

	first = __builtin_bswap64(first);
	memcpy(m + 2, &first, 8);
	wire_store16(m + 10, (uint16_t)ar);
}

/* Pointers but those to the query name move with its length. */
static inline void
usual_block_move(uint8_t *at, const struct block_d *b, int delta)
{
	const uint16_t *relocs = (const uint16_t *)block_relocs(b);

	if (fault_hit("engine-move-off-by-one"))
		delta++;
	for (unsigned i = 0; i < b->nreloc; i++) {
		unsigned p = relocs[i] & 0x3fffu;

		if (relocs[i] >> 14 != RELOC_OWNER)
			wire_store16(
			    at + p, (uint16_t)(wire_load16(at + p) + delta));
	}
}

static inline void
usual_copy16(uint8_t *to, const uint8_t *from)
{
	_mm_storeu_si128((void *)to, _mm_loadu_si128((const void *)from));
}

/* Reads the block's octets and, but for less than 16 of them, none beyond: that
 * would touch a line that nobody fetched (190 cycles became 240 at a million
 * names). */
static inline void
usual_block_copy(uint8_t *to, const uint8_t *from, unsigned n)
{
	unsigned at = 0;

	if (n <= 32) {
		usual_copy16(to, from);
		if (n > 16)
			usual_copy16(to + n - 16, from + n - 16);
		return;
	}
	for (; at + 32 < n; at += 32)
		_mm256_storeu_si256((void *)(to + at),
		    _mm256_loadu_si256((const void *)(from + at)));
	_mm256_storeu_si256((void *)(to + n - 32),
	    _mm256_loadu_si256((const void *)(from + n - 32)));
}

/* False: not this case, nothing was written. The OPT record, if there is one,
 * has room for `options` octets, for the options that are all of `wants`. */
static inline __attribute__((always_inline)) bool
usual_response_write(const struct answer_state *s, const struct query_ctx *ctx,
    struct answer_query *q, unsigned wants, unsigned options)
{
	const struct block_d *b = s->found.block;
	unsigned at = s->question_end, opt_bytes = 0;
	int delta;

	if (s->outcome != OUTCOME_BLOCK || s->wants != wants ||
	    b->flags & BLOCK_WIDE || answer_ttl_cap(s, ctx) ||
	    q->verdict >= VERDICT_SLIPPED) /* nothing, or nothing but TC */
		return false;
	if (s->has_opt)
		opt_bytes = DNS_OPT_BYTES + options;
	if (at + b->len + opt_bytes > s->limit)
		return false;
	usual_block_copy(q->message + at, block_response(b), b->len);
	delta = s->name.bytes - s->found.owner_bytes;
	if (delta)
		usual_block_move(q->message + at, b, delta);
	at += b->len;
	response_header_write(q->message, s->flags | s->rcode, 1, b->an, b->ns,
	    b->ar + s->has_opt);
	if (opt_bytes)
		usual_opt_write(
		    q->message + at, ctx->config->udp_max, s->want_do);
	q->response_bytes = at + opt_bytes;
	return true;
}

#endif
