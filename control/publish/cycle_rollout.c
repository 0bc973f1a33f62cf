/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Canary and soak of a cycle (cycle_rollout.h).
 */
#include "control/publish/cycle_rollout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "control/guard/guards.h"
#include "control/publish/accepted_losses.h"
#include "control/publish/cycle_parts.h"
#include "control/publish/kill_point.h"
#include "control/publish/rollout_watch.h"
#include "control/publish/zone_trial.h"

static uint64_t
now_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

/* --- what waits -------------------------------------------------- */

bool
cycle_rollout_waits(struct cycle *c)
{
	return c->rollout.phase != ROLLOUT_IDLE ||
	       now_ms() < c->rollout.held_until_ms ||
	       store_is_held(c->publisher.store);
}

bool
cycle_zone_waits(struct cycle *c, const struct zone_entry *e)
{
	if (now_ms() >= e->held_until)
		return false;
	if (!c->held_until || e->held_until < c->held_until)
		c->held_until = e->held_until;
	return true;
}

void
cycle_holds_over(struct cycle *c)
{
	if (!c->held_until || now_ms() < c->held_until)
		return;
	c->held_until = 0;
	c->zones.pending = true;
}

/* --- begin and end ----------------------------------------------- */

bool
cycle_rollout_wanted(struct cycle *c)
{
	if (!c->rollout.settings.on || digest_is_zero(&c->live.generation))
		return false;
	if (c->live.dataplane) {
		c->said_alone = false;
		return true;
	}
	if (!c->said_alone)
		log_warn("there is no data plane, so there is no canary: "
			 "generations go live for all clients at once");
	c->said_alone = true;
	return false;
}

static void
loaded_free(struct cycle *c)
{
	generation_free(&c->trial_loaded);
	generation_free(&c->before);
}

/* Whatever was rolled out is not any more; what is on trial has been decided.
 */
static void
rollout_over(struct cycle *c)
{
	rollout_end(&c->rollout);
	rollout_watch_end(&c->watch);
	loaded_free(c);
	control_status_candidate(c->status, NULL);
	cycle_rollout_show(c);
}

/* After a start nothing is loaded yet; most cells are those of the candidate.
 */
static int
live_load(struct cycle *c, const struct generation *base, struct err *err)
{
	struct load_options options = {.base = base};

	return c->loaded ? 0
	                 : generation_load(&c->loaded, c->publisher.store,
			       &c->live.generation, &options, err);
}

/* Of the zones on trial whose traffic is replayed before publication. */
static bool
loss_was_judged(void *arg, const uint8_t *name)
{
	struct cycle *c = arg;
	const struct zone_entry *e = zone_trial_find(&c->zones, name);

	return e && guards_action(c->guards, e->apex, GUARD_REPLAY);
}

static void
loss_accept(void *arg, const uint8_t *name)
{
	struct cycle *c = arg;

	evidence_accept(&c->rollout.evidence, name);
}

/* What guards have judged is no evidence, whoever watches. */
static void
losses_accept(struct cycle *c)
{
	struct err err;

	guard_replay_losses(c->replay, c->loaded, c->trial_loaded,
	    clock_ms(CLOCK_BOOTTIME) / 1000, loss_was_judged, loss_accept, c);
	if (accepted_losses_write(c->publisher.store, &c->rollout.generation,
		&c->rollout.evidence, &err) != 0)
		log_warn("%s; after a restart in the soak losses that were "
			 "let pass would count",
		    err.text);
}

int
cycle_rollout_begin(struct cycle *c, struct compile_zone *zones,
    struct zone_entry *const *entries, size_t count,
    struct compile_result *made, struct cycle_result *result, struct err *err)
{
	const struct rollout_settings *s = &c->rollout.settings;
	char text[DIGEST_TEXT_MAX], why[160];
	int rc;

	c->step = (struct publisher_step){.parent = c->live.generation,
	    .generation = made->generation,
	    .permille = s->permille,
	    .deadline_ms = s->most_ms + c->publisher.deadline_ms,
	    .soak_ms = s->soak_ms,
	    .activation = c->live.activation};
	control_status_candidate(c->status, &made->generation);
	rc = live_load(c, made->loaded, err);
	cycle_step_word(c, "activating");
	if (rc == 0)
		rc = publisher_activate(&c->publisher, &c->step, err);
	if (rc == 0)
		rc = rollout_begin(&c->rollout, ROLLOUT_CANARY,
		    &made->generation, &c->live.generation, now_ms(), err);
	if (rc) {
		control_status_candidate(c->status, NULL);
		control_status_count(c->status,
		    rc == ERR_STALE ? CONTROL_STALE : CONTROL_FAILED, 1);
		return rc;
	}
	snprintf(why, sizeof why,
	    "this version is in the canary of generation %.16s, which %u of "
	    "1000 clients have",
	    digest_to_text(text, &made->generation), s->permille);
	zone_trial_begin(&c->zones, zones, entries, count, why);
	c->trial_loaded = made->loaded;
	made->loaded = NULL;
	c->trial_changed = c->zones_changed;
	c->zones_changed = c->zones.pending = false;
	losses_accept(c);
	rollout_watch_begin(&c->watch, c->loaded, c->trial_loaded);
	control_status_count(c->status, CONTROL_CANARIES, 1);
	result->candidate = true;
	result->generation = made->generation;
	result->activation = c->step.activation;
	log_info("generation %.16s is a candidate: activation %lu, %u of 1000 "
		 "clients have it; %u zones changed, %u refused",
	    text, c->step.activation, s->permille, made->zones_changed,
	    made->zones_refused);
	cycle_step_word(c, "canary");
	return 0;
}

