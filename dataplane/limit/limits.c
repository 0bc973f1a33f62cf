/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Limits before and behind the engine's find; see limits.h. limiter_admit() and
 * limiter_respond() run for every burst: one pass makes the hashes and fetches
 * the lines, another draws from the accounts, so that the misses overlap.
 */
#include "dataplane/limit/limits.h"

#include <string.h>

/* What is counted together. Names are the engine's: the name asked for, the cut
 * of a referral, the encloser of a wildcard, the apex for what does not exist.
 * Errors are one kind whatever was asked, or random names would escape. */
enum response_kind {
	KIND_ERROR,
	KIND_ANSWER,
	KIND_REFERRAL,
	KIND_NODATA,
	KIND_NXDOMAIN,
	KIND_CHAOS
};

static const uint8_t kind_of[VERDICT_COUNT] = {
    [VERDICT_ANSWER] = KIND_ANSWER,
    [VERDICT_CNAME] = KIND_ANSWER,
    [VERDICT_REFERRAL] = KIND_REFERRAL,
    [VERDICT_NODATA] = KIND_NODATA,
    [VERDICT_NXDOMAIN] = KIND_NXDOMAIN,
    [VERDICT_CHAOS] = KIND_CHAOS,
};

/* With a key_hash that means something. */
static inline bool
kind_has_name(unsigned kind)
{
	return kind != KIND_ERROR && kind != KIND_CHAOS;
}

struct client {
	uint64_t high, low;
	unsigned kind; /* of base/limited.h */
};

static inline struct client
client_of(const struct answer_query *q, const struct limit_mask *m)
{
	uint64_t high, low;
	uint32_t v4;

	if (__builtin_expect(q->client_bytes == 4, 1)) {
		memcpy(&v4, q->client, 4);
		return (struct client){.high = __builtin_bswap32(v4) & m->v4,
		    .kind = LIMITED_KIND_V4 | m->bits4};
	}
	memcpy(&high, q->client, 8);
	memcpy(&low, q->client + 8, 8);
	return (struct client){.high = __builtin_bswap64(high) & m->high,
	    .low = __builtin_bswap64(low) & m->low,
	    .kind = m->bits6};
}

static inline uint64_t
client_hash(const struct name_key *key, const struct client *c)
{
	return name_hash_chunk(key, key->k[0], c->high, c->low);
}

static inline uint64_t
response_hash(const struct limits *l, const struct answer_query *q)
{
	struct client c = client_of(q, &l->response_mask);
	unsigned kind = kind_of[q->verdict];
	uint64_t name = kind_has_name(kind) ? q->key_hash : 0;

	return name_hash_mix(name_hash_chunk(
	    &l->key, client_hash(&l->key, &c), name, c.kind << 8 | kind));
}

static inline uint64_t
query_hash(const struct limits *l, const struct answer_query *q)
{
	struct client c = client_of(q, &l->client_mask);

	return name_hash_mix(
	    name_hash_chunk(&l->key, client_hash(&l->key, &c), 0, c.kind));
}

static void
count_client(
    struct limiter *l, const struct answer_query *q, const struct limit_mask *m)
{
	struct client c = client_of(q, m);

	limited_count(&l->top, c.high, c.low, c.kind);
}

static unsigned
admit_by_prefix(struct limiter *l, const struct prefix_set *p,
    struct answer_query *q, unsigned n)
{
	uint8_t denied =
	    l->limits->refuse_denied ? VERDICT_DENIED : VERDICT_DROP_DENIED;
	unsigned admitted = 0;

	for (unsigned i = 0; i < n; i++) {
		unsigned class =
		    prefix_set_class(p, q[i].client, q[i].client_bytes);

		q[i].limit_class = class & PREFIX_EXEMPT ? LIMIT_CLASS_EXEMPT
		                                         : LIMIT_CLASS_PLAIN;
		if (class & PREFIX_DENIED)
			q[i].verdict = denied;
		else
			admitted++;
	}
	return admitted;
}

static inline bool
is_budgeted(const struct answer_query *q)
{
	/* those that would be told REFUSED cost work too */
	return q->limit_class == LIMIT_CLASS_PLAIN &&
	       q->verdict != VERDICT_DROP_DENIED;
}

