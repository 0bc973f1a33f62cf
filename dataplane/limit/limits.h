/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The limits around the engine, for UDP alone: TCP has clients whose address is
 * known to be theirs. Each poll core, and each thread of holdfast-sockets, has
 * a struct limiter of its own; nothing is shared but settings and prefixes,
 * which do not change.
 *
 *   queries -> limiter_admit() -> find -> limiter_respond() -> write
 *              prefixes, budget           response rate
 *
 * A core enforces its share: 1/n of a rate where n cores serve a port, since
 * RSS spreads the flows of a prefix over them. So a prefix is held to the
 * configured rate; one whose flows all meet on one core has 1/n of it.
 *
 * Times are ticks of one clock that never stops, the TSC on poll cores; see
 * account.h for what happens when it is set back. Accounts are found by a hash
 * with a random key of this process, so that nobody can choose whom to collide
 * with. Nothing here calls the system or allocates, but limits_from_config().
 */
#ifndef HOLDFAST_LIMITS_H
#define HOLDFAST_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/limited.h"
#include "config/config.h"
#include "dataplane/answer/answer.h"
#include "dataplane/limit/account.h"
#include "dataplane/limit/prefix_set.h"
#include "snapshot/hash.h"

/* Of an answer_query: what limiter_admit() found out about the client. */
enum limit_class {
	LIMIT_CLASS_PLAIN,
	LIMIT_CLASS_EXEMPT, /* from budget and response rate */
};

/* A verdict of limiter_admit() on a query that goes on to the engine. */
enum { LIMIT_ADMITTED = VERDICT_COUNT };

/* How much of an address is one client: masks, as numbers in network order. */
struct limit_mask {
	uint64_t high, low; /* of IPv6 */
	uint32_t v4;
	uint8_t bits4, bits6;
};

/* From the configuration; read-only while cores run. */
struct limits {
	enum config_rrl mode;
	bool refuse_denied; /* else dropped */
	uint8_t slip;
	unsigned responses_per_second, burst;
	unsigned queries_per_second, query_burst; /* 0: no budget */
	unsigned accounts;                        /* a core, a power of two */
	struct limit_mask response_mask, client_mask;
	struct name_key key;
	/* the lists; borrowed */
	const struct config_limit *config;
};

/* What the last calls did besides verdicts. */
struct limit_tally {
	/* mode log: what would have been dropped, or slipped */
	uint32_t would_drop, would_slip;
	/* not looked at for a valid cookie */
	uint32_t cookies;
};

struct limiter {
	const struct limits *limits;
	struct account_table responses, clients; /* lines NULL: off */
	struct account_rate response_rate, client_rate;
	struct limited_block top;
	struct limit_tally tally; /* the caller reads and clears it */
};

/* Takes the section of the configuration; `config` must outlive `out`. Draws
 * the key. */
int limits_from_config(
    struct limits *out, const struct config_limit *config, struct err *err);

/* Whether there is anything to limit, prefixes left out. */
static inline bool
limits_are_on(const struct limits *l)
{
	return l->mode != CONFIG_RRL_OFF || l->queries_per_second != 0;
}

/* The prefixes of the configuration and the files that it names, which are read
 * now. NULL in *out if there are none. */
int limits_prefixes(
    struct prefix_set **out, const struct limits *l, struct err *err);

/* Octets of the accounts of one core: 0 if there are none to keep. */
size_t limiter_bytes(const struct limits *l);

/* `memory` has limiter_bytes() zeroed octets, aligned to 64, and is the
 * caller's. This is one of `cores` that share the rates; `hz` are ticks a
 * second. */
void limiter_init(struct limiter *l, const struct limits *limits, void *memory,
    unsigned cores, uint64_t hz);

/* Before the queries are looked into: sets verdict (DROP_DENIED, DENIED,
 * DROP_BUDGET or LIMIT_ADMITTED) and limit_class of each, by its client alone.
 * Returns how many are admitted. `p` may be NULL. n <= ANSWER_BATCH_MAX. */
unsigned limiter_admit(struct limiter *l, const struct prefix_set *p,
    uint64_t now, struct answer_query *q, unsigned n);

/* After the find of queries that limiter_admit() said DENIED of, with the
 * generation answer_nothing and a query_ctx that is prohibited: says so of
 * those that are refused. */
void limits_name_denied(struct answer_query *q, unsigned n);

/* Between find and write: sets the verdict of what is over the response rate to
 * DROP_LIMITED or SLIPPED. */
void limiter_respond(
    struct limiter *l, uint64_t now, struct answer_query *q, unsigned n);

#endif
