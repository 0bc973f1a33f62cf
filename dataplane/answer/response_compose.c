/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Answers of more than one block: CNAME and DNAME chains inside their zone, and
 * referrals whose sibling glue lives in other cells. Bounded: ANSWER_CHAIN_MAX
 * steps, LINKS_MAX links; a chain stops where it meets itself.
 *
 * Each step's name stands in the RDATA of the CNAME before it, uncompressed
 * down to the apex: that is what the next block's owner pointers lead to.
 */
#include "base/name.h"
#include "base/wire.h"
#include "dataplane/answer/denial.h"
#include "dataplane/answer/response.h"
#include "snapshot/fault.h"

enum { POINTER = 0xc000, RR_FIXED_BYTES = 10 };

struct chain {
	struct composer *c;
	struct answer_batch *batch;
	struct answer_state *s;
	const struct generation *g;
	const struct query_name *name; /* of the step in hand */
	struct block_owner owner;      /* where that stands in the message */
	unsigned steps;
	/* DNAMEs so far: one that is met again is not written again (RFC 2181
	 * section 5) */
	const struct block_d *dnames[ANSWER_CHAIN_MAX + 1];
	uint32_t dnames_at[ANSWER_CHAIN_MAX + 1];
	unsigned ndnames;
	uint64_t seen[ANSWER_CHAIN_MAX + 1]; /* hashes of the names so far */
	struct denial *denial; /* what shows that names so far are not there */
};

/* Octets of a record's owner in a block: a pointer, or the root. */
static unsigned
owner_octets(const struct block_d *b)
{
	return block_response(b)[0] ? 2 : 1;
}

/* Makes the name at `at` of the message (literal labels, then the root or a
 * pointer to the apex) the target in hand. */
static void
target_read(struct chain *ch, unsigned at)
{
	struct query_name *t = &ch->batch->target;
	const uint8_t *p = ch->c->message + at;
	const struct node_d *apex = zone_apex(ch->s->view.zone);
	uint8_t whole[DNS_NAME_MAX + 1 + 64];
	unsigned n = 0;

	while (p[n] != 0 && p[n] <= DNS_LABEL_MAX && n < DNS_NAME_MAX)
		n += p[n] + 1u;
	if (p[n] == 0) {
		n++;
		memcpy(whole, p, n);
		ch->owner.at = (uint16_t)at;
	} else {
		memcpy(whole, p, n);
		memcpy(whole + n, node_name(apex), apex->name_bytes);
		/* nothing but the pointer: the apex itself, which the query
		 * name ends in */
		ch->owner.at =
		    (uint16_t)(n ? at
				 : (unsigned)DNS_HEADER_BYTES +
				       ch->s->name.bytes - apex->name_bytes);
		n += apex->name_bytes;
	}
	ch->owner.bytes = (uint16_t)n;
	query_name_scan(t, whole, n);
	query_name_lower(t->lower, whole, n);
	query_name_hash(t, &ch->g->key);
	ch->name = t;
}

/* False if the chain ends with the name in hand: seen before, too many steps,
 * or so far into the message that pointers could not reach. */
static bool
chain_may_go_on(struct chain *ch)
{
	uint64_t hash = ch->name->hash[ch->name->labels];

	if (fault_hit("engine-chain-stops"))
		return false;
	for (unsigned i = 0; i <= ch->steps; i++)
		if (ch->seen[i] == hash)
			return false;
	if (++ch->steps > ANSWER_CHAIN_MAX || ch->c->at > BLOCK_TARGET_MAX)
		return false;
	ch->seen[ch->steps] = hash;
	return true;
}

static bool
name_in_zone(const struct query_name *n, const struct zone_view *view)
{
	unsigned start;

	if (n->labels < view->apex_labels)
		return false;
	start = query_name_start(n, view->apex_labels);
	return n->bytes - start == view->apex_bytes &&
	       memcmp(n->lower + start, node_name(zone_apex(view->zone)),
		   view->apex_bytes) == 0;
}

/* The CNAME that a DNAME makes (RFC 6672 section 3.1), TTL and all. Returns
 * whether the chain goes on to its target. */
static bool
chain_synthesise(struct chain *ch, const struct found *f, uint32_t block_at)
{
	struct composer *c = ch->c;
	const uint8_t *rr = c->message + block_at;
	unsigned rdata = owner_octets(f->block) + RR_FIXED_BYTES;
	const uint8_t *target = block_response(f->block) + rdata;
	unsigned target_bytes = wire_load16(target - 2);
	unsigned prefix = ch->name->bytes - f->owner_bytes;
	unsigned whole = prefix + target_bytes;
	uint32_t need = 2 + RR_FIXED_BYTES + whole;
	uint8_t *at = c->message + c->at;

	if (whole > DNS_NAME_MAX) {
		ch->s->rcode = DNS_RCODE_YXDOMAIN;
		return false;
	}
	if (c->at + need > c->limit) {
		c->truncated = true;
		return false;
	}
	wire_store16(at, (uint16_t)(POINTER | ch->owner.at));
	wire_store16(at + 2, DNS_TYPE_CNAME);
	wire_store16(at + 4, DNS_CLASS_IN);
	memcpy(at + 6, rr + rdata - 6, 4);
	wire_store16(at + 10, (uint16_t)whole);
	memcpy(at + 12, c->message + ch->owner.at, prefix);
	memcpy(at + 12 + prefix, target, target_bytes);
	c->an++;
	c->at += need;
	target_read(ch, c->at - whole);
	return ch->s->qtype != DNS_TYPE_CNAME &&
	       name_in_zone(ch->name, &ch->s->view);
}

/* Addresses of name servers whose names lie under other cuts of the zone, as
 * far as they fit (RFC 9471 section 3.2: not worth a TC). */
