/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A burst through the engine. Each stage runs over the whole burst and fetches
 * the cache lines of the next, so that the misses of the queries overlap:
 *
 *   1 parse, hash       fetch the buckets where the apex may be
 *   2 find the zone     fetch the name's bucket
 *   3 tags              fetch the name's node
 *   4 confirm, decide   fetch the rest of the block
 */
#include <stdlib.h>

#include "dataplane/answer/answer_batch.h"

struct answer_batch *
answer_batch_new(void)
{
	struct answer_batch *b = aligned_alloc(64, sizeof *b);

	if (b)
		memset(b, 0, sizeof *b);
	return b;
}

void
answer_batch_free(struct answer_batch *b)
{
	free(b);
}

void
answer_config_default(struct answer_config *c)
{
	*c = (struct answer_config){.udp_max = 1232};
}

static inline void
fetch_line(const void *p)
{
	__builtin_prefetch(p);
}

/* Names that may be an apex are probed deepest first; nearly always that is the
 * right one, and the others' lines are asked for as well. A zone that is not
 * split has its names in the same cell: their bucket can be fetched at once. */
static inline void
zone_prefetch(const struct generation *g, const struct query_name *n)
{
	int d = zone_depth_next(g, n->labels);

	if (d < 0)
		return;

	const struct cell_ref *cell =
	    g->slots + name_slot(n->hash[d], g->slot_bits);

	fetch_line(cell_bucket(cell, n->hash[d]));
	fetch_line(cell_bucket(cell, n->hash[n->labels]));
	while ((d = zone_depth_next(g, d - 1)) >= 0) {
		cell = g->slots + name_slot(n->hash[d], g->slot_bits);
		fetch_line(cell_bucket(cell, n->hash[d]));
	}
}

/* Name of no zone: RFC 8914 section 4.21 tells the client why. */
static void
query_refuse(struct answer_state *s, struct answer_query *q)
{
	s->outcome = OUTCOME_QUESTION;
	s->rcode = DNS_RCODE_REFUSED;
	s->ede = DNS_EDE_NOT_AUTHORITATIVE;
	q->verdict = VERDICT_REFUSED;
	q->rcode = DNS_RCODE_REFUSED;
}

static inline void
query_zone(
    struct answer_state *s, const struct generation *g, struct answer_query *q)
{
	const struct query_name *n = &s->name;

	if (__builtin_expect(!zone_find(g, n, n->labels, &s->view), 0)) {
		query_refuse(s, q);
		return;
	}
	/* DS at an apex is the parent's (RFC 4035 section 3.1.4.1), if we have
	 * it; else the apex answers that there is none */
	if (__builtin_expect(s->qtype == DNS_TYPE_DS, 0) &&
	    n->labels == s->view.apex_labels && n->labels) {
		struct zone_view parent;

		if (zone_find(g, n, n->labels - 1, &parent))
			s->view = parent;
	}
	if (n->labels > s->view.apex_labels)
		fetch_line(cell_bucket(zone_cell(&s->view, n->hash[n->labels]),
		    n->hash[n->labels]));
}

static inline void
node_prefetch(const struct answer_state *s)
{
	const struct query_name *n = &s->name;
	uint64_t hash = n->hash[n->labels];
	const struct node_d *node;

	if (n->labels == s->view.apex_labels)
		return;
	node = cell_node_guess(zone_cell(&s->view, hash), hash);
	if (node) {
		fetch_line(node);
		fetch_line((const uint8_t *)node + 64);
	}
}

static const struct {
	uint8_t verdict, rcode, outcome;
	bool authoritative;
} found_table[] = {
    [FOUND_ANSWER] = {VERDICT_ANSWER, 0, OUTCOME_BLOCK, true},
    [FOUND_RRSIG] = {VERDICT_ANSWER, 0, OUTCOME_COMPOSE, true},
    [FOUND_CNAME] = {VERDICT_CNAME, 0, OUTCOME_COMPOSE, true},
    [FOUND_DNAME] = {VERDICT_CNAME, 0, OUTCOME_COMPOSE, true},
    [FOUND_REFERRAL] = {VERDICT_REFERRAL, 0, OUTCOME_BLOCK, false},
    [FOUND_NODATA] = {VERDICT_NODATA, 0, OUTCOME_BLOCK, true},
    [FOUND_NXDOMAIN] = {VERDICT_NXDOMAIN, DNS_RCODE_NXDOMAIN, OUTCOME_BLOCK,
	true},
};

static inline void
query_decide(
    struct answer_state *s, const struct generation *g, struct answer_query *q)
{
	const struct query_name *n = &s->name;
	const struct node_d *node =
	    n->labels == s->view.apex_labels
		? zone_apex(s->view.zone)
		: zone_suffix_find(&s->view, n, n->labels);
	struct found *f = &s->found;

	found_decide(f, g, &s->view, n, node, s->qtype, s->want_do);
	q->verdict = found_table[f->kind].verdict;
	q->rcode = found_table[f->kind].rcode;
	q->apex_labels = s->view.apex_labels;
	q->key_labels = f->key_labels;
	q->key_hash = n->hash[f->key_labels];
	s->rcode = q->rcode;
	s->outcome = found_table[f->kind].outcome;
	if (found_table[f->kind].authoritative)
		s->flags |= DNS_FLAG_AA;
	if (f->block->flags & BLOCK_LINKS)
		s->outcome = OUTCOME_COMPOSE;
	fetch_line(f->block);
	fetch_line((const uint8_t *)f->block + 64);
}

void
answer_batch_find(struct answer_batch *b, const struct generation *g,
    const struct query_ctx *ctx, struct answer_query *q, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct answer_state *s = &b->state[i];

		query_parse(s, g, ctx, &q[i]);
		if (s->outcome == OUTCOME_LOOKUP)
			zone_prefetch(g, &s->name);
		else
			q[i].rcode = (uint8_t)s->rcode;
	}
	for (unsigned i = 0; i < n; i++)
		if (b->state[i].outcome == OUTCOME_LOOKUP)
			query_zone(&b->state[i], g, &q[i]);
	for (unsigned i = 0; i < n; i++)
		if (b->state[i].outcome == OUTCOME_LOOKUP)
			node_prefetch(&b->state[i]);
	for (unsigned i = 0; i < n; i++)
		if (b->state[i].outcome == OUTCOME_LOOKUP)
			query_decide(&b->state[i], g, &q[i]);
}

void
answer_batch_write(struct answer_batch *b, const struct generation *g,
    const struct query_ctx *ctx, struct answer_query *q, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		response_write(b, &b->state[i], g, ctx, &q[i]);
}

size_t
answer_one(struct answer_batch *b, const struct generation *g,
    const struct query_ctx *ctx, uint8_t *message, size_t bytes,
    size_t capacity, enum verdict *verdict)
{
	struct answer_query q = {.message = message,
	    .bytes = (uint32_t)bytes,
	    .capacity = (uint32_t)capacity};

	answer_batch_find(b, g, ctx, &q, 1);
	answer_batch_write(b, g, ctx, &q, 1);
	*verdict = q.verdict;
	return q.response_bytes;
}
