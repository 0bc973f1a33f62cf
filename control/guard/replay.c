/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One question answered from two generations (replay.h). What a response says
 * is read from its octets and from what the engine tells of its lookup (the
 * verdict, and at which depth the answering name stands), never from records of
 * the zones: the question is what a client would see.
 */
#include "control/guard/replay.h"

#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>

#include "base/message.h"
#include "base/name.h"
#include "base/wire.h"
#include "snapshot/hash.h"

enum {
	ACTIVE,
	CANDIDATE,
	SIDES,
	WIRE_BYTES = DNS_MESSAGE_MAX + ANSWER_SPARE_BYTES,
	/* any UDP response may have so many octets */
	SIZE_ANY = DNS_EDNS_MIN,
	/* what every link carries; above it the port's MTU has a say */
	SIZE_LINK = 1232,
	/* of options and of glue that they may have pushed out */
	SIZE_MARGIN = 112,
	ALIASES_MAX = ANSWER_CHAIN_MAX,
};

/* What a client learns. */
enum said {
	SAID_DATA,
	SAID_ALIAS, /* a chain that leads out of what we serve */
	SAID_REFERRAL,
	SAID_NODATA,
	SAID_NXDOMAIN,
	SAID_REFUSED,
	SAID_SERVFAIL, /* or nothing at all */
	SAID_OTHER,    /* FORMERR and the like: the question's fault */
};

/* One side's answer. */
struct answered {
	struct answer_query q;
	enum said said;
	unsigned wildcard; /* labels of its parent + 1; 0: by no wildcard */
	uint64_t data;     /* of the answer section, signatures left out */
	uint64_t cycles;
	unsigned naliases;
	uint8_t alias[ALIASES_MAX][256]; /* targets, in lower case */
	uint8_t wire[WIRE_BYTES];
};

struct replay {
	struct answer_batch *batch;
	struct answer_config config;
	unsigned labels; /* of the question */
	uint16_t type;
	struct answered side[SIDES];
	struct answered step; /* of an alias that leads to another zone */
};

static const struct {
	const char *word, *meaning;
	bool loss;
} changes[REPLAY_CHANGE_COUNT] = {
#define REPLAY_ROW(name, word, loss, meaning) {word, meaning, loss},
    REPLAY_CHANGES(REPLAY_ROW)
#undef REPLAY_ROW
};

const char *
replay_change_word(enum replay_change c)
{
	return changes[c].word;
}

const char *
replay_change_meaning(enum replay_change c)
{
	return changes[c].meaning;
}

bool
replay_change_is_loss(enum replay_change c)
{
	return changes[c].loss;
}

void
replay_configure(struct replay *r, const struct config_answer *answer)
{
	answer_config_default(&r->config);
	r->config.udp_max = answer->udp_max;
}

int
replay_new(
    struct replay **out, const struct config_answer *answer, struct err *err)
{
	struct replay *r = calloc(1, sizeof *r);

	*out = NULL;
	if (r)
		r->batch = answer_batch_new();
	if (!r || !r->batch) {
		replay_free(&r);
		return err_set(err, ERR_NO_MEMORY, "no memory for a replay");
	}
	replay_configure(r, answer);
	*out = r;
	return 0;
}

void
replay_free(struct replay **r)
{
	if (!*r)
		return;
	answer_batch_free((*r)->batch);
	free(*r);
	*r = NULL;
}

/* --- asking ------------------------------------------------------------- */

static void
ask(struct replay *r, struct answered *a, const struct generation *g,
    const uint8_t *query, size_t bytes, enum answer_transport transport)
{
	const struct query_ctx ctx = {
	    .config = &r->config, .transport = transport};
	uint64_t start;

	memcpy(a->wire, query, bytes);
	a->q = (struct answer_query){
	    .message = a->wire,
	    .bytes = (uint32_t)bytes,
	    .capacity = (transport == ANSWER_UDP ? r->config.udp_max
						 : DNS_MESSAGE_MAX) +
	                ANSWER_SPARE_BYTES,
	};
	start = __rdtsc();
	answer_batch_find(r->batch, g, &ctx, &a->q, 1);
	answer_batch_write(r->batch, g, &ctx, &a->q, 1);
	a->cycles = __rdtsc() - start;
}

/* --- what it says ------------------------------------------------------- */

/* What a walk over the response has seen. */
struct seen {
	bool type, soa, ns, dname;
	uint64_t data;
};

static uint64_t
data_add(uint64_t h, uint16_t type, const uint8_t *rdata, uint16_t bytes)
{
	h = name_hash_mix(h ^ type);
	for (unsigned i = 0; i < bytes; i++)
		h = (h ^ rdata[i]) * 0x100000001b3ull;
	return h;
}

static void
alias_add(struct answered *to, const struct answered *a, uint32_t rdata)
{
	if (to->naliases < ALIASES_MAX &&
	    message_name(
		a->wire, a->q.response_bytes, rdata, to->alias[to->naliases]))
		to->naliases++;
}

