/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Proofs of absence into a message. An RRset goes in with its signatures or not
 * at all: then there is TC (RFC 4035 section 3.1.3). Its first record's owner
 * is written out as far as the apex, in which the query name ends; the others
 * lead to it.
 */
#include "base/wire.h"
#include "dataplane/answer/denial.h"
#include "dataplane/answer/denial_kept.h"
#include "dataplane/answer/response.h"
#include "dataplane/answer/usual_query.h"
#include "snapshot/nsec3_hash.h"

enum { POINTER = 0xc000, TYPE_AND_CLASS = 4 };

/* Octets that owner_write() writes. */
static inline unsigned
owner_bytes(const struct composer *c, const struct denial_proof *p)
{
	if (p->at && p->labels_bytes)
		return 2;
	return (p->hash ? (unsigned)NSEC3_LABEL_BYTES : p->labels_bytes) +
	       (c->apex_bytes == 1 ? 1 : 2);
}

/* Nearly always one chunk of 32; reads and writes up to 31 beyond, which a cell
 * and a buffer have. (A copy of unknown length costs 50 cycles to begin.) */
static inline void
labels_copy(uint8_t *to, const uint8_t *labels, unsigned n)
{
	for (unsigned at = 0; at < n; at += 32)
		_mm256_storeu_si256((void *)(to + at),
		    _mm256_loadu_si256((const void *)(labels + at)));
}

/* A pointer, or labels and the apex. */
static inline void
owner_write(const struct composer *c, const struct denial_proof *p, uint8_t *to)
{
	unsigned n = p->labels_bytes;
	unsigned apex = DNS_HEADER_BYTES + c->query_bytes - c->apex_bytes;

	if (p->at && n) {
		wire_store16(to, (uint16_t)(POINTER | p->at));
		return;
	}
	if (p->hash) {
		nsec3_label_write(to, p->hash);
		n = NSEC3_LABEL_BYTES;
	} else {
		labels_copy(to, p->labels, n);
	}
	if (c->apex_bytes == 1)
		to[n] = 0;
	else
		wire_store16(to + n, (uint16_t)(POINTER | apex));
}

/* --- any block ------------------------------------------------------------ */

/* Where record i of the block begins behind its owner. */
static unsigned
record_start(const struct block_d *b, unsigned i)
{
	return block_ttls(b)[i] - TYPE_AND_CLASS;
}

static unsigned
record_end(const struct block_d *b, unsigned i)
{
	unsigned owner = block_response(b)[0] ? 2 : 1;

	return i + 1 < b->an ? record_start(b, i + 1) - owner : b->len;
}

static void
record_write(struct composer *c, const struct block_d *b, unsigned i)
{
	unsigned start = record_start(b, i), bytes = record_end(b, i) - start;
	uint8_t *at = c->message + c->at;

	memcpy(at, block_response(b) + start, bytes);
	if (c->ttl_cap && wire_load32(at + TYPE_AND_CLASS) > c->ttl_cap)
		wire_store32(at + TYPE_AND_CLASS, c->ttl_cap);
	c->at += bytes;
}

/* Record by record. `owner`: octets of the first one's owner. */
static void
proof_write(struct composer *c, const struct denial_proof *p, unsigned owner)
{
	const struct block_d *b = p->block;
	/* a pointer reaches only so far, and takes two octets */
	bool reached = c->at <= DNS_POINTER_MAX && owner > 2;
	uint32_t first = c->at;
	unsigned next = reached ? 2 : owner;
	unsigned bare = b->len - b->an * (block_response(b)[0] ? 2u : 1u);

	if (c->at + owner + (b->an - 1u) * next + bare > c->limit) {
		c->truncated = true;
		return;
	}
	for (unsigned i = 0; i < b->an; i++) {
		if (i == 0 || !reached)
			owner_write(c, p, c->message + c->at);
		else
			wire_store16(
			    c->message + c->at, (uint16_t)(POINTER | first));
		c->at += i ? next : owner;
		record_write(c, b, i);
	}
	c->ns += b->an;
}

/* --- the usual one -------------------------------------------------------- */

/* In one copy: all records are owned by pointers, which the relocations tell,
 * the first in front. False: not this case, nothing was written. */
static inline bool
usual_proof_write(
    struct composer *c, const struct denial_proof *p, unsigned owner)
{
	const struct block_d *b = p->block;
	const uint16_t *relocs = (const uint16_t *)block_relocs(b);
	uint8_t *at = c->message + c->at;
	uint16_t pointer;

	if (b->flags & BLOCK_WIDE || block_response(b)[0] == 0 || c->ttl_cap ||
	    owner < 2 || c->at > DNS_POINTER_MAX ||
	    c->at + owner + b->len - 2u > c->limit)
		return false;
	owner_write(c, p, at);
	pointer = owner > 2 ? (uint16_t)(POINTER | c->at) : wire_load16(at);
	at += owner - 2u;
	usual_block_copy(at + 2, block_response(b) + 2, b->len - 2u);
	for (unsigned i = 1; i < b->nreloc; i++)
		wire_store16(at + (relocs[i] & 0x3fffu), pointer);
	c->at += owner + b->len - 2u;
	c->ns += b->an;
	return true;
}

void
composer_denial(struct composer *c, struct denial *d)
{
	for (; d->written < d->count && !c->truncated; d->written++) {
		struct denial_proof *p = &d->proofs[d->written];

		if (fault_hit("engine-proof-owner"))
			p->labels_bytes = 0;

		unsigned owner = owner_bytes(c, p);

		if (!usual_proof_write(c, p, owner))
			proof_write(c, p, owner);
	}
}

