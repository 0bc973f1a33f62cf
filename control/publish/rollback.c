/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What an operator asks for beside the turns (cycle.h): back to an older
 * generation, versions released. Worker thread only.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/name.h"
#include "control/guard/audit.h"
#include "control/publish/cycle_parts.h"
#include "control/publish/cycle_rollout.h"
#include "control/publish/rollback_check.h"
#include "snapshot/manifest.h"

void
cycle_audit(struct cycle *c, const char *event, const struct digest *generation,
    const char *why)
{
	char text[DIGEST_TEXT_MAX];
	struct err err;

	if (audit_write(store_dir(c->publisher.store), &err, event,
		"{s:s*, s:s*, s:s*}", "generation",
		generation ? digest_to_text(text, generation) : NULL, "why",
		why, "who", c->who) != 0)
		log_error("%s", err.text);
}

/* The generation `steps` parents before the live one. */
static int
ancestor(struct cycle *c, unsigned steps, struct digest *out, struct err *err)
{
	*out = c->live.generation;
	while (steps--) {
		struct bytes manifest = {0};
		int rc = store_get(
		    c->publisher.store, STORE_GENERATION, out, &manifest, err);

		if (rc == 0)
			memcpy(out->b, manifest_header(manifest.data)->parent,
			    DIGEST_BYTES);
		bytes_fini(&manifest);
		if (rc == 0 && digest_is_zero(out))
			rc = err_set(err, ERR_NOT_FOUND,
			    "there is no older generation to go back to");
		if (rc)
			return rc;
	}
	return 0;
}

/* The generation that is meant, which the store has and which is not live. */
static int
rollback_target(struct cycle *c, const struct rollback_wish *wish,
    struct digest *to, struct err *err)
{
	int rc = 0;

	if (wish->generation)
		*to = *wish->generation;
	else
		rc = ancestor(c, wish->steps, to, err);
	if (rc)
		return rc;
	if (digest_equal(to, &c->live.generation))
		return err_set(err, ERR_EXISTS, "this generation is live");
	if (!store_has(c->publisher.store, STORE_GENERATION, to))
		return err_set(err, ERR_NOT_FOUND,
		    "the store does not have this generation any more; "
		    "\"holdfast history\" lists those that it has");
	return 0;
}

static int
rollback_go(struct cycle *c, const struct rollback_wish *wish,
    struct cycle_result *result, struct err *err)
{
	struct rollback_report report;
	struct digest to;
	int rc = rollback_target(c, wish, &to, err);

	if (rc == 0 && !wish->force)
		rc = rollback_check(c->publisher.store, &c->live.generation,
		    &to, clock_ms(CLOCK_REALTIME) / 1000, &report, err);
	if (rc)
		return rc;
	if (!wish->force && report.backwards) {
		log_warn("%s", report.warning);
		snprintf(result->warning, sizeof result->warning, "%s",
		    report.warning);
	}
	cycle_rollout_stop(c, "an operator's rollback");
	rc = publisher_rollback(
	    &c->publisher, &c->live, &to, &result->activation, err);
	if (rc == 0)
		rc = cycle_live_look(c, err);
	if (rc == 0)
		control_status_count(c->status, CONTROL_ROLLBACKS, 1);
	return rc;
}

/* What some clients have is the newest: a step back takes that away. */
int
cycle_rollback(struct cycle *c, const struct rollback_wish *wish,
    struct cycle_result *result, struct digest *left, struct err *err)
{
	struct rollback_wish rest = *wish;
	int rc = cycle_live_look(c, err);

	*result = (struct cycle_result){0};
	if (rc)
		return rc;
	*left = c->live.generation;
	if (digest_is_zero(left))
		return err_set(err, ERR_NOT_FOUND, "nothing is live yet");
	if (c->rollout.phase == ROLLOUT_CANARY) {
		*left = c->rollout.generation;
		cycle_rollout_condemn(c, "an operator's rollback");
		rc = cycle_live_look(c, err); /* with a new number */
		rest.steps -= rest.steps > 0;
		if (rc == 0 && (rest.steps || wish->generation) &&
		    !(wish->generation &&
			digest_equal(wish->generation, &c->live.generation)))
			rc = rollback_go(c, &rest, result, err);
	} else {
		rc = rollback_go(c, &rest, result, err);
	}
	if (rc)
		return rc;
	cycle_audit(c, wish->force ? "rollback-forced" : "rollback",
	    &c->live.generation, result->warning[0] ? result->warning : NULL);
	result->changed = true;
	result->generation = c->live.generation;
	result->activation = c->live.activation;
	return 0;
}

static void
release_audit(struct cycle *c, const uint8_t *apex)
{
	char name[NAME_TEXT_MAX];
	struct err err;

	if (audit_write(store_dir(c->publisher.store), &err, "released",
		"{s:s, s:s*}", "zone", name_to_text(name, apex), "who",
		c->who) != 0)
		log_error("%s", err.text);
}

int
cycle_release(
    struct cycle *c, const uint8_t *apex, size_t *released, struct err *err)
{
	struct zone_entry *e = zone_table_find(&c->zones, apex);
	int rc;

	*released = 0;
	cycle_condemned_show(c, false);
	rc = condemned_release(
	    &c->condemned, c->publisher.store, apex, released, err);
	cycle_condemned_show(c, true);
	if (rc == 0 && *released)
		release_audit(c, apex);
	if (rc == 0 && e) {
		if (e->held_until > clock_ms(CLOCK_MONOTONIC))
			++*released;
		e->held_until = 0;
		e->returns = 0;
		c->held_until = 1; /* look at those that wait */
		zone_table_look(&c->zones, e);
	}
	return rc;
}

int
cycle_pin(struct cycle *c, const struct digest *generation, bool pinned,
    struct err *err)
{
	int rc;

	if (pinned &&
	    !store_has(c->publisher.store, STORE_GENERATION, generation))
		return err_set(err, ERR_NOT_FOUND,
		    "the store does not have this generation; \"holdfast "
		    "history\" lists those that it has");
	rc = publisher_pin(&c->publisher, &c->live, generation, pinned, err);
	if (rc == 0)
		cycle_audit(
		    c, pinned ? "pinned" : "unpinned", generation, NULL);
	return rc;
}

int
cycle_hold(struct cycle *c, bool held, const char *reason, struct err *err)
{
	int rc;

	if (!held && !store_is_held(c->publisher.store))
		return err_set(err, ERR_NOT_FOUND,
		    "publication is not held; to release a zone's versions "
		    "name the zone");
	rc = publisher_hold(&c->publisher, &c->live, held, err);
	if (rc == 0 && held)
		cycle_rollout_stop(c, "publication is held");
	if (rc == 0)
		cycle_audit(c, held ? "held" : "hold-released", NULL,
		    reason[0] ? reason : NULL);
	if (rc == 0)
		log_warn(held ? "publication is held until `holdfast release`"
			      : "publication is not held any more");
	cycle_rollout_show(c);
	return rc;
}
