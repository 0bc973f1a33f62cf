/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which verdicts keep a version from going live, the tokens that let it pass
 * all the same, and the sentence that says how to get one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/name.h"
#include "control/guard/audit.h"
#include "control/guard/guards.h"
#include "control/guard/guards_inner.h"

static uint32_t
kinds_allowed(
    const struct guards *g, struct guard_state *s, const struct digest *version)
{
	uint32_t kinds = 0;

	if (s && digest_equal(&s->passed, version))
		kinds |= s->passed_kinds;
	if (s && s->token.there && digest_equal(&s->token.version, version) &&
	    s->token.until > g->now)
		kinds |= s->token.kinds;
	return kinds;
}

/* Uses up the token; what it allows holds until another version follows the one
 * that it is for, also for a process after this one. False if that can't be
 * written down: then it does not hold. */
static bool
token_take(struct guards *g, struct guard_state *s)
{
	char name[NAME_TEXT_MAX], version[DIGEST_TEXT_MAX];
	struct guard_token t = s->token;
	struct digest passed = s->passed;
	uint32_t kinds = s->passed_kinds;
	struct err err;

	s->token = (struct guard_token){0};
	s->passed = t.version;
	s->passed_kinds =
	    (digest_equal(&passed, &t.version) ? kinds : 0) | t.kinds;
	s->changed = true;
	if (guard_state_save(g->states, s, &err) != 0 ||
	    audit_write(g->store_dir, &err, "override-used",
		"{s:s, s:s, s:s, s:s}", "zone", name_to_text(name, s->apex),
		"version", digest_to_text(version, &t.version), "reason",
		t.reason, "who", t.who) != 0) {
		log_error("an override of %s is not used: %s",
		    name_to_text(name, s->apex), err.text);
		s->token = t;
		s->passed = passed;
		s->passed_kinds = kinds;
		s->changed = true;
		if (guard_state_save(g->states, s, &err) != 0)
			log_error("%s", err.text);
		return false;
	}
	return true;
}

static bool
kinds_take(struct guards *g, struct guard_state *s,
    const struct digest *version, uint32_t kinds)
{
	if ((kinds & ~kinds_allowed(g, s, version)) != 0)
		return false;
	if (digest_equal(&s->passed, version) && !(kinds & ~s->passed_kinds))
		return true;
	return token_take(g, s);
}

bool
guard_override_take(struct guards *g, const uint8_t *apex,
    const struct digest *version, enum guard_kind kind)
{
	struct guard_state *s = guard_state_find(g->states, apex, false);

	return s && kinds_take(g, s, version, 1u << kind);
}

bool
guards_case_blocked(struct guards *g, struct guard_case *c)
{
	uint32_t needs = 0;
	bool never = false;

	for (unsigned i = 0; i < c->nverdicts; i++) {
		const struct guard_verdict *v = &c->verdicts[i];

		if (v->action == GUARD_ACK && !v->overridden)
			needs |= 1u << v->kind;
		never |= v->action == GUARD_REFUSE;
	}
	if (!needs || never)
		return never;
	if (!c->state || !kinds_take(g, c->state, &c->version, needs))
		return true;
	for (unsigned i = 0; i < c->nverdicts; i++)
		if (c->verdicts[i].action == GUARD_ACK)
			c->verdicts[i].overridden = true;
	return false;
}

static const struct guard_verdict *
blocking_find(const struct guard_case *c, unsigned *more)
{
	const struct guard_verdict *first = NULL;

	*more = 0;
	for (unsigned i = 0; i < c->nverdicts; i++) {
		const struct guard_verdict *v = &c->verdicts[i];

		if (v->action < GUARD_ACK || v->overridden)
			continue;
		*more += first != NULL;
		if (!first || v->action > first->action)
			first = v;
	}
	return first;
}

/* The reason as people get it, with what they can do. */
static void
refusal_text(struct err *out, const struct guard_case *c)
{
	char name[NAME_TEXT_MAX], version[DIGEST_TEXT_MAX], others[32] = "";
	unsigned more;
	const struct guard_verdict *v = blocking_find(c, &more);
	const char *word = guard_kind_word[v->kind];

	name_to_text(name, c->apex);
	if (more)
		snprintf(others, sizeof others, "; and %u more", more);
	if (v->action == GUARD_REFUSE)
		err_set(out, ERR_REFUSED,
		    "guard %s: %s%s; guards.actions says refuse: nothing "
		    "overrides it",
		    word, v->what, others);
	else
		err_set(out, ERR_REFUSED,
		    "guard %s: %s%s; to publish it all the same: holdfast "
		    "override %.150s --version %.*s --reason TEXT",
		    word, v->what, others, name, GUARD_VERSION_DIGITS,
		    digest_to_text(version, &c->version));
}

void
guards_case_refuse(struct guard_case *c)
{
	c->zone->status = ERR_REFUSED;
	c->zone->by_guard = true;
	if (!c->zone->why)
		c->zone->why = malloc(sizeof *c->zone->why);
	if (c->zone->why)
		refusal_text(c->zone->why, c);
}