static unsigned
admit_by_budget(
    struct limiter *l, uint64_t now, struct answer_query *q, unsigned n)
{
	const struct account_rate *rate = &l->client_rate;
	uint64_t hash[ANSWER_BATCH_MAX];
	unsigned admitted = 0;

	for (unsigned i = 0; i < n; i++) {
		hash[i] = query_hash(l->limits, &q[i]);
		__builtin_prefetch(account_line(&l->clients, hash[i]), 1);
	}
	for (unsigned i = 0; i < n; i++) {
		if (is_budgeted(&q[i]) &&
		    !account_take(account_find(&l->clients, hash[i], rate, now),
			rate, now)) {
			q[i].verdict = VERDICT_DROP_BUDGET;
			count_client(l, &q[i], &l->limits->client_mask);
		}
		admitted += q[i].verdict == LIMIT_ADMITTED;
	}
	return admitted;
}

unsigned
limiter_admit(struct limiter *l, const struct prefix_set *p, uint64_t now,
    struct answer_query *q, unsigned n)
{
	unsigned admitted = n;

	for (unsigned i = 0; i < n; i++) {
		q[i].verdict = LIMIT_ADMITTED;
		q[i].limit_class = LIMIT_CLASS_PLAIN;
	}
	if (p)
		admitted = admit_by_prefix(l, p, q, n);
	if (l->clients.lines)
		admitted = admit_by_budget(l, now, q, n);
	return admitted;
}

/* Errors can't be cut to nothing: at the rate at which others slip they go out
 * as they are, as BIND does. */
static void
respond_over(struct limiter *l, struct answer_query *q, struct account *a)
{
	bool slips = account_slips(a, l->limits->slip);

	count_client(l, q, &l->limits->response_mask);
	if (l->limits->mode == CONFIG_RRL_LOG) {
		l->tally.would_slip += slips;
		l->tally.would_drop += !slips;
	} else if (!slips) {
		q->verdict = VERDICT_DROP_LIMITED;
	} else if (kind_of[q->verdict] != KIND_ERROR) {
		q->verdict = VERDICT_SLIPPED;
	}
}

void
limiter_respond(
    struct limiter *l, uint64_t now, struct answer_query *q, unsigned n)
{
	const struct account_rate *rate = &l->response_rate;
	uint64_t hash[ANSWER_BATCH_MAX];

	if (!l->responses.lines)
		return;
	for (unsigned i = 0; i < n; i++) {
		if (!verdict_is_sent(q[i].verdict))
			continue;
		hash[i] = response_hash(l->limits, &q[i]);
		__builtin_prefetch(account_line(&l->responses, hash[i]), 1);
	}
	for (unsigned i = 0; i < n; i++) {
		struct account *a;

		if (!verdict_is_sent(q[i].verdict) ||
		    q[i].limit_class == LIMIT_CLASS_EXEMPT)
			continue;
		if (q[i].cookie == ANSWER_COOKIE_VALID) {
			l->tally.cookies++;
			continue;
		}
		a = account_find(&l->responses, hash[i], rate, now);
		if (!account_take(a, rate, now))
			respond_over(l, &q[i], a);
	}
}

void
limits_name_denied(struct answer_query *q, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (q[i].verdict == VERDICT_REFUSED)
			q[i].verdict = VERDICT_DENIED;
}

size_t
limiter_bytes(const struct limits *l)
{
	unsigned tables =
	    (l->mode != CONFIG_RRL_OFF) + (l->queries_per_second != 0);

	return (size_t)tables * l->accounts * sizeof(struct account);
}

void
limiter_init(struct limiter *l, const struct limits *limits, void *memory,
    unsigned cores, uint64_t hz)
{
	unsigned lines = limits->accounts / ACCOUNTS_A_LINE;
	struct account_line *at = memory;

	*l = (struct limiter){.limits = limits};
	if (limits->mode != CONFIG_RRL_OFF) {
		l->responses =
		    (struct account_table){.lines = at, .mask = lines - 1};
		l->response_rate = account_rate_make(
		    hz, limits->responses_per_second, limits->burst, cores);
		at += lines;
	}
	if (limits->queries_per_second) {
		l->clients =
		    (struct account_table){.lines = at, .mask = lines - 1};
		l->client_rate = account_rate_make(
		    hz, limits->queries_per_second, limits->query_burst, cores);
	}
}
