/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One turn of the control process (cycle.h).
 */
#include "control/publish/cycle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/name.h"
#include "control/compile/compile.h"
#include "control/parser/parser.h"
#include "control/publish/cycle_parts.h"
#include "control/publish/cycle_rollout.h"
#include "control/publish/kill_point.h"
#include "control/publish/zone_dnssec.h"
#include "control/publish/zone_trial.h"
#include "snapshot/manifest.h"

enum {
	SIGNATURES_MS = 200, /* for unchecked zones, in an idle turn */
	ALARMS_EVERY_MS = 5000,
};

/* Of a clock that is never set. */
static uint64_t
monotonic_s(void)
{
	return clock_ms(CLOCK_BOOTTIME) / 1000;
}

/* Takes the samples of what is asked, and shows what is new in the counts. */
static void
samples_follow(struct cycle *c)
{
	struct guard_replay_counts *last = &c->replayed, now;

	guard_replay_follow(c->replay, monotonic_s());
	guard_replay_counts(c->replay, &now);
	control_status_count(
	    c->status, CONTROL_SAMPLES, now.samples - last->samples);
	control_status_count(
	    c->status, CONTROL_SAMPLES_LOST, now.lost - last->lost);
	control_status_count(
	    c->status, CONTROL_SAMPLES_UNSOUND, now.unsound - last->unsound);
	control_status_count(
	    c->status, CONTROL_REPLAYED, now.asked - last->asked);
	control_status_count(
	    c->status, CONTROL_REPLAYED_WORSE, now.worse - last->worse);
	*last = now;
}

void
cycle_condemned_show(struct cycle *c, bool show)
{
	pthread_mutex_lock(&c->zones.lock);
	c->zones.condemned = show ? c->condemned.versions : NULL;
	c->zones.ncondemned = show ? c->condemned.count : 0;
	pthread_mutex_unlock(&c->zones.lock);
}

int
cycle_condemned_follow(struct cycle *c, struct err *err)
{
	int rc;

	cycle_condemned_show(c, false);
	rc = condemned_adopt(&c->condemned, c->publisher.store, &c->zones,
	    &c->live.generation, err);
	cycle_condemned_show(c, true);
	return rc;
}

int
cycle_live_look(struct cycle *c, struct err *err)
{
	struct publisher_live now;
	struct zone_records **zones = NULL;
	size_t count = 0;
	int rc = publisher_live(&c->publisher, &now, err);

	if (rc)
		return rc;
	if (c->live_known &&
	    digest_equal(&now.generation, &c->live.generation)) {
		c->live = now;
		return 0;
	}
	if (!digest_is_zero(&now.generation))
		rc = compile_read_zones(
		    c->publisher.store, &now.generation, &zones, &count, err);
	if (rc == ERR_CORRUPT)
		return err_add(err,
		    "what is live can't be read; its answers go on, but "
		    "nothing new is published before `holdfast rollback` has "
		    "gone back to a sound generation (`holdfast verify --all` "
		    "says which), or the file is restored");
	if (rc)
		return err_add(err, "reading what is live");
	cycle_rollout_forget(c);
	rc = zone_table_set_live(&c->zones, zones, count, err);
	if (rc)
		return rc;
	generation_free(&c->loaded);
	c->live = now;
	c->live_known = true;
	/* every source is compared anew with what is live now */
	zone_table_look(&c->zones, NULL);
	c->zones_changed = true;
	rc = cycle_condemned_follow(c, err);
	control_status_live(c->status, &now.generation, now.activation,
	    publisher_committed_at(&c->publisher, &now));
	return rc;
}

static void
cycle_settings(struct cycle *c, const struct config *config)
{
	rollout_settings_from(&c->rollout.settings, &config->rollout);
	c->publisher.deadline_ms = config->control.commit_deadline_ms;
	c->publisher.retain = config->control.retain;
	c->prove = config->control.prove;
	c->zones.horizon_s =
	    (uint64_t)config->control.signature_horizon_h * 3600;
	c->zones.nsec3_iterations_max = config->control.nsec3_iterations_max;
	c->zones.settle_ms = config->control.settle_ms;
}

int
cycle_open(struct cycle *c, const struct config *config,
    struct control_status *status, struct err *err)
{
	int rc;

	*c = (struct cycle){.status = status};
	zone_table_init(&c->zones);
	rollout_init(&c->rollout);
	c->memory = compile_memory_new();
	cycle_settings(c, config);
	rc = publisher_open(
	    &c->publisher, config->store_dir, config->run_dir, err);
	if (rc == 0)
		rc = rollout_watch_open(&c->watch, config, err);
	if (rc == 0)
		rc = condemned_read(&c->condemned, c->publisher.store, err);
	if (rc == 0)
		rc = guards_open(&c->guards, config->store_dir, err);
	if (rc == 0)
		rc = guards_configure(c->guards, config, err);
	if (rc == 0)
		rc = guard_replay_new(
		    &c->replay, config->run_dir, config, monotonic_s(), err);
	if (rc == 0)
		rc = zone_table_configure(&c->zones, config, err);
	if (rc == 0)
		rc = cycle_live_look(c, err);
	if (rc == 0)
		cycle_rollout_adopt(c);
	if (rc == ERR_UNAVAILABLE) {
		/* a data plane that starts or hangs; the turns go on asking */
		log_warn("%s", err->text);
		rc = 0;
	}
	if (rc)
		cycle_close(c);
	return rc;
}

void
cycle_close(struct cycle *c)
{
	cycle_rollout_close(c);
	publisher_close(&c->publisher);
	condemned_free(&c->condemned);
	guard_replay_free(&c->replay);
	guards_free(&c->guards);
	generation_free(&c->loaded);
	compile_memory_free(c->memory);
	zone_table_fini(&c->zones);
}

