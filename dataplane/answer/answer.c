/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A burst through the engine. Each stage runs over the whole burst and fetches
 * the cache lines of the next, so that the misses of the queries overlap:
 *
 *   1 parse, hash       fetch the buckets where the apex may be
 *   2 find the zone     fetch the name's bucket
 *   3 tags              fetch the name's node
 *   4 confirm, decide   fetch the rest of the block
 *
 * Names that are there and names that are not take different ways from stage 4
 * on, at random: the processor would guess wrong at every turn. So stage 3 puts
 * those without a tag behind the others, and what follows goes in that order
 * (131 TSC cycles a query became 123 with 1,000 names, 162 152 with a million).
 */
#include <stdlib.h>

#include "dataplane/answer/answer_batch.h"
#include "dataplane/answer/denial.h"
#include "dataplane/answer/response.h"
#include "dataplane/answer/stage_clock.h"
#include "dataplane/answer/usual_query.h"
#include "snapshot/fault.h"

#ifdef HOLDFAST_STAGES
_Thread_local struct stage_clock stage_clock;
#endif

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

const struct generation answer_nothing = {.key = {.k = {1, 1}}};

/* Name of no zone: RFC 8914 section 4.21 tells the client why, and 4.19 where
 * the client is the reason. */
static void
query_refuse(
    struct answer_state *s, const struct query_ctx *ctx, struct answer_query *q)
{
	s->outcome = OUTCOME_QUESTION;
	s->rcode = DNS_RCODE_REFUSED;
	s->ede =
	    ctx->prohibited ? DNS_EDE_PROHIBITED : DNS_EDE_NOT_AUTHORITATIVE;
	q->verdict = VERDICT_REFUSED;
	q->rcode = DNS_RCODE_REFUSED;
}

/* Where an apex may be is tried from the deepest place on; nearly always that
 * is the right one, and the others' lines are asked for as well. A zone that is
 * not split has its names in the same cell: their bucket can be fetched at
 * once. */
static inline void
stage_apex(struct answer_state *s, const struct generation *g,
    const struct query_ctx *ctx, struct answer_query *q)
{
	const struct query_name *n = &s->name;
	int d = zone_depth_next(g, n->labels);

	if (__builtin_expect(d < 0, 0)) {
		query_refuse(s, ctx, q);
		return;
	}

	uint64_t mixed = name_hash_mix(n->hash[d]);

	s->cell = g->slots + name_mixed_slot(mixed, g->slot_bits);
	s->bucket = cell_bucket(s->cell, mixed);
	s->apex_tag = name_mixed_tag(mixed);
	s->depth = (int16_t)d;
	s->mixed = name_hash_mix(n->hash[n->labels]);
	fetch_line(s->bucket);
	fetch_line(cell_bucket(s->cell, s->mixed));
	/* the depths of most generations are below 64, and few */
	for (uint64_t more = d < 64 ? g->depths[0] & ((1ull << d) - 1) : 0;
	     __builtin_expect(more != 0, 0); more &= more - 1) {
		mixed = name_hash_mix(n->hash[__builtin_ctzll(more)]);
		fetch_line(cell_bucket(
		    g->slots + name_mixed_slot(mixed, g->slot_bits), mixed));
	}
}

static bool
zone_find_slowly(struct answer_state *s, const struct generation *g,
    const struct query_ctx *ctx, struct answer_query *q)
{
	if (zone_find(g, &s->name, s->name.labels, &s->view))
		return true;
	query_refuse(s, ctx, q);
	return false;
}

/* DS at an apex is the parent's (RFC 4035 section 3.1.4.1), if we have it; else
 * the apex answers that there is none. */
static void
zone_for_ds(struct answer_state *s, const struct generation *g)
{
	struct zone_view parent;

	if (s->name.labels == s->view.apex_labels && s->name.labels &&
	    zone_find(g, &s->name, s->name.labels - 1u, &parent))
		s->view = parent;
}

/* A defect that tests switch on: a zone above answers. */
static void
zone_of_another(struct answer_state *s, const struct generation *g)
{
	struct zone_view other;

	if (s->view.apex_labels &&
	    zone_find(g, &s->name, s->view.apex_labels - 1u, &other))
		s->view = other;
}

