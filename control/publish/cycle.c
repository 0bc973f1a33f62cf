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
#include "snapshot/manifest.h"

enum {
	GUARD_ROUNDS = 4,    /* of compiling without what guards refused */
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
	if (rc == 0)
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

/* What goes to the compiler: for each zone its new version, or the live one. */
struct turn {
	struct compile_zone *zones;
	struct zone_entry **entries;
	size_t count;
};

static int
turn_alloc(struct turn *t, const struct zone_table *z, struct err *err)
{
	size_t most = z->count + z->nleaving + 1;

	*t = (struct turn){.zones = calloc(most, sizeof *t->zones),
	    .entries = calloc(most, sizeof *t->entries)};
	return t->zones && t->entries
	           ? 0
	           : err_set(err, ERR_NO_MEMORY, "no memory for zones");
}

static void
turn_add(struct turn *t, struct cycle *c, struct zone_entry *e)
{
	bool take = e->wanted &&
	            (e->state != ZONE_CONDEMNED || e->signing.renewal) &&
	            !cycle_zone_waits(c, e);

	if (!take && !e->served)
		return;
	t->zones[t->count] = (struct compile_zone){
	    .records = take ? e->wanted : e->served, .last_good = e->served};
	t->entries[t->count++] = e;
}

static void
turn_add_leaving(struct turn *t, const struct zone_records *z)
{
	t->zones[t->count++] =
	    (struct compile_zone){.records = z, .last_good = z};
}

/* Which of the zones that are not configured any more are served on. */
static int
turn_leaving(struct cycle *c, bool **stays, struct err *err)
{
	const struct zone_table *z = &c->zones;
	size_t n = z->nleaving, served = n;
	const struct zone_records **list = calloc(n + 1, sizeof *list);
	int rc = ERR_NO_MEMORY;

	*stays = calloc(n + 1, sizeof **stays);
	for (size_t i = 0; list && i < n; i++)
		list[i] = z->leaving[i].records;
	for (size_t i = 0; n && i < z->count; i++)
		served += z->zones[i].served != NULL;
	if (list && *stays)
		rc = guards_vanish(c->guards, list, n, served, *stays, err);
	else
		err_set(err, rc, "no memory for zones");
	free(list);
	return rc;
}

/* Both lists are in canonical order, and so is what comes out. */
static int
turn_list(struct turn *t, struct cycle *c, struct err *err)
{
	const struct zone_table *z = &c->zones;
	bool *stays = NULL, any = false;
	size_t at = 0;
	int rc = turn_alloc(t, z, err);

	if (rc == 0)
		rc = turn_leaving(c, &stays, err);
	for (size_t i = 0; rc == 0 && i <= z->count; i++) {
		struct zone_entry *e = i < z->count ? &z->zones[i] : NULL;

		for (; at < z->nleaving &&
		       (!e || name_compare(
				  z->leaving[at].records->apex, e->apex) < 0);
		     at++)
			if (stays[at])
				turn_add_leaving(t, z->leaving[at].records);
		if (e)
			turn_add(t, c, e);
	}
	free(stays);
	for (size_t i = 0; i < t->count; i++)
		any |= t->entries[i] != NULL;
	if (rc == 0 && !any && !digest_is_zero(&c->live.generation))
		return err_set(err, ERR_REFUSED,
		    "the configuration leaves no zone to serve; what is live "
		    "stays. To stop serving, stop the data plane");
	return rc;
}

static void
turn_end(struct turn *t)
{
	if (t->zones)
		compile_zones_fini(t->zones, t->count);
	free(t->zones);
	free(t->entries);
}

void
cycle_step_word(void *arg, const char *word)
{
	struct cycle *c = arg;

	control_status_work(c->status, word);
	kill_point(word);
}

static void
compile_step(void *arg, enum compile_step step, uint64_t done, uint64_t total)
{
	static const char *const words[COMPILE_STEP_COUNT] = {
	    "compiling", "cells", "loading", "proving", "records", "manifest"};

	(void)done;
	(void)total;
	cycle_step_word(arg, words[step]);
}

static int
turn_compile(struct turn *t, struct cycle *c, struct compile_result *made,
    struct err *err)
{
	struct compile_options options = {.prove = c->prove,
	    .progress = compile_step,
	    .arg = c,
	    .base = c->loaded,
	    .memory = c->memory,
	    .shared_slot_bits = ~0u};
	struct bytes parent = {0};
	bool first = digest_is_zero(&c->live.generation);
	int rc = first ? 0
	               : store_get(c->publisher.store, STORE_GENERATION,
			     &c->live.generation, &parent, err);

