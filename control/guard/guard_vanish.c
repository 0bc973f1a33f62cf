/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Zones that are served and not configured any more. Those that people said
 * must stay (protected names, assertions), and more at once than the budget
 * has, are served on at their last version: a list of zones that was cut, or
 * made of nothing, takes nobody off the net. Counted over the window, across
 * restarts. Worker thread only.
 */
#include <stdlib.h>

#include "base/log.h"
#include "base/name.h"
#include "control/guard/guards_inner.h"

static uint32_t
gone_count(const struct guards *g, const struct guard_state *all)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < all->nmarks; i++)
		if (!guard_mark_is_old(&all->marks[i], g->rules, g->now))
			sum += all->marks[i].most[GUARD_MARK_ALL];
	return sum;
}

static bool
is_kept(const struct guards *g, const struct guard_case *c,
    const struct guard_leaving *l)
{
	return (c->state && c->state->keep) ||
	       guard_rules_name_zone(g->rules, c->apex) || l->asked[0];
}

/* `gone`: zones that went within the window; `many`: how many are to go now,
 * without those that are kept. */
static void
zone_say(struct guards *g, struct guard_case *c, const struct guard_leaving *l,
    size_t served, uint32_t gone, size_t many)
{
	uint32_t allowed =
	    guard_budget(served + gone, g->rules->vanish_percent, 1);

	if (l->asked[0])
		guard_case_say(c, GUARD_VANISHED, GUARD_REFUSE,
		    "the zone is not configured any more, and %s", l->asked);
	else if (is_kept(g, c, l))
		guard_case_say(c, GUARD_VANISHED, GUARD_REFUSE,
		    "the zone is not configured any more, and has names that "
		    "are protected or assertions; limit: such a zone stays");
	else if (many + gone > allowed)
		guard_case_say(c, GUARD_VANISHED, GUARD_REFUSE,
		    "%zu zones of %zu are not configured any more, and %u went "
		    "within %u h; limit: %u (vanish_percent %u); if all of "
		    "them are to go, raise it and reload",
		    many, served, gone, g->rules->window_h, allowed,
		    g->rules->vanish_percent);
	else
		guard_case_say(c, GUARD_VANISHED, GUARD_WARN,
		    "the zone is not configured any more and is no longer "
		    "served");
}

/* What an override is for. A signed zone that is kept is signed again and
 * again, which must not make its override void; that nobody configures it is
 * true of all of these versions. */
static void
version_set(struct guard_case *c, const struct zone_records *z)
{
	size_t n = 0;

	zone_records_find(z, z->apex, DNS_TYPE_DNSKEY, &n);
	if (n)
		digest_of(&c->version, &z->content, sizeof z->content);
	else
		guards_case_version(c, z);
}

int
guards_vanish(struct guards *g, struct guard_leaving *leaving, size_t n,
    size_t served, struct err *err)
{
	const struct guard_state *all = n ? guard_states_all(g->states) : NULL;
	uint32_t gone = all ? gone_count(g, all) : 0;
	size_t first = g->ncases, many = 0;

	for (size_t i = 0; i < n; i++) {
		struct guard_case *c =
		    guards_case_add(g, leaving[i].records->apex);

		if (!all || !c)
			return err_set(
			    err, ERR_NO_MEMORY, "no memory for guards");
		c->leaving = true;
		version_set(c, leaving[i].records);
		many += !is_kept(g, c, &leaving[i]);
	}
	for (size_t i = 0; i < n; i++) {
		struct guard_case *c = &g->cases[first + i];

		zone_say(g, c, &leaving[i], served, gone, many);
		c->stays = leaving[i].stays = guards_case_blocked(g, c);
		if (c->failed)
			return err_set(
			    err, ERR_NO_MEMORY, "no memory for guards");
	}
	return 0;
}

void
guards_vanish_end(struct guards *g, uint32_t went)
{
	struct guard_state *all = NULL;
	struct err err;

	if (!went || !(all = guard_states_all(g->states)))
		return;
	guard_mark_take(all, g->rules, g->now)->most[GUARD_MARK_ALL] += went;
	all->changed = true;
	if (guard_state_save(g->states, all, &err) != 0)
		log_error("%s", err.text);
}