/* The apexes of a few zones are in a near cache anyway. */
enum { ZONES_FEW = 64 };

/* The apex's bucket has come: its zone is fetched, for stage_zone(). */
static inline void
stage_zone_fetch(const struct answer_state *s)
{
	const struct node_d *apex =
	    bucket_node_guess(s->cell, s->bucket, s->apex_tag);

	if (apex) {
		fetch_line((const struct zone_d *)apex - 1);
		fetch_line(apex + 1);
	}
}

static inline void
stage_zone(struct answer_state *s, const struct generation *g,
    const struct query_ctx *ctx, struct answer_query *q)
{
	const struct node_d *apex =
	    bucket_node_guess(s->cell, s->bucket, s->apex_tag);

	if (__builtin_expect(
		apex && apex_is(apex, &s->name, (unsigned)s->depth), 1))
		zone_view_set(&s->view, g, s->cell, apex);
	else if (!zone_find_slowly(s, g, ctx, q))
		return;
	if (__builtin_expect(s->qtype == DNS_TYPE_DS, 0) &&
	    !fault_hit("engine-ds-from-child"))
		zone_for_ds(s, g);
	if (fault_hit("engine-other-zone"))
		zone_of_another(s, g);
	s->cell = zone_cell(&s->view, s->mixed);
	s->bucket = cell_bucket(s->cell, s->mixed);
	fetch_line(s->bucket);
}

/* The form with signatures stands behind the one without. */
static inline void
fetch_signatures(const struct node_d *node)
{
	fetch_line((const uint8_t *)node + 104);
	fetch_line((const uint8_t *)node + 168);
	fetch_line((const uint8_t *)node + 232);
}

/* The name's bucket has come: its tags say which node to fetch. False if there
 * is none; then, without a branch, what says so is fetched. */
static inline bool
stage_node(struct answer_state *s)
{
	uint32_t match = bucket_match(s->bucket, name_mixed_tag(s->mixed));
	const struct node_d *guess = bucket_node(
	    s->cell, s->bucket, (unsigned)__builtin_ctz(match | MATCH_END) / 2);
	const void *fetch =
	    match ? (const void *)guess : zone_negative(s->view.zone);

	s->guess = match ? guess : NULL;
	fetch_line(fetch);
	/* another line only for large nodes that start late in one */
	fetch_line((const uint8_t *)fetch + 40);
	if (__builtin_expect(match && answer_wants_signatures(s), 0))
		fetch_signatures(guess);
	return match != 0;
}

/* Confirms the guess. No tag matched in a bucket that does not overflow: the
 * name is not there, and nothing more was read for it. */
static inline const struct node_d *
node_confirm(const struct answer_state *s)
{
	const struct query_name *n = &s->name;

	if (__builtin_expect(n->labels == s->view.apex_labels, 0))
		return zone_apex(s->view.zone);
	if (s->guess) {
		if (__builtin_expect(
			zone_node_is(&s->view, s->guess, n->lower,
			    (unsigned)n->bytes - s->view.apex_bytes),
			1))
			return s->guess;
	} else if (__builtin_expect(
		       !(s->bucket->flags & BUCKET_OVERFLOWS), 1)) {
		return NULL;
	}
	return zone_suffix_find(&s->view, n, n->labels);
}

static const struct {
	uint8_t verdict, rcode, outcome;
	bool authoritative;
} found_table[] = {
    [FOUND_ANSWER] = {VERDICT_ANSWER, 0, OUTCOME_BLOCK, true},
    [FOUND_RRSIG] = {VERDICT_ANSWER, 0, OUTCOME_COMPOSE, true},
    [FOUND_NSEC] = {VERDICT_ANSWER, 0, OUTCOME_COMPOSE, true},
    [FOUND_CNAME] = {VERDICT_CNAME, 0, OUTCOME_COMPOSE, true},
    [FOUND_DNAME] = {VERDICT_CNAME, 0, OUTCOME_COMPOSE, true},
    [FOUND_REFERRAL] = {VERDICT_REFERRAL, 0, OUTCOME_BLOCK, false},
    [FOUND_NODATA] = {VERDICT_NODATA, 0, OUTCOME_BLOCK, true},
    [FOUND_NXDOMAIN] = {VERDICT_NXDOMAIN, DNS_RCODE_NXDOMAIN, OUTCOME_BLOCK,
	true},
};

