/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The zones on probation: those whose records a generation changed, until it is
 * proven. Their answers live 30 seconds in caches at most, so that a bad
 * version is forgotten fast. A set of apexes, by their keyed hashes: made by a
 * management thread, read-only from then on, asked by the engine. Two hashes
 * that are the same (one in 2^52 for a full set) cap one zone's TTLs too many.
 */
#ifndef HOLDFAST_PROBATION_H
#define HOLDFAST_PROBATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "snapshot/generation.h"

enum {
	PROBATION_TTL_MAX = 30, /* seconds */
	/* Zones that a set can name; one more, and it holds all zones. */
	PROBATION_ZONES_MAX = 4096,
};

/* Open addressing in a table that is half full at most; 0 is an empty place (a
 * hash of 0 is kept as 1). One zone: one cache line. */
struct probation {
	uint32_t count;
	uint32_t mask; /* places - 1, a power of two */
	bool all;      /* every zone; the table is empty then */
	uint64_t table[];
};

/* An empty set with room for `most` zones. NULL: out of memory. */
struct probation *probation_new(uint32_t most);
void probation_free(struct probation **p);
void probation_add(struct probation *p, uint64_t hash);
void probation_add_all(struct probation *p, const struct probation *others);

/* Adds the zones of `g` that answer otherwise than in `base` (NULL: nothing is
 * known of what was there: all): whose records changed, which are new, and
 * those above a zone that is there in one of the two alone, whose names they
 * answer for without it. Zones that were signed again, and whose serial alone
 * moved, are not among them. Linear in the zones of the cells that differ. */
void probation_add_changed(struct probation *p, const struct generation *g,
    const struct generation *base);

/* A set with the zones of `of`, no larger than need be, or *out NULL if it is
 * empty. */
int probation_copy(
    struct probation **out, const struct probation *of, struct err *err);

/* How many zones of a generation: all of them if so. */
static inline uint32_t
probation_zones(const struct probation *p, const struct generation *g)
{
	if (!p)
		return 0;
	return !p->all ? p->count : g ? g->nzones : 0;
}

static inline uint64_t
probation_key(uint64_t hash)
{
	return hash ? hash : 1;
}

static inline uint32_t
probation_place(const struct probation *p, uint64_t hash)
{
	return (uint32_t)name_hash_mix(probation_key(hash)) & p->mask;
}

static inline bool
probation_holds(const struct probation *p, uint64_t hash)
{
	uint32_t at = probation_place(p, hash);

	if (p->all)
		return true;
	for (; p->table[at]; at = (at + 1) & p->mask)
		if (p->table[at] == probation_key(hash))
			return true;
	return false;
}

#endif
