/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The end of a turn: what was said of each zone is logged if it is news, kept
 * in its file and, where it refused something, in the audit log; the window
 * learns what was there before. Overrides as people give them. Worker thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/name.h"
#include "control/guard/audit.h"
#include "control/guard/guards_inner.h"

static bool
verdicts_equal(const struct guard_case *c)
{
	const struct guard_state *s = c->state;

	if (!s || s->nverdicts != c->nverdicts ||
	    !digest_equal(&s->version, &c->version))
		return false;
	for (unsigned i = 0; i < c->nverdicts; i++)
		if (s->verdicts[i].kind != c->verdicts[i].kind ||
		    s->verdicts[i].action != c->verdicts[i].action ||
		    s->verdicts[i].overridden != c->verdicts[i].overridden ||
		    strcmp(s->verdicts[i].what, c->verdicts[i].what) != 0)
			return false;
	return true;
}

/* What a zone of the turn was refused for is logged with its state. */
static void
verdict_log(const struct guard_verdict *v, const char *name, bool of_turn)
{
	const char *word = guard_kind_word[v->kind];
	char version[DIGEST_TEXT_MAX];

	if (v->overridden)
		log_warn(
		    "zone %s: guard %s, overridden: %s", name, word, v->what);
	else if (v->action == GUARD_WARN)
		log_warn("zone %s: guard %s: %s", name, word, v->what);
	else if (!of_turn)
		log_error("zone %s: guard %s: %s; if it is meant: holdfast "
			  "override %.200s --version %.*s --reason TEXT",
		    name, word, v->what, name, GUARD_VERSION_DIGITS,
		    digest_to_text(version, &v->version));
}

static void
verdict_tell(struct guards *g, const struct guard_verdict *v, bool of_turn)
{
	char name[NAME_TEXT_MAX], version[DIGEST_TEXT_MAX];
	struct err err;

	name_to_text(name, v->apex);
	atomic_fetch_add_explicit(
	    &g->counts[v->kind][v->action], 1, memory_order_relaxed);
	verdict_log(v, name, of_turn);
	if (v->action < GUARD_ACK || v->overridden)
		return;
	if (audit_write(g->store_dir, &err, "refused",
		"{s:s, s:s, s:s, s:s, s:o}", "zone", name, "version",
		digest_to_text(version, &v->version), "guard",
		guard_kind_word[v->kind], "action",
		guard_action_word[v->action], "what",
		guard_text_json(v->what)) != 0)
		log_error("%s", err.text);
}

/* What is new of a zone is told and kept. */
static void
verdicts_keep(struct guards *g, struct guard_case *c)
{
	struct err err;

	if (verdicts_equal(c))
		return;
	for (unsigned i = 0; i < c->nverdicts; i++)
		verdict_tell(g, &c->verdicts[i], c->zone != NULL);
	if (!c->state)
		c->state = guard_state_find(g->states, c->apex, true);
	if (!c->state ||
	    guard_state_verdicts(c->state, c->verdicts, c->nverdicts, &err)) {
		log_error("no memory for verdicts");
		return;
	}
	c->state->version = c->version;
	c->state->at = g->now;
	c->state->changed = true;
}

static bool
has_overridden(const struct guard_case *c, enum guard_kind kind)
{
	for (unsigned i = 0; i < c->nverdicts; i++)
		if (c->verdicts[i].kind == kind && c->verdicts[i].overridden)
			return true;
	return false;
}

/* The version is live, or on trial: what was there before it is true in both
 * cases. */
static void
marks_note(struct guards *g, struct guard_case *c)
{
	if (!c->diff.removed || has_overridden(c, GUARD_SHRINK))
		return;
	if (!c->state)
		c->state = guard_state_find(g->states, c->apex, true);
	if (c->state)
		guard_marks_note(c, g->now);
}

static void
state_save(struct guards *g, struct guard_state *s)
{
	struct err err;

	if (guard_state_save(g->states, s, &err) != 0)
		log_error(
		    "%s; after a restart losses count from then", err.text);
}

/* It is live now. */
static void
promise_keep(struct guards *g, const struct guard_promise *p)
{
	struct guard_state *s = guard_state_find(g->states, p->apex, false);

	if (!s)
		return;
	/* somebody has said that losses are meant: what the zone has now is
	 * where they are counted from */
	s->nmarks = 0;
	if (p->gone) { /* nothing is left to remember of it */
		guard_state_fini(s);
		s->token.there = s->keep = s->refused = false;
		s->passed_kinds = 0;
	}
	s->changed = true;
	state_save(g, s);
}

/* What is to be remembered as soon as the turn is live. */
static void
promises_make(struct guards *g)
{
	free(g->promises);
	g->npromises = 0;
	g->promises = calloc(g->ncases + 1, sizeof *g->promises);
	if (!g->promises) {
		log_error("no memory for guards: losses count from before");
		return;
	}
	for (size_t i = 0; i < g->ncases; i++) {
		const struct guard_case *c = &g->cases[i];
		struct guard_promise *p = &g->promises[g->npromises];

		p->gone = c->leaving && !c->stays;
		if (!p->gone && !(c->zone && c->zone->status == 0 &&
				    has_overridden(c, GUARD_SHRINK)))
			continue;
		memcpy(p->apex, c->apex, sizeof p->apex);
		g->npromises++;
	}
}

