/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which generations are live: the state machine behind the data plane's socket
 * (snapshot/dataplane_protocol.h says what each command means). One thread, the
 * management's. Every change takes a new activation number; a request names the
 * number and the parent that it was built on, and both are compared at the last
 * instruction before the swap, after all that can take time or fail.
 *
 *              activate                 commit
 *   stable  ------------>  stable  ------------>  candidate is stable
 *              (loads)    +candidate
 *                            |  return, deadline
 *                            +------------------>  stable alone
 *
 * The zones that a candidate changed are on probation (snapshot/probation.h):
 * while it is the candidate, and behind a commit with a soak until it is said
 * to be proven or the soak is over. A candidate has those that the stable one
 * has not proven yet as well.
 *
 * A commit is written to the store before it is seen by cores: whoever starts
 * again after a crash between the two finds what was promised.
 */
#ifndef HOLDFAST_ACTIVATION_H
#define HOLDFAST_ACTIVATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "dataplane/poll/live.h"
#include "snapshot/page.h"
#include "snapshot/store.h"

enum {
	ACTIVATION_DEADLINE_MS = 10000,
	ACTIVATION_DEADLINE_MS_MAX = 24 * 3600 * 1000,
};

struct activation {
	/* given at start */
	struct store *store; /* with its commit lock */
	struct live *live;
	struct page *page; /* NULL in tests */
	bool huge_pages;
	const char *protected_names; /* their file; NULL: none */
	void (*progress)(void *arg, uint64_t done, uint64_t total);
	void *progress_arg;
	uint64_t (*now_ms)(void); /* CLOCK_BOOTTIME; tests turn it themselves */
	/* state */
	uint64_t number;
	struct store_current current; /* what the store says, as far as known */
	struct generation *stable, *candidate; /* owned */
	uint32_t canary_permille;
	uint64_t canary_key[2];
	uint64_t deadline_ms; /* of the candidate; 0: none */
	struct probation *stable_probation, *candidate_probation; /* owned */
	uint64_t soak_until_ms; /* the stable one's ends; 0: there is none */
};

struct activation_request {
	uint64_t expect;
	struct digest parent, generation;
	uint32_t permille;
	uint64_t deadline_ms;
};

/* Loads, verifies, compares, swaps. On any error nothing has changed. */
int activation_activate(
    struct activation *a, const struct activation_request *r, struct err *err);
/* With soak_ms the zones that the candidate changed stay on probation so long;
 * with 0 it ends for them now. */
int activation_commit(struct activation *a, uint64_t expect,
    const struct digest *generation, uint64_t soak_ms, struct err *err);
/* Ends the probation of the stable generation. */
int activation_proven(struct activation *a, uint64_t expect,
    const struct digest *generation, struct err *err);
int activation_return(struct activation *a, uint64_t expect, struct err *err);

struct rollback_request {
	const struct digest *generation; /* NULL: so many steps */
	uint64_t steps;                  /* from parent to parent */
	const uint64_t *expect;          /* NULL: whatever is live */
	bool force; /* though protected names have no answer there */
};

/* To a committed generation. Condemns the slots that it leaves; nothing is on
 * probation then. */
int activation_rollback(
    struct activation *a, const struct rollback_request *r, struct err *err);

/* From the store, with no control process: `current`, else the newest sound
 * generation that no rollback has condemned. Changes nothing in the store. */
int activation_boot(struct activation *a, struct err *err);

/* Takes a candidate away whose deadline has passed, ends a soak whose time is
 * over, and frees what no core sees any more. Call it every 100 ms or so. */
void activation_timer(struct activation *a);

/* On probation: in the candidate if there is one. */
static inline uint32_t
activation_probation_zones(const struct activation *a)
{
	return a->candidate
	           ? probation_zones(a->candidate_probation, a->candidate)
	           : probation_zones(a->stable_probation, a->stable);
}

/* After all cores have ended. */
void activation_fini(struct activation *a);

/* Steps that boot shares. activation_set_stable() takes *generation as the
 * stable one, alone, with `probation` (NULL: none). */
int activation_load(struct activation *a, const struct digest *digest,
    struct generation **out, struct err *err);
int activation_set_stable(struct activation *a, struct generation **generation,
    struct probation **probation, uint64_t number, struct err *err);
void activation_write_page(struct activation *a);

#endif