/* The usual case, a name that owns the type, answered by one block: in line. */
static inline bool
decide_usual(
    struct answer_state *s, struct answer_query *q, const struct node_d *node)
{
	struct found *f = &s->found;
	const struct block_d *b;

	if (__builtin_expect(
		!node || node->flags & (NODE_CUT | NODE_OCCLUDED | NODE_APEX),
		0))
		return false;
	b = node_block_find(node, s->qtype);
	if (__builtin_expect(!b || s->any_class, 0))
		return false;
	b = block_form(b, answer_wants_signatures(s));
	if (__builtin_expect(b->flags & BLOCK_LINKS, 0))
		return false;
	f->kind = FOUND_ANSWER;
	f->block = b;
	f->owner_bytes = (uint8_t)s->name.bytes;
	f->key_labels = (uint8_t)s->name.labels;
	f->expanded = false;
	q->verdict = VERDICT_ANSWER;
	q->rcode = 0;
	q->key_labels = f->key_labels;
	q->key_hash = s->name.hash[s->name.labels];
	s->outcome = OUTCOME_BLOCK;
	if (!fault_hit("engine-aa-missing"))
		s->flags |= DNS_FLAG_AA;
	return true;
}

/* Proofs of absence are part of the answer for those who can use them. */
static inline void
decide_denial(struct answer_batch *b, struct answer_state *s)
{
	s->search = SEARCH_NONE;
	if (!answer_wants_signatures(s) ||
	    !denial_is_needed(&s->view, &s->found))
		return;
	/* a referral's proofs go into its block */
	s->outcome =
	    s->outcome == OUTCOME_BLOCK && s->found.kind != FOUND_REFERRAL
		? OUTCOME_DENIAL
		: OUTCOME_COMPOSE;
	s->search = (uint8_t)b->nsearches;
	b->searches[b->nsearches++].state = s;
}

static inline void
decide_found(
    struct answer_state *s, struct answer_query *q, const struct found *f)
{
	q->verdict = found_table[f->kind].verdict;
	q->rcode = found_table[f->kind].rcode;
	q->key_labels = f->key_labels;
	q->key_hash = s->name.hash[f->key_labels];
	s->rcode = q->rcode;
	s->outcome = f->block->flags & BLOCK_LINKS
	                 ? OUTCOME_COMPOSE
	                 : found_table[f->kind].outcome;
	if (found_table[f->kind].authoritative && !s->any_class &&
	    !fault_hit("engine-aa-missing"))
		s->flags |= DNS_FLAG_AA;
}

static inline void
stage_decide(struct answer_batch *b, struct answer_state *s,
    const struct generation *g, struct answer_query *q)
{
	struct found *f = &s->found;
	const struct node_d *node = node_confirm(s);

	q->apex_labels = s->view.apex_labels;
	q->response_bytes = 0;
	if (!decide_usual(s, q, node)) {
		found_decide(f, g, &s->view, &s->name, node, s->qtype,
		    answer_wants_signatures(s));
		decide_found(s, q, f);
		decide_denial(b, s);
	}
	fetch_line((const uint8_t *)f->block + f->block->len);
}

/* A defect that tests switch on: the engine dies of a name, or hangs. */
static void
die_of_name(const struct answer_state *s)
{
	static const char death[] = "\16query-of-death";
	static const char hang[] = "\15query-of-hang";

	if (memcmp(s->name.lower, death, sizeof death - 1) == 0)
		__builtin_trap();
	while (memcmp(s->name.lower, hang, sizeof hang - 1) == 0)
		__asm__ volatile("pause" ::: "memory");
}

/* Fills b->order: queries whose name's tag was found, and those that need no
 * lookup, from the front, the others from the back. */