/* The block right behind the question, whole. */
static bool
usual_block_write(struct composer *c, const struct answer_state *s)
{
	const struct block_d *b = s->found.block;
	int delta = s->name.bytes - s->found.owner_bytes;

	if (b->flags & BLOCK_WIDE || c->ttl_cap || c->at + b->len > c->limit)
		return false;
	usual_block_copy(c->message + c->at, block_response(b), b->len);
	if (delta)
		usual_block_move(c->message + c->at, b, delta);
	c->at += b->len;
	c->an += b->an;
	c->ns += b->ns;
	c->ar += b->ar;
	return true;
}

static void
negative_write(struct composer *c, const struct answer_state *s)
{
	if (!usual_block_write(c, s))
		composer_block(c, s->found.block, s->found.owner_bytes,
		    (struct block_owner){
			.bytes = s->name.bytes, .at = DNS_HEADER_BYTES});
}

/* NXDOMAIN right below the apex, as the zone has it: what can be kept. */
static inline bool
can_be_kept(const struct answer_state *s, uint32_t ttl_cap)
{
	return s->found.kind == FOUND_NXDOMAIN &&
	       s->found.encloser_labels == s->view.apex_labels && !ttl_cap &&
	       !fault_is_set();
}

/* What is kept of the zone, and the name's own proof behind it; the same octets
 * as without. False: not this case, nothing was written. */
static bool
kept_nxdomain_write(struct composer *c, struct answer_batch *b,
    const struct answer_state *s, const struct denial_step *step)
{
	struct denial_kept *k = denial_kept_place(b, s->view.zone);
	struct denial *d = &b->denial;

	if (!can_be_kept(s, c->ttl_cap) ||
	    !denial_kept_is(k, s->view.zone, step->g) ||
	    !denial_kept_write(c, k))
		return false;
	denial_add_name(d, step, s->view.apex_labels);
	if (d->count && !denial_kept_has(k, d->proofs[0].block))
		composer_denial(c, d);
	return true;
}

/* What the search has found for the name; false: it has not searched for it. */
static inline bool
searched_proof(struct denial_proof *p, const struct denial_search *search,
    const struct answer_state *s)
{
	p->at = 0;
	if (search->before) {
		p->hash = NULL;
		p->labels = order_name_labels(search->before);
		p->labels_bytes = (uint8_t)order_name_bytes(search->before);
		p->block = order_block(search->before);
		return true;
	}
	if (!search->place.name ||
	    search->hash_labels != s->view.apex_labels + 1u)
		return false;
	p->hash = search->place.name->hash;
	p->labels_bytes = 0;
	p->block = hashed_block(search->place.hashed, search->place.name);
	return true;
}

bool
denial_response_write(struct answer_batch *b, const struct answer_state *s,
    const struct generation *g, const struct query_ctx *ctx,
    struct answer_query *q)
{
	const struct denial_kept *k = denial_kept_place(b, s->view.zone);
	unsigned opt_bytes = s->has_opt ? DNS_OPT_BYTES : 0;
	struct composer c = {
	    .message = q->message,
	    .at = s->question_end,
	    .limit = s->limit - opt_bytes,
	    .query_bytes = s->name.bytes,
	    .apex_bytes = s->view.apex_bytes,
	};
	struct denial_proof p;

	if (s->wants || s->ede != EDE_NONE || q->verdict >= VERDICT_SLIPPED ||
	    !can_be_kept(s, answer_ttl_cap(s, ctx)) ||
	    !denial_kept_is(k, s->view.zone, g) ||
	    !searched_proof(&p, &b->searches[s->search], s) ||
	    !denial_kept_write(&c, k))
		return false;
	if (!denial_kept_has(k, p.block) &&
	    !usual_proof_write(&c, &p, owner_bytes(&c, &p)))
		return false;
	response_header_write(
	    q->message, s->flags | s->rcode, 1, 0, c.ns, s->has_opt);
	if (opt_bytes)
		usual_opt_write(
		    q->message + c.at, ctx->config->udp_max, s->want_do);
	q->response_bytes = c.at + opt_bytes;
	return true;
}

/* The same in parts that can be kept. */
static void
nxdomain_write(struct composer *c, struct answer_batch *b,
    const struct answer_state *s, const struct denial_step *step)
{
	struct denial *d = &b->denial;
	unsigned labels;

	negative_write(c, s);
	labels = denial_add_around(d, step);
	composer_denial(c, d);
	if (can_be_kept(s, c->ttl_cap))
		denial_kept_fill(denial_kept_place(b, s->view.zone),
		    s->view.zone, step->g, c, d);
	denial_add_name(d, step, labels);
	composer_denial(c, d);
}

void
response_denial(struct composer *c, struct answer_batch *b,
    const struct answer_state *s, const struct generation *g)
{
	const struct denial_step step = {
	    .g = g,
	    .view = &s->view,
	    .name = &s->name,
	    .found = &s->found,
	    .hint = &b->searches[s->search],
	    .at = DNS_HEADER_BYTES,
	};

	b->denial.count = b->denial.written = 0;
	if (kept_nxdomain_write(c, b, s, &step))
		return;
	if (s->found.kind == FOUND_NXDOMAIN) {
		nxdomain_write(c, b, s, &step);
		return;
	}
	negative_write(c, s);
	denial_add(&b->denial, &step);
	composer_denial(c, &b->denial);
}
