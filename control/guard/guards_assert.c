/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Assertions in a turn: each is asked of the candidate, and what does not hold
 * is laid to the zone that has changed: the assertion's own, else the last one
 * on the way through aliases. What does not hold of zones that have not changed
 * is only said, since nothing would be won by refusing others. Worker thread.
 */
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "control/guard/guards_inner.h"

static bool
zone_is_at_fault(const struct compile_zone *z)
{
	return z->status == 0 && z->records && z->records != z->last_good &&
	       !z->renewal;
}

static int
apex_order(const void *apex, const void *element)
{
	const struct compile_zone *z = element;

	return name_compare(
	    apex, z->records ? z->records->apex : z->last_good->apex);
}

/* The zone that a name is in. */
static struct compile_zone *
zone_of(const struct guard_candidate *c, const uint8_t *name)
{
	struct compile_zone *z = NULL;

	for (;; name = name_parent(name, 1)) {
		z = bsearch(name, c->zones, c->n, sizeof *c->zones, apex_order);
		if (z || *name == 0)
			return z;
	}
}

/* The zone to be blamed; NULL if none that is concerned has changed. */
static struct compile_zone *
culprit_find(const struct guard_candidate *c, const struct guard_finding *f)
{
	struct compile_zone *z = f->nchain ? zone_of(c, f->chain[0]) : NULL;

	if (z && zone_is_at_fault(z))
		return z;
	for (unsigned i = f->nchain; i-- > 0;) {
		z = zone_of(c, f->chain[i]);
		if (z && zone_is_at_fault(z))
			return z;
	}
	return NULL;
}

static int
fault_say(struct guards *g, const struct guard_candidate *c,
    const struct guard_zone *rules, const struct guard_finding *f)
{
	const struct compile_zone *z = culprit_find(c, f);
	const struct compile_zone *own =
	    bsearch(rules->apex, c->zones, c->n, sizeof *c->zones, apex_order);
	struct guard_verdict v = {.kind = GUARD_ASSERTION,
	    .action = z ? rules->actions[GUARD_ASSERTION] : GUARD_WARN};

	/* of a version that was refused already nothing more is said */
	if (!z && own && own->status)
		return 0;
	if (z) {
		memcpy(v.apex, z->records->apex, sizeof v.apex);
		snprintf(v.what, sizeof v.what, "%s", f->why);
	} else {
		memcpy(v.apex, rules->apex, sizeof v.apex);
		snprintf(v.what, sizeof v.what,
		    "%s; nothing that it concerns has changed", f->why);
	}
	return guards_verdict_add(g, &v);
}

/* A zone that goes back to its last good version needs no verdict of its own
 * again; a zone that is not served at all has no answers. */
static bool
zone_is_asked(const struct guard_candidate *c, const struct guard_zone *rules)
{
	const struct compile_zone *z =
	    bsearch(rules->apex, c->zones, c->n, sizeof *c->zones, apex_order);

	return z && (z->status == 0 || z->last_good);
}

int
guards_assert(
    struct guards *g, const struct guard_candidate *c, struct err *err)
{
	struct guard_finding *f = calloc(1, sizeof *f);
	int rc = f ? 0 : ERR_NO_MEMORY;

	for (size_t i = 0; rc == 0 && i < g->rules->nzones; i++) {
		const struct guard_zone *rules = &g->rules->zones[i];
		bool ask = rules->nassertions &&
		           rules->actions[GUARD_ASSERTION] != GUARD_OFF &&
		           zone_is_asked(c, rules);

		for (unsigned a = 0; ask && rc == 0 && a < rules->nassertions;
		     a++) {
			memset(f, 0, sizeof *f);
			guard_assertion_check(
			    g->asker, rules->assertions, a, c->candidate, f);
			if (!f->holds)
				rc = fault_say(g, c, rules, f);
		}
	}
	free(f);
	return rc ? err_set(err, rc, "no memory for assertions") : 0;
}
