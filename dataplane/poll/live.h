/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The pair of generations that is answered from, as poll cores see it: one
 * atomic pointer, read once a burst. The management thread publishes pairs and
 * frees what they named after every core has been quiescent (rte_rcu_qsbr). It
 * never waits for a core: what cannot be freed yet is kept in a short list and
 * tried again by its timer, so a core that hangs cannot hang management too.
 *
 *   management:  publish pair ---> token ---> reclaim: all cores passed token?
 *   core:        read pair, answer burst, report quiescence, read pair, ...
 *
 * The operator's prefixes (dataplane/limit/prefix_set.h) come and go the same
 * way, by a pointer of their own.
 */
#ifndef HOLDFAST_LIVE_H
#define HOLDFAST_LIVE_H

#include <stdatomic.h>

#include <rte_rcu_qsbr.h>

#include "base/err.h"
#include "dataplane/answer/cookie.h"
#include "dataplane/limit/prefix_set.h"
#include "dataplane/poll/wall_clock.h"
#include "snapshot/generation.h"
#include "snapshot/probation.h"

struct live_pair {
	const struct generation *stable;    /* NULL: none loaded, SERVFAIL */
	const struct generation *candidate; /* NULL: none */
	uint32_t canary_permille;
	uint64_t canary_key[2];
	/* zones on probation in each; NULL: none */
	const struct probation *stable_probation, *candidate_probation;
};

/* What a new pair does not name any more: freed when no reader can see it. */
struct live_garbage {
	struct generation *generation;
	struct probation *probation;
};

enum { LIVE_PAIRS = 16, LIVE_SECRETS = 4 };

struct live {
	/* Read by every core once a burst, written at activations. */
	_Alignas(64) _Atomic(const struct live_pair *) pair;
	_Atomic(const struct prefix_set *) prefixes;    /* NULL: none */
	_Atomic(const struct cookie_secrets *) secrets; /* NULL: none */
	struct wall_clock clock;
	struct rte_rcu_qsbr *readers;
	/* Management's: the published pair and the retired ones. */
	_Alignas(64) struct live_slot {
		struct live_pair pair;
		struct live_garbage garbage; /* freed with the pair */
		uint64_t token;
		enum { LIVE_FREE, LIVE_PUBLISHED, LIVE_RETIRED } state;
	} slots[LIVE_PAIRS];
	struct prefix_set *published_prefixes, *retired_prefixes;
	uint64_t prefixes_token; /* of the retired ones */
	/* Places of secrets, used in turn: [next - 1] is published. */
	struct live_secrets {
		struct cookie_secrets secrets;
		uint64_t token; /* of when it was replaced; 0: never used */
	} secrets_slots[LIVE_SECRETS];
	unsigned secrets_next;
};

/* With an empty pair published. Readers are numbered 0 to readers - 1. */
int live_new(struct live **out, unsigned readers, struct err *err);
/* Only after all readers have ended; frees all that is retired and the
 * prefixes, and not the generations of the published pair. */
void live_free(struct live **l);

/* Publishes a copy of `pair` in place of the last one. `*garbage` is taken.
 * ERR_BUSY, and nothing changed, when too many pairs wait for a core that does
 * not move. */
int live_replace(struct live *l, const struct live_pair *pair,
    struct live_garbage *garbage, struct err *err);
/* The same with a generation alone, which may be NULL. */
int live_publish(struct live *l, const struct live_pair *pair,
    struct generation **garbage, struct err *err);

/* Publishes a copy of the secrets. False, and nothing changed, while a core may
 * still read the place that would be overwritten: try again. */
bool live_publish_secrets(struct live *l, const struct cookie_secrets *secrets);

/* Publishes *prefixes, which is taken and may be NULL. ERR_BUSY, and nothing
 * changed, when those before the last still wait for a core. */
int live_publish_prefixes(
    struct live *l, struct prefix_set **prefixes, struct err *err);

/* Frees what no reader can see; returns how many still wait. */
unsigned live_reclaim(struct live *l);

void live_reader_start(struct live *l, unsigned reader);
void live_reader_stop(struct live *l, unsigned reader);

static inline const struct live_pair *
live_pair_read(const struct live *l)
{
	return atomic_load_explicit(&l->pair, memory_order_acquire);
}

static inline const struct prefix_set *
live_prefixes_read(const struct live *l)
{
	return atomic_load_explicit(&l->prefixes, memory_order_acquire);
}

/* Valid until the reader is quiescent, as the pair. */
static inline const struct cookie_secrets *
live_secrets_read(const struct live *l)
{
	return atomic_load_explicit(&l->secrets, memory_order_acquire);
}

/* The reader holds nothing of any pair now, no prefixes and no secrets. */
static inline void
live_reader_quiescent(struct live *l, unsigned reader)
{
	rte_rcu_qsbr_quiescent(l->readers, reader);
}

#endif
