/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a canary or a soak found bad is taken back: which zones are at fault,
 * their verdicts and overrides, how long their next versions wait (rollout.h
 * decides when). Worker thread only.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "control/publish/cycle_parts.h"
#include "control/publish/cycle_rollout.h"
#include "control/publish/zone_trial.h"
#include "control/sign/sign_source.h"

enum { BACK_AGAIN_MS = 1000 }; /* a rollback that failed is tried again */

static uint64_t
now_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

static bool
zone_at_fault(const struct cycle *c, const struct zone_entry *e)
{
	return (e->trial || e->soaking) &&
	       (c->condemn_all || rollout_has_killed(&c->rollout) ||
		   evidence_zone_is_bad(&c->rollout.evidence, e->apex));
}

/* What verdicts and their overrides are bound to: of a zone that is signed here
 * what it was signed from. */
static struct digest
zone_version(const struct zone_entry *e, const struct zone_records *z)
{
	struct digest source;

	return e->signing.on && sign_source_digest(z, &source, NULL) == 0
	           ? source
	           : z->version;
}

/* `holdfast explain` and the audit log have it; an override lets it pass. */
static void
verdict_add(struct cycle *c, const struct zone_entry *e,
    const struct zone_records *left, const char *text)
{
	struct guard_verdict v = {.kind = GUARD_CANARY,
	    .action = GUARD_ACK,
	    .version = zone_version(e, left)};

	memcpy(v.apex, e->apex, sizeof v.apex);
	snprintf(v.what, sizeof v.what, "%.*s", GUARD_WHAT_MAX - 1, text);
	guards_begin(c->guards, clock_ms(CLOCK_REALTIME) / 1000);
	if (guards_verdict_add(c->guards, &v) != 0)
		log_error("zone %s: no memory for a verdict", e->name);
	guards_end(c->guards, GUARDS_FAILED);
}

/* The zone's version is condemned, and its next one waits for a while. */
static int
zone_condemn(
    struct cycle *c, struct zone_entry *e, const char *why, struct err *err)
{
	const struct evidence *v = &c->rollout.evidence;
	const struct evidence_zone *z = evidence_zone_find(v, e->apex);
	const struct zone_records *left = e->trial ? e->trial : e->served;
	char text[ERR_TEXT_MAX], what[ERR_TEXT_MAX / 2];
	uint64_t hold;
	int rc;

	if (zone_table_is_condemned(&c->zones, e->apex, &left->version))
		return 0; /* a rollback failed, and is tried again */
	cycle_condemned_show(c, false);
	rc = condemned_version_add(&c->condemned, c->publisher.store, left,
	    e->trial ? e->served : NULL, err);
	cycle_condemned_show(c, true);
	if (rc)
		return rc;
	e->returns += !c->condemn_all; /* not a machine's verdict */
	hold = c->condemn_all
	           ? 0
	           : rollout_hold_down_ms(&c->rollout.settings, e->returns);
	e->held_until = now_ms() + hold;
	if (!z || !z->names)
		z = v->others.names ? &v->others : NULL;
	snprintf(text, sizeof text,
	    "the %s took this version (serial %u) back: %s%s%s; change the "
	    "source, or run \"holdfast release %s\"; the next version is "
	    "tried in %lu s",
	    rollout_phase_word[c->rollout.phase], left->serial, why,
	    z ? ": " : "", z ? evidence_text(z, what, sizeof what) : "",
	    e->name, hold / 1000);
	log_error("zone %s: %s", e->name, text);
	if (!c->condemn_all)
		verdict_add(c, e, left, text);
	zone_trial_condemn(&c->zones, e, text);
	return 0;
}

/* All zones at fault; how many. */
static size_t
zones_condemn(struct cycle *c, const char *why)
{
	size_t n = 0;

	for (size_t i = 0; i < c->zones.count; i++) {
		struct zone_entry *e = &c->zones.zones[i];
		struct err err;

		if (!zone_at_fault(c, e))
			continue;
		if (zone_condemn(c, e, why, &err) != 0)
			log_error("zone %s: %s", e->name, err.text);
		n++;
	}
	return n;
}