	if (rc == 0)
		rc = compile_generation(c->publisher.store,
		    first ? NULL : parent.data, parent.len, t->zones, t->count,
		    &options, made, err);
	bytes_fini(&parent);
	if (rc)
		return rc;
	control_status_count(c->status, CONTROL_CELLS_BUILT, made->cells_built);
	control_status_count(c->status, CONTROL_CELLS_KEPT, made->cells_kept);
	control_status_count(c->status, CONTROL_PROVEN, made->answers_proven);
	return 0;
}

/* What is live, for guards that compare, and for the compiler to share cells
 * with: after a start it is not loaded yet. Without it both do without. */
static void
turn_load_live(struct cycle *c)
{
	const struct load_options options = {0};
	struct err err;

	if (c->loaded || digest_is_zero(&c->live.generation))
		return;
	cycle_step_word(c, "loading");
	if (generation_load(&c->loaded, c->publisher.store, &c->live.generation,
		&options, &err) != 0) {
		log_warn("what is live can't be loaded to compare with: %s",
		    err.text);
		c->loaded = NULL;
	} else if (generation_check_whole(c->loaded, NULL, &err) != 0) {
		log_warn("what is live is not whole: %s", err.text);
		generation_free(&c->loaded);
	}
}

/* What guards say of the candidate; `refused`: how many zones they refuse. */
static int
turn_guard(struct turn *t, struct cycle *c, struct compile_result *made,
    unsigned *refused, struct err *err)
{
	const struct guard_candidate candidate = {.active = c->loaded,
	    .candidate = made->loaded,
	    .zones = t->zones,
	    .n = t->count};
	int rc;

	cycle_step_word(c, "guarding");
	rc = guard_replay_check(
	    c->replay, c->guards, &candidate, monotonic_s(), err);
	return rc ? rc : guards_after(c->guards, &candidate, refused, err);
}

/* Compiles until the guards let all of it pass that is left. */
static int
turn_compile_guarded(struct turn *t, struct cycle *c,
    struct compile_result *made, struct err *err)
{
	unsigned refused = 1;
	int rc = 0;

	for (unsigned i = 0; i < GUARD_ROUNDS && refused && rc == 0; i++) {
		generation_free(&made->loaded);
		rc = turn_compile(t, c, made, err);
		refused = 0;
		if (rc || made->unchanged || !made->loaded)
			continue;
		rc = turn_guard(t, c, made, &refused, err);
	}
	control_status_count(c->status, CONTROL_REFUSALS, made->zones_refused);
	if (rc == 0 && refused)
		rc = err_set(err, ERR_REFUSED,
		    "guards refused zones in each of %d rounds; nothing is "
		    "published. Correct the zones that are named",
		    GUARD_ROUNDS);
	return rc;
}

/* Whether any zone would be served. */
static bool
turn_serves(const struct turn *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->zones[i].status == 0 || t->zones[i].last_good)
			return true;
	return false;
}

void
cycle_retain(struct cycle *c)
{
	struct store_condemned *list = NULL;
	struct digest *keep;
	size_t count = 0, kept = 0;
	struct err err;

	if (store_condemned_read(c->publisher.store, &list, &count, &err) != 0)
		count = 0;
	keep = calloc(c->publisher.retain + 1, sizeof *keep);
	for (size_t i = count; keep && i-- > 0 && kept < c->publisher.retain;)
		if (!kept ||
		    !digest_equal(&keep[kept - 1], &list[i].generation))
			keep[kept++] = list[i].generation;
	if (keep &&
	    publisher_retain(&c->publisher, &c->live, keep, kept, &err) != 0)
		log_warn("old generations stay: %s", err.text);
	free(keep);
	free(list);
}

static void
turn_took(struct turn *t, struct cycle *c, uint64_t now)
{
	zone_table_went_live(&c->zones, t->zones, t->entries, t->count, now);
	c->zones_changed = c->zones.pending = false;
}