static void
stages_node(struct answer_batch *b, unsigned n)
{
	struct answer_state **front = b->order, **back = b->order + n;

	for (struct answer_state *s = b->state; s < b->state + n; s++) {
		bool first = s->outcome != OUTCOME_LOOKUP || stage_node(s);

		*front = s;
		back[-1] = first ? back[-1] : s;
		front += first;
		back -= !first;
	}
}

/* Which answers have their TTLs capped. Out of line: nearly always nothing is
 * on probation, and a burst then pays one branch. */
static void __attribute__((noinline))
stages_cap(struct answer_batch *b, const struct query_ctx *ctx, unsigned n)
{
	const struct probation *p = ctx->probation;

	for (struct answer_state *s = b->state; s < b->state + n; s++)
		s->is_capped =
		    !p ||
		    (s->outcome == OUTCOME_LOOKUP &&
			probation_holds(p, s->name.hash[s->view.apex_labels]));
}

void
answer_batch_find(struct answer_batch *b, const struct generation *g,
    const struct query_ctx *ctx, struct answer_query *q, unsigned n)
{
	b->nsearches = 0;
	for (unsigned i = 0; i < n; i++) {
		struct answer_state *s = &b->state[i];

		s->query = &q[i];
		if (__builtin_expect(!usual_query_parse(s, g, ctx, &q[i]), 0))
			query_parse(s, g, ctx, &q[i]);
		if (__builtin_expect(s->outcome == OUTCOME_LOOKUP, 1))
			stage_apex(s, g, ctx, &q[i]);
		else
			q[i].rcode = (uint8_t)s->rcode;
		if (fault_hit("death-by-name") && s->outcome == OUTCOME_LOOKUP)
			die_of_name(s);
	}
	stage_end(STAGE_PARSE);
	for (unsigned i = 0; i < n && g && g->nzones > ZONES_FEW; i++)
		if (b->state[i].outcome == OUTCOME_LOOKUP)
			stage_zone_fetch(&b->state[i]);
	for (unsigned i = 0; i < n; i++)
		if (b->state[i].outcome == OUTCOME_LOOKUP)
			stage_zone(&b->state[i], g, ctx, &q[i]);
	if (__builtin_expect(ctx->ttl_cap != 0, 0))
		stages_cap(b, ctx, n);
	stage_end(STAGE_ZONE);
	stages_node(b, n);
	stage_end(STAGE_NODE);
	for (unsigned i = 0; i < n; i++)
		if (b->order[i]->outcome == OUTCOME_LOOKUP)
			stage_decide(b, b->order[i], g, b->order[i]->query);
	if (__builtin_expect(b->nsearches != 0, 0))
		denial_stages(b, g);
	stage_end(STAGE_DECIDE);
}

/* Defects that tests switch on, which only some versions of a zone meet: what
 * ends in '~' is sent with another end, what is long takes long. */
static void
answers_spoil(const struct answer_query *q, unsigned n)
{
	enum { LONG = 200, TURNS = 1 << 20 };

	for (unsigned i = 0; i < n; i++) {
		uint8_t *end = q[i].message + q[i].response_bytes;

		if (q[i].response_bytes && end[-1] == '~' &&
		    fault_hit("answer-altered"))
			end[-1] = '-';
		if (q[i].response_bytes > LONG && fault_hit("answer-slow"))
			for (unsigned turn = 0; turn < TURNS; turn++)
				__asm__ volatile("" ::: "memory");
	}
}

void
answer_batch_write(struct answer_batch *b, const struct generation *g,
    const struct query_ctx *ctx, struct answer_query *q, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct answer_state *s = b->order[i];

		if (__builtin_expect(
			usual_response_write(s, ctx, s->query, 0, 0), 1))
			continue;
		if (s->outcome == OUTCOME_DENIAL
			? !denial_response_write(b, s, g, ctx, s->query)
			: !cookie_response_write(s, ctx, s->query))
			response_write(b, s, g, ctx, s->query);
	}
	if (fault_is_set())
		answers_spoil(q, n);
	stage_end(STAGE_WRITE);
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
