/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Budgets of a zone: how much may be lost within the window, in all and of a
 * type, and how much may be replaced at once. Many small cuts add up, since
 * what counts as before is the most that the zone had in each 24th of the
 * window, kept across restarts. Small zones change by whole numbers, so that
 * each percentage has a number of records that are always allowed.
 */
#include "control/guard/guard_case.h"

#include "base/name.h"

/* Of the parts that the window is made of. */
static uint64_t
part_s(const struct guard_rules *r)
{
	return (uint64_t)r->window_h * 3600 / GUARD_MARKS;
}

static uint64_t
part_begin(const struct guard_rules *r, uint64_t now)
{
	return now - now % part_s(r);
}

uint32_t
guard_budget(uint64_t whole, unsigned percent, unsigned least)
{
	uint64_t part = whole * percent / 100;

	return part > least ? (uint32_t)part : least;
}

static void
groups_most(uint32_t out[GROUP_COUNT + 1], const uint32_t groups[GROUP_COUNT])
{
	uint32_t all = guard_groups_sum(groups);

	for (unsigned g = 0; g < GROUP_COUNT; g++)
		if (groups[g] > out[g])
			out[g] = groups[g];
	if (all > out[GUARD_MARK_ALL])
		out[GUARD_MARK_ALL] = all;
}

/* A clock that went back leaves marks of the future: they count as well. */
bool
guard_mark_is_old(
    const struct guard_mark *m, const struct guard_rules *r, uint64_t now)
{
	uint64_t begin = part_begin(r, now);

	return m->at < begin && begin - m->at >= part_s(r) * GUARD_MARKS;
}

void
guard_marks_most(
    uint32_t out[GROUP_COUNT + 1], const struct guard_case *c, uint64_t now)
{
	for (unsigned g = 0; g <= GROUP_COUNT; g++)
		out[g] = 0;
	groups_most(out, c->diff.before);
	for (unsigned i = 0; c->state && i < c->state->nmarks; i++) {
		const struct guard_mark *m = &c->state->marks[i];

		if (guard_mark_is_old(m, c->rules, now))
			continue;
		for (unsigned g = 0; g <= GROUP_COUNT; g++)
			if (m->most[g] > out[g])
				out[g] = m->most[g];
	}
}

struct guard_mark *
guard_mark_take(
    struct guard_state *s, const struct guard_rules *r, uint64_t now)
{
	uint64_t begin = part_begin(r, now);
	unsigned kept = 0, at = 0;

	for (unsigned i = 0; i < s->nmarks; i++) {
		if (guard_mark_is_old(&s->marks[i], r, now))
			continue;
		s->marks[kept] = s->marks[i];
		if (s->marks[kept].at > begin)
			/* the clock went back: it grows old from now on */
			s->marks[kept].at = begin;
		kept++;
	}
	s->nmarks = kept;
	for (unsigned i = 0; i < kept; i++)
		if (s->marks[i].at == begin)
			return &s->marks[i];
	if (kept < GUARD_MARKS) {
		at = s->nmarks++;
	} else { /* only of a window that had other parts */
		for (unsigned i = 1; i < kept; i++)
			if (s->marks[i].at < s->marks[at].at)
				at = i;
	}
	s->marks[at] = (struct guard_mark){.at = begin};
	return &s->marks[at];
}

void
guard_marks_note(struct guard_case *c, uint64_t now)
{
	struct guard_mark *m = guard_mark_take(c->state, c->rules, now);

	groups_most(m->most, c->diff.before);
	c->state->changed = true;
}

static void
shrink_look(struct guard_case *c, uint64_t now)
{
	const struct config_budgets *b = &c->zone_rules->budgets;
	uint32_t most[GROUP_COUNT + 1], after = guard_groups_sum(c->diff.after);
	uint32_t allowed;

	guard_marks_most(most, c, now);
	allowed = guard_budget(
	    most[GUARD_MARK_ALL], b->shrink_percent, b->shrink_records);
	if (most[GUARD_MARK_ALL] > after + (uint64_t)allowed)
		guard_case_say(c, GUARD_SHRINK, GUARD_REFUSE,
		    "the zone has %u records, within %u h it had %u: %u are "
		    "lost; limit: %u (shrink_percent %u, shrink_records %u)",
		    after, c->rules->window_h, most[GUARD_MARK_ALL],
		    most[GUARD_MARK_ALL] - after, allowed, b->shrink_percent,
		    b->shrink_records);
	for (unsigned g = 0; g < GROUP_COUNT; g++) {
		uint32_t left = c->diff.after[g];

		allowed =
		    guard_budget(most[g], b->type_percent, b->shrink_records);
		if (most[g] > left + (uint64_t)allowed)
			guard_case_say(c, GUARD_SHRINK, GUARD_REFUSE,
			    "the zone has %u records of type %s, within %u h "
			    "it had %u: %u are lost; limit: %u (type_percent "
			    "%u, shrink_records %u)",
			    left, guard_group_word[g], c->rules->window_h,
			    most[g], most[g] - left, allowed, b->type_percent,
			    b->shrink_records);
	}
}

static void
churn_look(struct guard_case *c)
{
	const struct config_budgets *b = &c->zone_rules->budgets;
	uint32_t before = guard_groups_sum(c->diff.before);
	uint32_t allowed =
	    guard_budget(before, b->churn_percent, b->churn_records);

	if (c->diff.removed > allowed)
		guard_case_say(c, GUARD_CHURN, GUARD_REFUSE,
		    "%u of %u records are removed or replaced, %u are new; "
		    "limit: %u at once (churn_percent %u, churn_records %u)",
		    c->diff.removed, before, c->diff.added, allowed,
		    b->churn_percent, b->churn_records);
}

void
guard_check_budgets(struct guard_case *c, uint64_t now)
{
	/* who takes nothing away is not told of what others took */
	if (c->diff.removed)
		shrink_look(c, now);
	churn_look(c);
}