void
guards_tried(struct guards *g, bool live)
{
	uint32_t went = 0;

	for (size_t i = 0; live && i < g->npromises; i++) {
		promise_keep(g, &g->promises[i]);
		went += g->promises[i].gone;
	}
	g->npromises = 0;
	guards_vanish_end(g, went);
}

static bool
case_is_refused(const struct guard_case *c)
{
	for (unsigned i = 0; i < c->nverdicts; i++)
		if (c->verdicts[i].action >= GUARD_ACK &&
		    !c->verdicts[i].overridden)
			return true;
	return false;
}

static void
case_end(struct guards *g, struct guard_case *c, bool failed)
{
	bool refused = case_is_refused(c);

	/* of what was not published for other reasons nothing is known */
	if (failed && !c->nverdicts)
		return;
	if (c->nverdicts || (c->state && c->state->nverdicts))
		verdicts_keep(g, c);
	if (c->state && c->state->refused != refused) {
		c->state->refused = refused;
		c->state->changed = true;
	}
	if (!failed && c->zone && c->zone->status == 0)
		marks_note(g, c);
	if (c->state)
		state_save(g, c->state);
}

void
guards_end(struct guards *g, enum guards_outcome outcome)
{
	for (size_t i = 0; i < g->ncases; i++)
		case_end(g, &g->cases[i], outcome == GUARDS_FAILED);
	if (outcome != GUARDS_FAILED)
		promises_make(g);
	if (outcome == GUARDS_LIVE)
		guards_tried(g, true);
	guards_begin(g, g->now);
}

/* --- overrides ------------------------------------------------------------ */

/* What a token has to allow for all that was said. A zone that may shrink may
 * do so beside others. */
static uint32_t
kinds_of(const struct guard_state *s)
{
	uint32_t kinds = 0;

	for (unsigned i = 0; i < s->nverdicts; i++)
		if (s->verdicts[i].action == GUARD_ACK)
			kinds |= 1u << s->verdicts[i].kind;
	if (kinds & 1u << GUARD_SHRINK)
		kinds |= 1u << GUARD_GENERATION;
	return kinds;
}

static int
override_check(const struct guard_state *s, const char *name,
    const char *version, struct err *err)
{
	char now[DIGEST_TEXT_MAX];
	size_t digits = strlen(version);

	if (digits && digits < GUARD_VERSION_DIGITS_LEAST)
		return err_set(err, ERR_USAGE,
		    "%s: \"%.64s\" are too few digits to mean one version: "
		    "write %d as the verdict does",
		    name, version, GUARD_VERSION_DIGITS);
	if (!s || !s->refused)
		return err_set(err, ERR_NOT_FOUND,
		    "%s: no guard refuses a version of this zone; \"holdfast "
		    "explain\" tells what was said last",
		    name);
	digest_to_text(now, &s->version);
	if (strncasecmp(now, version, digits) != 0)
		return err_set(err, ERR_STALE,
		    "%s: what is refused now is version %.*s, not %.64s; "
		    "\"holdfast explain\" tells what was said of it",
		    name, GUARD_VERSION_DIGITS, now, version);
	for (unsigned i = 0; i < s->nverdicts; i++)
		if (s->verdicts[i].action == GUARD_REFUSE)
			return err_set(err, ERR_REFUSED,
			    "%s: guard %s is configured to refuse: nothing "
			    "overrides it; change guards.actions and reload",
			    name, guard_kind_word[s->verdicts[i].kind]);
	return 0;
}

int
guards_override(struct guards *g, const struct guard_override *o, uint64_t now,
    struct err *err)
{
	struct guard_state *s = guard_state_find(g->states, o->apex, false);
	char name[NAME_TEXT_MAX], version[DIGEST_TEXT_MAX];
	int rc =
	    override_check(s, name_to_text(name, o->apex), o->version, err);

	if (rc)
		return rc;
	/* nothing is let pass that is not on record */
	rc = audit_write(g->store_dir, err, "override-given",
	    "{s:s, s:s, s:I, s:s, s:s}", "zone", name, "version",
	    digest_to_text(version, &s->version), "until", (json_int_t)o->until,
	    "reason", o->reason, "who", o->who);
	if (rc)
		return rc;
	s->token = (struct guard_token){.there = true,
	    .version = s->version,
	    .kinds = kinds_of(s),
	    .until = o->until};
	snprintf(s->token.reason, sizeof s->token.reason, "%s", o->reason);
	snprintf(s->token.who, sizeof s->token.who, "%s", o->who);
	s->changed = true;
	rc = guard_state_save(g->states, s, err);
	if (rc)
		s->token = (struct guard_token){0};
	else
		log_warn("zone %s: %s lets version %.*s pass the guards once, "
			 "for %lu s: %s",
		    name, o->who, GUARD_VERSION_DIGITS, version, o->until - now,
		    o->reason);
	return rc;
}