int
cycle_configure(struct cycle *c, const struct config *config, struct err *err)
{
	int rc = guards_configure(NULL, config, err);

	if (rc == 0)
		rc = rollout_watch_configure(&c->watch, config, err);
	if (rc)
		return rc;
	if (zone_trial_is_undone(&c->zones, config))
		cycle_rollout_stop(
		    c, "a zone that it takes out is configured again");
	rc = zone_table_configure(&c->zones, config, err);
	if (rc == 0)
		rc = guards_configure(c->guards, config, err);
	if (rc)
		return rc;
	guard_replay_configure(c->replay, config);
	cycle_settings(c, config);
	if (c->zones_changed)
		/* the configuration before this one did not get live: a zone
		 * that it dropped may be here again, and is served still */
		c->live_known = false;
	c->zones_changed = true;
	return 0;
}

void
cycle_step_word(void *arg, const char *word)
{
	struct cycle *c = arg;

	control_status_work(c->status, word);
	kill_point(word);
}

/* What the table and its parser have counted since the last time. */
static void
reading_count(struct cycle *c)
{
	struct zone_table *t = &c->zones;

	if (t->parser)
		control_status_count(c->status, CONTROL_PARSER_DEATHS,
		    parser_deaths_take(t->parser));
	control_status_count(
	    c->status, CONTROL_SIGNATURES_MADE, t->signatures_made);
	control_status_count(
	    c->status, CONTROL_SIGNATURES_KEPT, t->signatures_kept);
	control_status_count(
	    c->status, CONTROL_SIGNING_FAILED, t->signing_failed);
	t->signatures_made = t->signatures_kept = t->signing_failed = 0;
}

static int
cycle_turn(
    struct cycle *c, bool force, struct cycle_result *result, struct err *err)
{
	int rc;

	control_status_work(c->status, "reading");
	samples_follow(c);
	rc = cycle_live_look(c, err);
	if (rc)
		return rc;
	cycle_rollout_adopt(c);
	kill_point("reading");
	c->again_ms = zone_table_read(&c->zones, force);
	cycle_holds_over(c);
	reading_count(c);
	rc = cycle_publish(c, result, err);
	if (!result->candidate) {
		result->generation = c->live.generation;
		result->activation = c->live.activation;
	}
	cycle_rollout_show(c);
	return rc;
}

/* What fails again and again for one reason is logged once. */
static void
turn_say(struct cycle *c, int rc, const char *text)
{
	if (rc && strcmp(text, c->said) != 0) {
		log_error("%s", text);
		control_status_error(c->status, text);
	} else if (!rc && c->said[0]) {
		log_info("what failed before works again");
	}
	snprintf(c->said, sizeof c->said, "%s", text);
}

/* When there is nothing else to do: signatures of what is served. */
static void
signatures_look(struct cycle *c)
{
	uint64_t now = clock_ms(CLOCK_MONOTONIC);

	if (!c->worked && !c->again_ms) {
		control_status_work(c->status, "signatures");
		zone_dnssec_served(&c->zones, now + SIGNATURES_MS);
	}
	if (now - c->alarms_ms < ALARMS_EVERY_MS && !c->worked)
		return;
	c->alarms_ms = now;
	zone_dnssec_alarms(&c->zones, clock_ms(CLOCK_REALTIME) / 1000);
}

int
cycle_run(
    struct cycle *c, bool force, struct cycle_result *result, struct err *err)
{
	uint64_t start = clock_ms(CLOCK_MONOTONIC);
	int rc;

	*result = (struct cycle_result){0};
	c->worked = false;
	control_status_count(c->status, CONTROL_CYCLES, 1);
	rc = cycle_turn(c, force, result, err);
	if (rc == ERR_STALE) {
		/* somebody was faster: what is live now is looked at, once */
		log_warn("%s; trying again on what is live now", err->text);
		rc = cycle_turn(c, force, result, err);
	}
	turn_say(c, rc, rc ? err->text : "");
	if (rc == 0)
		signatures_look(c);
	pthread_mutex_lock(&c->status->lock);
	if (c->worked)
		c->status->facts.last_cycle_ms =
		    clock_ms(CLOCK_MONOTONIC) - start;
	c->status->facts.work = "idle";
	c->status->facts.failed = rc != 0;
	pthread_mutex_unlock(&c->status->lock);
	return rc;
}

/* Whether something of the zone waits that guards may have refused: its source
 * may say again what is served. */
static bool
zone_asks(struct cycle *c, const struct zone_entry *e, const uint8_t *apex)
{
	const struct zone_table *t = &c->zones;

	for (size_t i = 0; !e && i < t->nleaving; i++)
		if (name_equal(t->leaving[i].records->apex, apex))
			return t->leaving[i].kept;
	return e && e->state != ZONE_SERVED;
}

int
cycle_override(struct cycle *c, const struct guard_override *o, uint64_t for_s,
    struct err *err)
{
	struct zone_entry *e = zone_table_find(&c->zones, o->apex);
	uint64_t now = clock_ms(CLOCK_REALTIME) / 1000;
	struct guard_override timed = *o;
	size_t released;
	int rc;

	if (!zone_asks(c, e, o->apex))
		return err_set(err, ERR_NOT_FOUND,
		    e ? "its source says what is served: nothing is refused"
		      : "no such zone; \"holdfast zones\" lists them");
	timed.until = now + for_s;
	rc = guards_override(c->guards, &timed, now, err);
	if (rc)
		return rc;
	/* somebody waits for it */
	cycle_rollout_stop(c, "another version is let pass by an override");
	if (e) /* a canary has condemned it, perhaps */
		return cycle_release(c, o->apex, &released, err);
	/* it is not configured any more, and may go now */
	c->zones_changed = true;
	return 0;
}
