/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the guards' files share of struct guards.
 */
#ifndef HOLDFAST_GUARDS_INNER_H
#define HOLDFAST_GUARDS_INNER_H

#include <stdatomic.h>

#include "control/guard/guard_case.h"

/* What is to be remembered of a zone when what is on trial is live. */
struct guard_promise {
	uint8_t apex[DNS_NAME_MAX + 1];
	bool gone; /* it is not served any more; else its losses were
	              acknowledged */
};

struct guards {
	char *store_dir;
	struct guard_states *states;
	struct guard_rules *rules;
	struct guard_learned_list learned;
	struct guard_asker *asker;
	/* of a turn */
	uint64_t now;
	struct compile_zone *zones;
	size_t nzones;
	struct guard_case *cases; /* those of zones that changed by apex */
	size_t ncases, sorted_from, sorted_to, cap;
	/* of the turn that is on trial, until guards_tried() */
	struct guard_promise *promises;
	size_t npromises;
	/* since the start */
	_Atomic uint64_t counts[GUARD_KIND_COUNT][GUARD_ACTION_COUNT];
};

/* A case more; NULL: no memory. Pointers to others are good no longer. */
struct guard_case *guards_case_add(struct guards *g, const uint8_t *apex);
struct guard_case *guards_case_find(struct guards *g, const uint8_t *apex);

/* The version that verdicts are bound to: of what the zone was signed from, if
 * that is done here, since signatures are others each time. */
void guards_case_version(struct guard_case *c, const struct zone_records *z);

/* Whether what was said keeps the version from going live. Takes the token if
 * that lets all of it pass. */
bool guards_case_blocked(struct guards *g, struct guard_case *c);

/* Sets the status of the case's zone, with a sentence that says how to
 * override. */
void guards_case_refuse(struct guard_case *c);

/* So many zones have gone: they are counted. */
void guards_vanish_end(struct guards *g, uint32_t went);

/* All assertions, on both generations; says what does not hold. */
int guards_assert(
    struct guards *g, const struct guard_candidate *c, struct err *err);

#endif
