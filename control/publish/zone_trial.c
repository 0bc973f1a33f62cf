/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Zones on trial (zone_trial.h).
 */
#include "control/publish/zone_trial.h"

#include <stdlib.h>

#include "base/name.h"
#include "control/compile/compile.h"
#include "control/publish/zone_signing.h"

void
zone_trial_begin(struct zone_table *t, struct compile_zone *compiled,
    struct zone_entry *const *entries, size_t count, const char *why)
{
	pthread_mutex_lock(&t->lock);
	zone_table_refused_locked(t, compiled, entries, count);
	zone_table_leaving_mark_locked(t, compiled, entries, count);
	for (size_t i = 0; i < count; i++) {
		struct zone_entry *e = entries[i];

		if (!e || compiled[i].status != 0 || !e->wanted ||
		    compiled[i].records != e->wanted)
			continue;
		e->trial = e->wanted;
		e->wanted = NULL;
		e->trial_dnssec = e->wanted_dnssec;
		e->trial_renewal = e->signing.renewal;
		e->signing.renewal = false;
		e->look_later = false;
		if (!e->trial_renewal)
			zone_table_say_locked(e, ZONE_WAITING, why);
	}
	pthread_mutex_unlock(&t->lock);
}

/* What came while it was on trial is looked at now. */
static void
trial_over(struct zone_table *t, struct zone_entry *e)
{
	e->trial_renewal = false;
	if (e->look_later)
		zone_table_look(t, e);
	e->look_later = false;
}

void
zone_trial_commit(struct zone_table *t, bool soak, uint64_t now)
{
	pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < t->count; i++) {
		struct zone_entry *e = &t->zones[i];

		e->soaking = e->trial && soak;
		if (!e->trial)
			continue;
		zone_table_serve_locked(
		    t, e, &e->trial, &e->trial_dnssec, e->trial_renewal, now);
		if (!soak)
			e->returns = 0;
		trial_over(t, e);
	}
	zone_table_leaving_tried_locked(t, true);
	zone_table_leaving_gone_locked(t);
	pthread_mutex_unlock(&t->lock);
}

void
zone_trial_condemn(struct zone_table *t, struct zone_entry *e, const char *why)
{
	pthread_mutex_lock(&t->lock);
	if (!e->trial) {
		zone_table_say_locked(e, ZONE_CONDEMNED, why);
		pthread_mutex_unlock(&t->lock);
		return;
	}
	if (e->trial_renewal) {
		/* the same records, signed otherwise: signed again later */
		zone_records_free(e->trial);
		zone_signing_refused(t, e);
	} else {
		e->wanted = e->trial;
		e->wanted_dnssec = e->trial_dnssec;
		zone_table_say_locked(e, ZONE_CONDEMNED, why);
		zone_signing_aside(t, e);
	}
	e->trial = NULL;
	trial_over(t, e);
	pthread_mutex_unlock(&t->lock);
}

void
zone_trial_return(struct zone_table *t)
{
	pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < t->count; i++) {
		struct zone_entry *e = &t->zones[i];

		if (!e->trial)
			continue;
		e->wanted = e->trial;
		e->trial = NULL;
		e->wanted_dnssec = e->trial_dnssec;
		e->signing.renewal = e->trial_renewal;
		if (!e->trial_renewal)
			zone_table_say_locked(e, ZONE_WAITING, NULL);
		t->pending = true;
		trial_over(t, e);
	}
	for (size_t i = 0; i < t->nleaving; i++) {
		struct zone_leaving *l = &t->leaving[i];

		l->goes = l->renewal_tried = false;
		t->pending |= l->renewed != NULL;
	}
	zone_table_leaving_tried_locked(t, false);
	pthread_mutex_unlock(&t->lock);
}

static int
config_order(const void *apex, const void *element)
{
	return name_compare(apex, ((const struct config_zone *)element)->apex);
}

bool
zone_trial_is_undone(const struct zone_table *t, const struct config *c)
{
	for (size_t i = 0; i < t->nleaving; i++)
		if (t->leaving[i].goes && c->nzones &&
		    bsearch(t->leaving[i].records->apex, c->zones, c->nzones,
			sizeof *c->zones, config_order))
			return true;
	return false;
}

void
zone_trial_forget(struct zone_table *t)
{
	pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < t->count; i++) {
		struct zone_entry *e = &t->zones[i];

		e->soaking = false;
		if (!e->trial)
			continue;
		zone_records_free(e->trial);
		e->trial = NULL;
		e->unread = true;
		e->look_later = true;
		trial_over(t, e);
	}
	zone_table_leaving_tried_locked(t, false);
	pthread_mutex_unlock(&t->lock);
}

void
zone_soak_adopt(struct zone_table *t)
{
	pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < t->count; i++)
		t->zones[i].soaking = t->zones[i].served != NULL;
	pthread_mutex_unlock(&t->lock);
}

void
zone_soak_end(struct zone_table *t)
{
	pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < t->count; i++) {
		if (t->zones[i].soaking)
			t->zones[i].returns = 0;
		t->zones[i].soaking = false;
	}
	pthread_mutex_unlock(&t->lock);
}

struct zone_entry *
zone_trial_find(struct zone_table *t, const uint8_t *name)
{
	unsigned labels = name_labels(name);

	for (unsigned strip = 0; strip <= labels; strip++) {
		struct zone_entry *e =
		    zone_table_find(t, name_parent(name, strip));

		if (e && (e->trial || e->soaking))
			return e;
	}
	return NULL;
}