/* Aliases are added to those of `to`. */
static void
see(struct seen *s, const struct replay *r, const struct answered *a,
    struct answered *to)
{
	struct message_record record;
	struct message_walk w;

	*s = (struct seen){0};
	if (!message_walk_start(&w, a->wire, a->q.response_bytes))
		return;
	while (message_next(&w, &record)) {
		if (record.section == MESSAGE_AUTHORITY) {
			s->soa |= record.type == DNS_TYPE_SOA;
			s->ns |= record.type == DNS_TYPE_NS;
		}
		if (record.section != MESSAGE_ANSWER)
			continue;
		s->type |= record.type == r->type;
		s->dname |= record.type == DNS_TYPE_DNAME;
		if (record.type == DNS_TYPE_CNAME && r->type != DNS_TYPE_CNAME)
			alias_add(to, a, record.rdata);
		if (record.type != DNS_TYPE_RRSIG)
			s->data = data_add(s->data, record.type,
			    a->wire + record.rdata, record.rdata_bytes);
	}
}

/* An alias says what its end says. */
static enum said
chain_said(const struct answered *a, const struct seen *s)
{
	if (a->q.rcode == DNS_RCODE_NXDOMAIN)
		return SAID_NXDOMAIN;
	if (a->q.rcode != DNS_RCODE_NOERROR)
		return SAID_SERVFAIL;
	if (s->type)
		return SAID_DATA;
	if (s->soa)
		return SAID_NODATA;
	return s->ns ? SAID_REFERRAL : SAID_ALIAS;
}

static enum said
said_of(const struct answered *a, const struct seen *s)
{
	switch ((enum verdict)a->q.verdict) {
	case VERDICT_ANSWER:
		return SAID_DATA;
	case VERDICT_CNAME:
	case VERDICT_YXDOMAIN:
		return chain_said(a, s);
	case VERDICT_REFERRAL:
		return SAID_REFERRAL;
	case VERDICT_NODATA:
		return SAID_NODATA;
	case VERDICT_NXDOMAIN:
		return SAID_NXDOMAIN;
	case VERDICT_REFUSED:
		return SAID_REFUSED;
	case VERDICT_SERVFAIL:
		return SAID_SERVFAIL;
	default:
		return a->q.response_bytes ? SAID_OTHER : SAID_SERVFAIL;
	}
}

/* The engine answers from one zone; a client goes on to the next. What is none
 * of ours stays an alias. */
static void
chain_follow(struct replay *r, struct answered *a, const struct generation *g)
{
	uint8_t query[SAMPLE_QUERY_MAX] = {[5] = 1};
	struct answered *step = &r->step;

	while (
	    a->said == SAID_ALIAS && a->naliases && a->naliases < ALIASES_MAX) {
		const uint8_t *name = a->alias[a->naliases - 1];
		size_t bytes = name_length(name);
		unsigned before = a->naliases;
		uint8_t *at = query + DNS_HEADER_BYTES;
		struct seen s;

		memcpy(at, name, bytes);
		wire_store16(at + bytes, r->type);
		wire_store16(at + bytes + 2, DNS_CLASS_IN);
		ask(r, step, g, query, DNS_HEADER_BYTES + bytes + 4,
		    ANSWER_STREAM);
		see(&s, r, step, a);
		if (step->q.verdict == VERDICT_REFUSED)
			break;
		a->said = said_of(step, &s);
		a->data ^= name_hash_mix(s.data);
		if (a->naliases == before)
			break;
	}
}

static void
listen_to(struct replay *r, struct answered *a, const struct generation *g)
{
	struct seen s;

	a->naliases = 0;
	see(&s, r, a, a);
	a->said = said_of(a, &s);
	a->data = s.data;
	a->wildcard = 0;
	if (a->q.verdict == VERDICT_ANSWER ||
	    (a->q.verdict == VERDICT_CNAME && !s.dname))
		a->wildcard =
		    a->q.key_labels < r->labels ? a->q.key_labels + 1u : 0;
	if (a->said == SAID_ALIAS)
		chain_follow(r, a, g);
}

/* --- what became of it -------------------------------------------------- */

static bool
has_answer(enum said s)
{
	return s <= SAID_REFERRAL;
}

static enum replay_change
both_have(const struct answered *was, const struct answered *is)
{
	if (is->said == SAID_REFERRAL && was->said != SAID_REFERRAL)
		return REPLAY_TO_REFERRAL;
	if (is->wildcard && is->wildcard != was->wildcard &&
	    is->data != was->data && was->said != SAID_REFERRAL)
		return REPLAY_SHADOWED;
	return REPLAY_CHANGED;
}