void
cycle_trial_over(struct cycle *c)
{
	zone_trial_return(&c->zones);
	guards_tried(c->guards, false);
	c->zones_changed |= c->trial_changed;
	rollout_over(c);
}

void
cycle_rollout_stop(struct cycle *c, const char *why)
{
	struct err err;

	if (c->rollout.phase == ROLLOUT_CANARY) {
		log_info("the canary ends: %s", why);
		if (publisher_return(&c->publisher, &c->step, &err) != 0)
			log_warn("%s; its deadline takes the candidate away",
			    err.text);
		cycle_trial_over(c);
	} else if (c->rollout.phase == ROLLOUT_SOAK) {
		log_info("the soak ends: %s", why);
		zone_soak_end(&c->zones);
		rollout_over(c);
	}
}

void
cycle_rollout_forget(struct cycle *c)
{
	zone_trial_forget(&c->zones);
	guards_tried(c->guards, false);
	if (c->rollout.phase != ROLLOUT_IDLE)
		rollout_over(c);
}

void
cycle_rollout_close(struct cycle *c)
{
	struct err err;

	if (c->rollout.phase == ROLLOUT_CANARY)
		publisher_return(&c->publisher, &c->step, &err);
	rollout_watch_close(&c->watch);
	rollout_fini(&c->rollout);
	loaded_free(c);
}

/* --- forward ----------------------------------------------------- */

/* Everybody has it now; it is watched on. */
static void
soak_begin(struct cycle *c)
{
	struct err err;

	if (rollout_begin(&c->rollout, ROLLOUT_SOAK, &c->step.generation,
		&c->step.parent, now_ms(), &err) != 0) {
		log_error("%s: there is no soak", err.text);
		zone_soak_end(&c->zones);
		rollout_over(c);
		return;
	}
	rollout_watch_begin(&c->watch, c->before, c->loaded);
	cycle_step_word(c, "soak");
}

/* Returns false if it could not be committed. */
static bool
rollout_commit(struct cycle *c, const char *why)
{
	uint64_t wall = clock_ms(CLOCK_REALTIME) / 1000;
	char text[DIGEST_TEXT_MAX];
	struct err err;

	cycle_step_word(c, "committing");
	if (publisher_commit(&c->publisher, &c->step, &err) != 0) {
		control_status_count(c->status, CONTROL_FAILED, 1);
		control_status_error(c->status, err.text);
		log_error("%s", err.text);
		cycle_trial_over(c);
		return false;
	}
	zone_trial_commit(&c->zones, c->step.soak_ms > 0, wall);
	guards_tried(c->guards, true);
	c->live.generation = c->step.generation;
	c->live.activation = c->step.activation;
	generation_free(&c->before);
	c->before = c->loaded;
	c->loaded = c->trial_loaded;
	c->trial_loaded = NULL;
	control_status_live(
	    c->status, &c->live.generation, c->live.activation, wall);
	control_status_count(c->status, CONTROL_COMMITTED, 1);
	log_info("generation %.16s is live: activation %lu; its canary took "
		 "%lu ms: %s",
	    digest_to_text(text, &c->live.generation), c->live.activation,
	    now_ms() - c->rollout.since_ms, why);
	if (c->step.soak_ms)
		soak_begin(c);
	else
		rollout_over(c);
	if (cycle_condemned_follow(c, &err) != 0)
		log_error("what rollbacks left: %s", err.text);
	cycle_retain(c);
	return true;
}

static void
rollout_proven(struct cycle *c, const char *why)
{
	char text[DIGEST_TEXT_MAX];
	struct err err;

	if (publisher_proven(&c->publisher, &c->step, &err) != 0)
		log_warn("%s; the data plane's own clock ends it", err.text);
	zone_soak_end(&c->zones);
	c->rollout.returns = 0;
	control_status_count(c->status, CONTROL_PROVEN_GENERATIONS, 1);
	log_info("generation %.16s is proven: %s",
	    digest_to_text(text, &c->rollout.generation), why);
	rollout_over(c);
}

/* --- after a start ----------------------------------------------- */

/* What was let pass before it went live is no evidence now either. */
static void
losses_adopt(struct cycle *c)
{
	struct err err;
	int rc = accepted_losses_read(c->publisher.store,
	    &c->rollout.generation, &c->rollout.evidence, &err);

	if (rc && rc != ERR_NOT_FOUND)
		log_warn("%s; losses that were let pass count", err.text);
}