static void
referral_links(struct chain *ch, const struct block_d *b, uint32_t block_at)
{
	static const uint16_t types[] = {DNS_TYPE_A, DNS_TYPE_AAAA};
	const struct links_d *links = block_links(b);
	const struct link_d *link = (const struct link_d *)(links + 1);

	for (unsigned i = 0; i < links->count; i++, link++) {
		uint8_t name[DNS_NAME_MAX + 1 + 64];
		uint64_t hash =
		    (uint64_t)link->hash_high << 32 | link->hash_low;
		struct block_owner owner = {
		    .at = (uint16_t)(block_at + link->target_pos)};

		memcpy(name, (const uint8_t *)b + link->name_off,
		    link->name_bytes);

		const struct node_d *n =
		    zone_node_find(&ch->s->view, hash, name, link->name_bytes);

		for (unsigned t = 0; n && t < 2; t++) {
			const struct block_d *a = node_block_find(n, types[t]);
			bool before = ch->c->truncated;
			uint16_t an = ch->c->an;

			if (!a || a->len > ch->c->limit - ch->c->at)
				continue;
			composer_block(ch->c, a,
			    (unsigned)(link->name_bytes +
				       ch->s->view.apex_bytes),
			    owner);
			/* compiled as an answer, used as additional */
			ch->c->ar += ch->c->an - an;
			ch->c->an = an;
			ch->c->truncated = before;
		}
	}
}

/* The DNAME of a step; returns where it is in the message. */
static uint32_t
chain_dname(struct chain *ch, const struct found *f)
{
	/* the name in hand ends in the DNAME's owner */
	struct block_owner owner = {.bytes = f->owner_bytes,
	    .at = (uint16_t)(ch->owner.at + ch->name->bytes - f->owner_bytes)};

	for (unsigned i = 0; i < ch->ndnames; i++)
		if (ch->dnames[i] == f->block)
			return ch->dnames_at[i];
	ch->dnames[ch->ndnames] = f->block;
	ch->dnames_at[ch->ndnames] = ch->c->at;
	composer_block(ch->c, f->block, f->owner_bytes, owner);
	return ch->dnames_at[ch->ndnames++];
}

/* What the step leaves to be shown: in the authority section, so behind all
 * answers. */
static void
chain_denial(struct chain *ch, const struct found *f)
{
	const struct answer_state *s = ch->s;
	struct denial_step step = {
	    .g = ch->g,
	    .view = &s->view,
	    .name = ch->name,
	    .found = f,
	    .at = ch->owner.at,
	};

	if (answer_wants_signatures(s) && denial_is_needed(&s->view, f)) {
		if (ch->steps == 0 && s->search != SEARCH_NONE)
			step.hint = &ch->batch->searches[s->search];
		denial_add(ch->denial, &step);
	}
	if (f->kind == FOUND_REFERRAL && ch->denial->count)
		denial_leave_out(ch->denial, f->node);
}

/* One step: the block, and what follows from it. True: another step. */
static bool
chain_step(struct chain *ch, const struct found *f)
{
	struct composer *c = ch->c;
	uint32_t block_at;

	chain_denial(ch, f);
	block_at = c->at;
	if (f->kind == FOUND_RRSIG)
		composer_rrsig(c, f->block, ch->owner);
	else if (f->kind == FOUND_NSEC && !answer_wants_signatures(ch->s))
		composer_rrset(c, f->block, f->owner_bytes, ch->owner);
	else if (f->kind == FOUND_DNAME)
		block_at = chain_dname(ch, f);
	else if (f->kind == FOUND_REFERRAL && ch->denial->count)
		composer_referral(
		    c, f->block, f->owner_bytes, ch->owner, ch->denial);
	else
		composer_block(c, f->block, f->owner_bytes, ch->owner);
	if (f->kind == FOUND_NXDOMAIN && !fault_hit("engine-chain-rcode-lost"))
		ch->s->rcode = DNS_RCODE_NXDOMAIN; /* RFC 6604 section 2.1 */
	if (c->truncated)
		return false;
	switch (f->kind) {
	case FOUND_CNAME:
		if (!(f->block->flags & BLOCK_CHASE))
			return false;
		target_read(ch, block_at + 2 + RR_FIXED_BYTES);
		return chain_may_go_on(ch);
	case FOUND_DNAME:
		return chain_synthesise(ch, f, block_at) && chain_may_go_on(ch);
	case FOUND_REFERRAL:
		if (f->block->flags & BLOCK_LINKS)
			referral_links(ch, f->block, block_at);
		return false;
	default:
		return false;
	}
}

void
response_compose(struct composer *c, struct answer_batch *b,
    struct answer_state *s, const struct generation *g, struct answer_query *q)
{
	struct chain ch = {.c = c,
	    .batch = b,
	    .s = s,
	    .g = g,
	    .name = &s->name,
	    .denial = &b->denial,
	    .owner = {.bytes = s->name.bytes, .at = DNS_HEADER_BYTES},
	    .seen = {s->name.hash[s->name.labels]}};
	const struct zone_view *view = &s->view;
	struct found f = s->found;

	b->denial.count = b->denial.written = 0;
	while (chain_step(&ch, &f)) {
		const struct node_d *node =
		    ch.name->labels == view->apex_labels
			? zone_apex(view->zone)
			: zone_suffix_find(view, ch.name, ch.name->labels);

		found_decide(&f, g, view, ch.name, node, s->qtype,
		    answer_wants_signatures(s));
	}
	composer_denial(c, ch.denial);
	if (s->rcode == DNS_RCODE_YXDOMAIN)
		q->verdict = VERDICT_YXDOMAIN;
}