static int
turn_publish(struct turn *t, struct cycle *c, struct compile_result *made,
    struct cycle_result *result, struct err *err)
{
	uint64_t now = clock_ms(CLOCK_REALTIME) / 1000;
	struct err left;
	int rc;

	control_status_candidate(c->status, &made->generation);
	rc = publisher_publish(&c->publisher, &c->live, &made->generation,
	    cycle_step_word, c, &result->activation, err);
	if (rc) {
		control_status_candidate(c->status, NULL);
		control_status_count(c->status,
		    rc == ERR_STALE ? CONTROL_STALE : CONTROL_FAILED, 1);
		return rc;
	}
	guards_end(c->guards, true);
	turn_took(t, c, now);
	c->live.generation = made->generation;
	c->live.activation = result->activation;
	result->changed = true;
	control_status_live(
	    c->status, &made->generation, result->activation, now);
	control_status_count(c->status, CONTROL_COMMITTED, 1);
	if (cycle_condemned_follow(c, &left) != 0)
		log_error("what rollbacks left: %s", left.text);
	cycle_retain(c);
	return 0;
}

static int
turn_go(struct turn *t, struct cycle *c, struct cycle_result *result,
    struct err *err)
{
	struct compile_result made = {0};
	char text[DIGEST_TEXT_MAX];
	int rc;

	/* the usual turn: nothing happened */
	if (!c->zones.pending && !c->zones_changed)
		return 0;
	if (cycle_rollout_waits(c)) {
		result->waits = true;
		return 0;
	}
	rc = c->zones.pending ? zone_dnssec_links(&c->zones, err) : 0;
	guards_begin(c->guards, clock_ms(CLOCK_REALTIME) / 1000);
	if (rc == 0)
		rc = turn_list(t, c, err);
	if (rc || t->count == 0)
		return rc;
	c->worked = true;
	rc = guard_replay_learn(
	    c->replay, c->guards, t->zones, t->count, monotonic_s(), err);
	if (rc == 0)
		rc = guards_before(c->guards, t->zones, t->count, err);
	turn_load_live(c);
	if (rc == 0)
		rc = turn_compile_guarded(t, c, &made, err);
	if (rc == 0 &&
	    (made.unchanged ||
		(digest_is_zero(&c->live.generation) && !turn_serves(t)))) {
		/* what is live is all that is good */
		guards_end(c->guards, true);
		turn_took(t, c, clock_ms(CLOCK_REALTIME) / 1000);
	} else if (rc == 0 && !turn_serves(t)) {
		rc = err_set(err, ERR_REFUSED,
		    "no zone that is configured is good; what is live stays");
	} else if (rc == 0 && cycle_rollout_wanted(c)) {
		rc = cycle_rollout_begin(
		    c, t->zones, t->entries, t->count, &made, result, err);
		if (rc == 0)
			guards_end(c->guards, true);
	} else if (rc == 0) {
		rc = turn_publish(t, c, &made, result, err);
	}
	if (rc)
		guards_end(c->guards, false);
	if (rc == 0 && result->changed) {
		generation_free(&c->loaded);
		c->loaded = made.loaded;
		made.loaded = NULL;
	}
	generation_free(&made.loaded);
	if (rc == 0 && result->changed)
		log_info("generation %.16s is live: activation %lu, %u zones "
			 "changed, %u refused, %u cells built, %u kept, %lu "
			 "answers proven",
		    digest_to_text(text, &c->live.generation),
		    result->activation, made.zones_changed, made.zones_refused,
		    made.cells_built, made.cells_kept, made.answers_proven);
	return rc;
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
	struct turn t = {0};
	int rc;

	control_status_work(c->status, "reading");
	samples_follow(c);
	rc = cycle_live_look(c, err);
	if (rc)
		return rc;
	kill_point("reading");
	c->again_ms = zone_table_read(&c->zones, force);
	cycle_holds_over(c);
	reading_count(c);
	rc = turn_go(&t, c, result, err);
	turn_end(&t);
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

int
cycle_override(struct cycle *c, const struct guard_override *o, uint64_t for_s,
    struct err *err)
{
	struct zone_entry *e = zone_table_find(&c->zones, o->apex);
	uint64_t now = clock_ms(CLOCK_REALTIME) / 1000;
	struct guard_override timed = *o;
	size_t released;
	int rc;

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
