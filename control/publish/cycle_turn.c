/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a turn does with what was read (cycle.h): the list of all zones that are
 * to be served goes through guards and compiler, and to a canary or live.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/name.h"
#include "control/publish/cycle_parts.h"
#include "control/publish/cycle_rollout.h"
#include "control/publish/zone_dnssec.h"
#include "control/publish/zone_kept.h"

enum { GUARD_ROUNDS = 16 /* of compiling without what guards refused */ };

/* Of a clock that is never set. */
static uint64_t
monotonic_s(void)
{
	return clock_ms(CLOCK_BOOTTIME) / 1000;
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
turn_add_leaving(struct turn *t, const struct zone_leaving *l)
{
	t->zones[t->count++] = (struct compile_zone){
	    .records = l->renewed ? l->renewed : l->records,
	    .last_good = l->records,
	    .renewal = l->renewed != NULL};
}

static bool
has_zone(void *arg, const uint8_t *apex)
{
	return zone_table_find(arg, apex) != NULL;
}

/* Which of the zones that are not configured any more are served on. */
static int
turn_leaving(struct cycle *c, struct err *err)
{
	struct zone_table *z = &c->zones;
	size_t n = z->nleaving, served = n;
	struct guard_leaving *list = calloc(n + 1, sizeof *list);
	int rc;

	if (!list)
		return err_set(err, ERR_NO_MEMORY, "no memory for zones");
	for (size_t i = 0; i < n; i++)
		list[i].records = z->leaving[i].records;
	for (size_t i = 0; n && i < z->count; i++)
		served += z->zones[i].served != NULL;
	rc = guard_replay_leaving(
	    c->replay, list, n, has_zone, z, monotonic_s(), err);
	if (rc == 0)
		rc = guards_vanish(c->guards, list, n, served, err);
	pthread_mutex_lock(&z->lock);
	for (size_t i = 0; rc == 0 && i < n; i++)
		z->leaving[i].kept = list[i].stays;
	pthread_mutex_unlock(&z->lock);
	free(list);
	return rc;
}

/* Both lists are in canonical order, and so is what comes out. */
static int
turn_list(struct turn *t, struct cycle *c, struct err *err)
{
	const struct zone_table *z = &c->zones;
	bool any = false;
	size_t at = 0;
	int rc = turn_alloc(t, z, err);

	if (rc == 0)
		rc = turn_leaving(c, err);
	for (size_t i = 0; rc == 0 && i <= z->count; i++) {
		struct zone_entry *e = i < z->count ? &z->zones[i] : NULL;

		for (; at < z->nleaving &&
		       (!e || name_compare(
				  z->leaving[at].records->apex, e->apex) < 0);
		     at++)
			if (z->leaving[at].kept)
				turn_add_leaving(t, &z->leaving[at]);
		if (e)
			turn_add(t, c, e);
	}
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
	guards_end(c->guards, GUARDS_LIVE);
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
		guards_end(c->guards, GUARDS_LIVE);
		turn_took(t, c, clock_ms(CLOCK_REALTIME) / 1000);
	} else if (rc == 0 && !turn_serves(t)) {
		rc = err_set(err, ERR_REFUSED,
		    "no zone that is configured is good; what is live stays");
	} else if (rc == 0 && cycle_rollout_wanted(c)) {
		rc = cycle_rollout_begin(
		    c, t->zones, t->entries, t->count, &made, result, err);
		if (rc == 0)
			guards_end(c->guards, GUARDS_TRIED);
	} else if (rc == 0) {
		rc = turn_publish(t, c, &made, result, err);
	}
	if (rc)
		guards_end(c->guards, GUARDS_FAILED);
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

int
cycle_publish(struct cycle *c, struct cycle_result *result, struct err *err)
{
	struct turn t = {0};
	int rc = turn_go(&t, c, result, err);

	turn_end(&t);
	return rc;
}