static int
soak_adopt(struct cycle *c, uint64_t left_ms, struct err *err)
{
	uint64_t whole = c->rollout.settings.soak_ms;
	struct load_options options = {0};
	int rc = live_load(c, NULL, err);

	c->step = (struct publisher_step){.generation = c->live.generation,
	    .soak_ms = whole,
	    .activation = c->live.activation};
	if (rc == 0)
		rc = store_parent_read(c->publisher.store, &c->live.generation,
		    &c->step.parent, err);
	if (rc == 0 && digest_is_zero(&c->step.parent))
		rc = err_set(err, ERR_NOT_FOUND, "it has no parent");
	options.base = c->loaded;
	if (rc == 0)
		rc = generation_load(&c->before, c->publisher.store,
		    &c->step.parent, &options, err);
	if (rc)
		return rc;
	zone_soak_adopt(&c->zones);
	soak_begin(c);
	if (c->rollout.phase != ROLLOUT_SOAK)
		return 0; /* it has said why */
	c->rollout.since_ms -= left_ms < whole ? whole - left_ms : 0;
	losses_adopt(c);
	log_info("the soak of a process before this one goes on");
	return 0;
}

void
cycle_rollout_adopt(struct cycle *c)
{
	struct err err;

	/* a data plane that starts later may be in a soak, too */
	if (c->adopted || !c->live.dataplane)
		return;
	c->adopted = true;
	c->step = (struct publisher_step){
	    .generation = c->live.candidate, .activation = c->live.activation};
	if (!digest_is_zero(&c->live.candidate) &&
	    publisher_return(&c->publisher, &c->step, &err) != 0)
		log_warn("%s", err.text);
	if (c->live.soak_ms && c->rollout.settings.soak_ms &&
	    soak_adopt(c, c->live.soak_ms, &err) != 0)
		log_warn("what soaks is not watched: %s", err.text);
}

void
cycle_rollout_show(struct cycle *c)
{
	const struct rollout *r = &c->rollout;
	const struct evidence *v = &r->evidence;
	uint64_t now = now_ms(), held = r->held_until_ms;
	struct control_rollout out = {.phase = rollout_phase_word[r->phase],
	    .took_ms = now - r->since_ms,
	    .left_ms = rollout_left_ms(r, now),
	    .exposure_ms = rollout_exposure_ms(r, now),
	    .questions = c->watch.compared,
	    .faults = v->total.faults + v->others.test.faults,
	    .uncounted = v->repeated + v->accepted,
	    .alarm = c->watch.mix.alarm};

	if (r->phase != ROLLOUT_IDLE) {
		out.generation = r->generation;
		out.permille =
		    r->phase == ROLLOUT_SOAK ? 1000 : c->step.permille;
	} else {
		out = (struct control_rollout){.phase = out.phase};
	}
	if (held <= now)
		held = c->held_until;
	out.held = store_is_held(c->publisher.store);
	out.hold_down_ms = held > now ? held - now : 0;
	out.pending = c->zones.pending || c->zones_changed || out.hold_down_ms;
	control_status_rollout(c->status, &out);
}

/* --- the watch --------------------------------------------------- */

bool
cycle_is_watching(const struct cycle *c)
{
	return c->rollout.phase != ROLLOUT_IDLE;
}

bool
cycle_watch(struct cycle *c)
{
	struct rollout_seen seen;
	const char *why;
	bool canary = c->rollout.phase == ROLLOUT_CANARY;

	if (!cycle_is_watching(c) || now_ms() < c->watched_ms)
		return false;
	c->watched_ms = now_ms() + CYCLE_WATCH_MS;
	if (canary && store_is_held(c->publisher.store)) {
		/* by the data plane's socket, or by hand */
		cycle_rollout_stop(c, "publication is held");
		return true;
	}
	kill_point(rollout_phase_word[c->rollout.phase]);
	rollout_watch_look(&c->watch, &seen);
	rollout_watch_pump(&c->watch, &c->rollout, &c->zones);
	cycle_rollout_show(c);
	switch (rollout_step(&c->rollout, &seen, now_ms(), &why)) {
	case ROLLOUT_WAIT:
		return false;
	case ROLLOUT_COMMIT:
		return rollout_commit(c, why);
	case ROLLOUT_PROVEN:
		rollout_proven(c, why);
		return true;
	case ROLLOUT_RETURN:
		if (cycle_overrides_take(c))
			return false;
		return canary ? cycle_canary_return(c, why)
		              : cycle_soak_return(c, why);
	case ROLLOUT_LOST:
		break;
	}
	log_warn("the %s is over: %s", canary ? "canary" : "soak", why);
	if (canary) {
		cycle_trial_over(c);
	} else {
		zone_soak_end(&c->zones);
		rollout_over(c);
	}
	return true;
}
