/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the workers answer from, and how the management thread knows that none
 * of them looks at an old generation any more. A worker enters before it
 * handles a round of events and leaves before it waits for more; the
 * management thread swaps the pointer and waits until every worker has left or
 * has entered again since. Workers never wait. Inline, allocates nothing.
 */
#ifndef HOLDFAST_GRACE_H
#define HOLDFAST_GRACE_H

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#include "snapshot/generation.h"
#include "snapshot/page.h"
#include "snapshot/probation.h"

enum { GRACE_READERS_MAX = 64 };

/* Immutable once published. */
struct live {
	const struct generation *stable;    /* NULL: none yet, SERVFAIL */
	const struct generation *candidate; /* NULL: no canary runs */
	uint32_t permille;                  /* clients that get the candidate */
	uint64_t key[2];                    /* of the hash that chooses them */
	/* zones on probation in each; NULL: none */
	struct probation *stable_probation, *candidate_probation;
};

struct grace_reader {
	/* epoch at the time of entering; 0: waits, holds nothing */
	_Alignas(64) _Atomic uint64_t seen;
};

struct grace {
	const struct live *_Atomic live;
	_Atomic uint64_t epoch;
	unsigned nreaders;
	struct grace_reader readers[GRACE_READERS_MAX];
};

static inline void
grace_init(struct grace *g, unsigned nreaders, const struct live *first)
{
	atomic_init(&g->live, first);
	atomic_init(&g->epoch, 1);
	g->nreaders = nreaders;
	for (unsigned i = 0; i < GRACE_READERS_MAX; i++)
		atomic_init(&g->readers[i].seen, 0);
}

/* The store must be visible before the pointer is read, else the management
 * thread could miss this reader: both are sequentially consistent. */
static inline const struct live *
grace_enter(struct grace *g, unsigned reader)
{
	atomic_store(&g->readers[reader].seen, atomic_load(&g->epoch));
	return atomic_load(&g->live);
}

static inline void
grace_leave(struct grace *g, unsigned reader)
{
	atomic_store_explicit(
	    &g->readers[reader].seen, 0, memory_order_release);
}

/* Returns when no worker holds what was replaced before the call. */
static inline void
grace_settle(struct grace *g)
{
	const struct timespec pause = {.tv_nsec = 200000};
	uint64_t epoch = atomic_fetch_add(&g->epoch, 1) + 1;

	for (unsigned i = 0; i < g->nreaders; i++) {
		for (;;) {
			uint64_t seen = atomic_load(&g->readers[i].seen);

			if (seen == 0 || seen >= epoch)
				break;
			nanosleep(&pause, NULL);
		}
	}
}

/* Publishes `next`; returns the one before, which nobody reads by then. */
static inline const struct live *
grace_swap(struct grace *g, const struct live *next)
{
	const struct live *old = atomic_exchange(&g->live, next);

	grace_settle(g);
	return old;
}

/* The generation that answers a client: the rule of the poll cores. `address`
 * has 4 or 16 octets. */
static inline const struct generation *
live_choose(const struct live *l, const uint8_t *address, unsigned bytes)
{
	if (l->candidate &&
	    page_client_permille(l->key, address, bytes) < l->permille)
		return l->candidate;
	return l->stable;
}

#endif