static enum replay_change
change_of(const struct answered *was, const struct answered *is)
{
	if (was->said == SAID_SERVFAIL || was->said == SAID_OTHER)
		return REPLAY_BETTER;
	if (is->said == SAID_REFUSED && was->said != SAID_REFUSED)
		return REPLAY_TO_REFUSED;
	if (is->said == SAID_SERVFAIL || is->said == SAID_OTHER)
		return REPLAY_TO_SERVFAIL;
	if (has_answer(was->said) && has_answer(is->said))
		return both_have(was, is);
	if (has_answer(was->said))
		return is->said == SAID_NXDOMAIN ? REPLAY_TO_NXDOMAIN
		                                 : REPLAY_TO_NODATA;
	if (!has_answer(is->said))
		return REPLAY_CHANGED;
	return was->said == SAID_NXDOMAIN && is->wildcard ? REPLAY_TO_WILDCARD
	                                                  : REPLAY_BETTER;
}

/* As it was sent: sizes and truncation are of that. */
static void
pair_note(struct replay *r, struct replay_pair *p)
{
	for (unsigned i = 0; i < SIDES; i++) {
		const struct answer_query *q = &r->side[i].q;

		p->bytes[i] = (uint16_t)q->response_bytes;
		p->rcode[i] = q->rcode;
		p->verdict[i] = q->verdict;
		p->hash[i] = message_hash(q->message, q->response_bytes);
		p->cycles[i] = r->side[i].cycles;
		p->apex_labels[i] = q->apex_labels;
	}
	p->truncated = p->verdict[CANDIDATE] == VERDICT_TRUNCATED &&
	               p->verdict[ACTIVE] != VERDICT_TRUNCATED;
	p->size_jump = p->verdict[ACTIVE] != VERDICT_TRUNCATED &&
	               p->bytes[CANDIDATE] > SIZE_ANY &&
	               p->bytes[CANDIDATE] > 2u * p->bytes[ACTIVE];
}

static bool
question_take(struct replay *r, const uint8_t *query, size_t bytes)
{
	size_t name = bytes < SAMPLE_QUERY_MIN
	                  ? 0
	                  : name_length_find(query + DNS_HEADER_BYTES,
				bytes - DNS_HEADER_BYTES);

	if (name == 0 || bytes > SAMPLE_QUERY_MAX ||
	    DNS_HEADER_BYTES + name + 4 > bytes)
		return false;
	r->labels = name_labels(query + DNS_HEADER_BYTES);
	r->type = wire_load16(query + DNS_HEADER_BYTES + name);
	return true;
}

enum replay_change
replay_pair(struct replay *r, const struct generation *active,
    const struct generation *candidate, const uint8_t *query, size_t bytes,
    unsigned transport, struct replay_pair *out)
{
	const struct generation *const g[SIDES] = {active, candidate};
	struct answered *was = &r->side[ACTIVE], *is = &r->side[CANDIDATE];
	bool same;

	*out = (struct replay_pair){.change = REPLAY_SAME};
	if (!question_take(r, query, bytes))
		return REPLAY_SAME;
	for (unsigned i = 0; i < SIDES; i++)
		ask(r, &r->side[i], g[i], query, bytes,
		    transport == ANSWER_UDP ? ANSWER_UDP : ANSWER_STREAM);
	pair_note(r, out);
	same = out->hash[ACTIVE] == out->hash[CANDIDATE] &&
	       was->q.verdict == is->q.verdict &&
	       was->q.response_bytes == is->q.response_bytes;
	/* an alias may be the same, and what it leads to is not */
	if (same && is->q.verdict != VERDICT_CNAME)
		return REPLAY_SAME;
	if (was->q.verdict == VERDICT_TRUNCATED ||
	    is->q.verdict == VERDICT_TRUNCATED)
		for (unsigned i = 0; i < SIDES; i++)
			ask(r, &r->side[i], g[i], query, bytes, ANSWER_STREAM);
	listen_to(r, was, active);
	listen_to(r, is, candidate);
	if (same && was->said == is->said && was->data == is->data)
		return REPLAY_SAME;
	out->change = change_of(was, is);
	if (!replay_change_is_loss(out->change) && out->truncated)
		out->change = REPLAY_TRUNCATED;
	else if (!replay_change_is_loss(out->change) && out->size_jump)
		out->change = REPLAY_SIZE_JUMP;
	return out->change;
}

const uint8_t *
replay_alias_find(const struct replay *r, unsigned side, unsigned i)
{
	const struct answered *a = &r->side[side];

	return i < a->naliases ? a->alias[i] : NULL;
}

/* Largest response that the query's OPT offers. */
static unsigned
offered_bytes(const struct sample *s)
{
	if (wire_load16(s->query + 10) == 0)
		return DNS_EDNS_MIN;
	return wire_load16(s->query + s->query_bytes - DNS_OPT_BYTES + 3);
}

bool
replay_is_comparable(const struct sample *s)
{
	bool cut = s->verdict == VERDICT_TRUNCATED;

	if (s->hash == 0 || s->verdict > VERDICT_REFUSED)
		return false;
	if (s->stripped && (cut || s->response_bytes > SIZE_ANY - SIZE_MARGIN))
		return false;
	return s->transport != ANSWER_UDP || offered_bytes(s) <= SIZE_LINK ||
	       (!cut && s->response_bytes <= SIZE_LINK - SIZE_MARGIN);
}