/* Nothing could be named: what has just failed is not tried at once again. */
static void
hold_all(struct cycle *c, size_t condemned)
{
	if (condemned)
		return;
	c->rollout.returns++;
	c->rollout.held_until_ms =
	    now_ms() +
	    rollout_hold_down_ms(&c->rollout.settings, c->rollout.returns);
}

bool
cycle_overrides_take(struct cycle *c)
{
	bool any = false;

	if (rollout_has_killed(&c->rollout) ||
	    evidence_is_bad_elsewhere(&c->rollout.evidence))
		return false;
	for (size_t i = 0; i < c->zones.count; i++) {
		struct zone_entry *e = &c->zones.zones[i];
		struct digest version;

		if (!zone_at_fault(c, e))
			continue;
		version = zone_version(e, e->trial ? e->trial : e->served);
		if (!guard_override_take(
			c->guards, e->apex, &version, GUARD_CANARY))
			continue;
		log_warn("zone %s: clients are answered worse than before; an "
			 "override lets it pass",
		    e->name);
		evidence_forgive(&c->rollout.evidence, e->apex);
		any = true;
	}
	return any;
}

static void
return_say(struct cycle *c, const char *why, size_t condemned)
{
	char text[DIGEST_TEXT_MAX], line[ERR_TEXT_MAX];

	snprintf(line, sizeof line,
	    "the %s of generation %.16s ended with a return: %s; %zu versions "
	    "of zones are condemned",
	    rollout_phase_word[c->rollout.phase],
	    digest_to_text(text, &c->rollout.generation), why, condemned);
	log_error("%s", line);
	control_status_error(c->status, line);
	control_status_count(c->status, CONTROL_RETURNS, 1);
	cycle_audit(c, "returned", &c->rollout.generation, why);
}

bool
cycle_canary_return(struct cycle *c, const char *why)
{
	size_t condemned;
	struct err err;

	cycle_step_word(c, "returning");
	/* first of all: each moment is an answer */
	if (publisher_return(&c->publisher, &c->step, &err) != 0)
		log_warn("%s; its deadline takes the candidate away", err.text);
	condemned = zones_condemn(c, why);
	return_say(c, why, condemned);
	hold_all(c, condemned);
	cycle_trial_over(c);
	return true;
}

void
cycle_rollout_condemn(struct cycle *c, const char *why)
{
	c->condemn_all = true;
	cycle_canary_return(c, why);
	c->condemn_all = false;
}

/* Versions are condemned before the data plane goes back, so that a death
 * between the two leaves nothing that would be published again. */
bool
cycle_soak_return(struct cycle *c, const char *why)
{
	struct publisher_live from = c->live;
	struct digest to = c->rollout.parent;
	uint64_t activation;
	size_t condemned;
	struct err err;
	int rc;

	cycle_step_word(c, "returning");
	condemned = zones_condemn(c, why);
	return_say(c, why, condemned);
	cycle_condemned_show(c, false);
	rc = condemned_expect(
	    &c->condemned, c->publisher.store, &from.generation, &err);
	cycle_condemned_show(c, true);
	if (rc == 0)
		rc = publisher_rollback(
		    &c->publisher, &from, &to, &activation, &err);
	if (rc) {
		log_error("%s; what soaks can't be taken back", err.text);
		control_status_error(c->status, err.text);
		c->watched_ms = now_ms() + BACK_AGAIN_MS;
		return false;
	}
	hold_all(c, condemned);
	control_status_count(c->status, CONTROL_ROLLBACKS, 1);
	rc = cycle_live_look(c, &err); /* ends the rollout */
	if (rc)
		log_error("%s", err.text);
	return true;
}
