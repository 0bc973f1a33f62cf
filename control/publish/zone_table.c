/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The zones of holdfastd (zone_table.h). Worker thread only; jemalloc by way of
 * malloc.
 */
#include "control/publish/zone_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/name.h"
#include "control/compile/compile.h"
#include "control/publish/zone_kept.h"
#include "control/publish/zone_signing.h"
#include "control/source/watch.h"

static void
zone_unwatch(struct zone_entry *e, struct watch *w)
{
	if (!w || !e->watched)
		return;
	watch_remove(w, e->file, e->watched);
	for (size_t i = 0; i < e->stamp.count; i++)
		watch_remove(w, e->stamp.files[i].path, e->watched);
}

/* Copies the text; NULL: there is nothing to say. */
static void
zone_why(struct zone_entry *e, const char *text)
{
	free(e->why);
	e->why = text ? strdup(text) : NULL;
}

static void
zone_entry_fini(struct zone_entry *e, struct watch *w)
{
	zone_unwatch(e, w);
	free(e->watched);
	free(e->why);
	free(e->signing.why);
	zone_records_free(e->served);
	zone_records_free(e->wanted);
	zone_records_free(e->trial);
	zonefile_stamp_fini(&e->stamp);
	free(e->name);
	free(e->file);
	*e = (struct zone_entry){0};
}

void
zone_table_init(struct zone_table *t)
{
	*t = (struct zone_table){0};
	pthread_mutex_init(&t->lock, NULL);
}

uint64_t
zone_table_now(const struct zone_table *t)
{
	return t->now_s ? t->now_s : clock_ms(CLOCK_REALTIME) / 1000;
}

bool
zone_table_now_is_known(const struct zone_table *t)
{
	return !t->now_s && clock_is_synchronised();
}

static void
zones_free(struct zone_entry *zones, size_t count, struct watch *w)
{
	for (size_t i = 0; i < count; i++)
		zone_entry_fini(&zones[i], w);
	free(zones);
}

static void
leaving_free(struct zone_table *t)
{
	for (size_t i = 0; i < t->nleaving; i++)
		zone_kept_fini(&t->leaving[i]);
	free(t->leaving);
	t->leaving = NULL;
	t->nleaving = 0;
}

void
zone_table_fini(struct zone_table *t)
{
	zones_free(t->zones, t->count, NULL);
	leaving_free(t);
	free(t->keys_path);
	pthread_mutex_destroy(&t->lock);
	*t = (struct zone_table){0};
}

struct zone_entry *
zone_table_find(struct zone_table *t, const uint8_t *apex)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int c = name_compare(t->zones[middle].apex, apex);

		if (c == 0)
			return &t->zones[middle];
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static int
zone_entry_init(struct zone_entry *e, const struct config_zone *z,
    const struct config_policy *policy)
{
	memcpy(e->apex, z->apex, sizeof e->apex);
	e->name = strdup(z->name);
	e->file = strdup(z->file);
	e->watched = malloc(sizeof e->apex);
	e->dnssec_mode = z->dnssec;
	e->look = true;
	e->state = ZONE_WAITING;
	e->signing.on = z->dnssec == ZONE_DNSSEC_SIGN && policy;
	if (e->signing.on) {
		e->signing.policy = *policy;
		e->signing.policy.name = NULL;
	}
	if (!e->name || !e->file || !e->watched)
		return ERR_NO_MEMORY;
	memcpy(e->watched, e->apex, sizeof e->apex);
	return 0;
}

void
zone_table_look(struct zone_table *t, struct zone_entry *e)
{
	t->looks = true;
	if (e)
		e->look = true;
	if (e && t->nlooking < ZONES_LISTED)
		t->looking[t->nlooking++] = e;
	else
		t->all_look = true;
	for (size_t i = 0; !e && i < t->count; i++)
		t->zones[i].look = true;
}

/* What is known of a zone moves to its new entry. */
static void
zone_entry_move(struct zone_entry *to, struct zone_entry *from)
{
	bool same_file = strcmp(to->file, from->file) == 0;
	bool same_signing = zone_signing_equal(to, from);
	bool same_mode = to->dnssec_mode == from->dnssec_mode;

	to->served = from->served;
	from->served = NULL;
	to->trial = from->trial;
	from->trial = NULL;
	to->trial_dnssec = from->trial_dnssec;
	to->trial_renewal = from->trial_renewal;
	to->look_later = from->look_later;
	to->soaking = from->soaking;
	to->returns = from->returns;
	to->held_until = from->held_until;
	to->changed_at = from->changed_at;
	to->alarm = from->alarm;
	if (same_mode)
		to->dnssec = from->dnssec;
	if (!same_file || !same_mode)
		return;
	free(to->watched);
	to->watched = from->watched;
	from->watched = NULL;
	to->stamp = from->stamp;
	from->stamp = (struct zonefile_stamp){0};
	to->retry_at = from->retry_at;
	to->look = from->look || !same_signing;
	to->unread = from->unread || !same_signing;
	if (!same_signing)
		return;
	to->wanted = from->wanted;
	from->wanted = NULL;
	to->signing = from->signing;
	from->signing.why = NULL;
	to->state = from->state;
	to->refused = from->refused;
	to->why = from->why;
	from->why = NULL;
}

/* What the table knows of all its zones' signing, found out anew. */
static void
zone_table_signing(struct zone_table *t, char **keys_path)
{
	free(t->keys_path);
	t->keys_path = *keys_path;
	*keys_path = NULL;
	t->signs = false;
	t->keys_changed_ns = 0;
	t->sign_due = 0;
	for (size_t i = 0; i < t->count; i++) {
		uint64_t due = t->zones[i].signing.due;

		t->signs |= t->zones[i].signing.on;
		if (due && (!t->sign_due || due < t->sign_due))
			t->sign_due = due;
	}
	for (size_t i = 0; i < t->nleaving; i++)
		zone_kept_due(t, &t->leaving[i], t->leaving[i].sign_due);
}

static int
leaving_order(const void *a, const void *b)
{
	return name_compare(((const struct zone_leaving *)a)->records->apex,
	    ((const struct zone_leaving *)b)->records->apex);
}

/* What is served and has no entry among the fresh ones is leaving; what was
 * leaving may have one again. `list` has room for all of them. */
static void
leaving_find(struct zone_table *t, struct zone_entry *fresh, size_t count,
    struct zone_leaving *list)
{
	struct zone_table now = {.zones = fresh, .count = count};
	size_t n = 0;

	for (size_t i = 0; i < t->nleaving; i++) {
		struct zone_entry *e =
		    zone_table_find(&now, t->leaving[i].records->apex);

		if (e && !e->served)
			zone_kept_back(&t->leaving[i], e);
		else
			list[n++] = t->leaving[i];
	}
	for (size_t i = 0; i < t->count; i++) {
		struct zone_entry *e = &t->zones[i];

		if (!e->served)
			continue;
		list[n++] = (struct zone_leaving){
		    .records = e->served, .trial = e->trial};
		e->served = e->trial = NULL;
	}
	if (n)
		qsort(list, n, sizeof *list, leaving_order);
	free(t->leaving);
	t->leaving = list;
	t->nleaving = n;
}

int
zone_table_configure(
    struct zone_table *t, const struct config *c, struct err *err)
{
	struct zone_entry *fresh =
	    calloc(c->nzones ? c->nzones : 1, sizeof *fresh);
	struct zone_leaving *leaving =
	    calloc(t->count + t->nleaving + 1, sizeof *leaving);
	size_t count = 0;
	char *keys_path = c->control.keys ? strdup(c->control.keys) : NULL;
	int rc = fresh && leaving && !keys_path == !c->control.keys
	             ? 0
	             : ERR_NO_MEMORY;

	for (; rc == 0 && count < c->nzones; count++)
		rc = zone_entry_init(&fresh[count], &c->zones[count],
		    config_policy_of(c, &c->zones[count]));
	if (rc) {
		if (fresh)
			zones_free(fresh, count, NULL);
		free(leaving);
		free(keys_path);
		return err_set(err, rc, "no memory for %u zones", c->nzones);
	}
	pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < count; i++) {
		struct zone_entry *old = zone_table_find(t, fresh[i].apex);

		if (old)
			zone_entry_move(&fresh[i], old);
	}
	leaving_find(t, fresh, count, leaving);
	zones_free(t->zones, t->count, t->watch);
	t->zones = fresh;
	t->count = count;
	t->policy_kept = *config_policy_of(c, &(struct config_zone){0});
	t->policy_kept.name = NULL;
	zone_table_signing(t, &keys_path);
	t->nlooking = 0;
	t->unchecked_from = 0;
	t->looks = t->all_look = true;
	t->retry_due = 1; /* found out anew by the next turn */
	pthread_mutex_unlock(&t->lock);
	return 0;
}

int
zone_table_set_live(struct zone_table *t, struct zone_records **records,
    size_t count, struct err *err)
{
	struct zone_leaving *gone = calloc(count + 1, sizeof *gone);
	size_t at = 0, left = 0;

	if (!gone) {
		for (size_t i = 0; i < count; i++)
			zone_records_free(records[i]);
		free(records);
		return err_set(err, ERR_NO_MEMORY, "no memory for zones");
	}
	pthread_mutex_lock(&t->lock);
	leaving_free(t);
	for (size_t i = 0; i < t->count; i++) {
		struct zone_entry *e = &t->zones[i];
		struct zone_records *now = NULL;

		while (
		    at < count && name_compare(records[at]->apex, e->apex) < 0)
			gone[left++].records = records[at++];
		if (at < count && name_equal(records[at]->apex, e->apex))
			now = records[at++];
		if (!now != !e->served ||
		    (now && !digest_equal(&now->version, &e->served->version)))
			e->unread = true;
		if (!now || !e->served ||
		    !digest_equal(&now->version, &e->served->version))
			e->dnssec = (struct zone_dnssec){0};
		zone_records_free(e->served);
		e->served = now;
	}
	t->unchecked_from = 0;
	while (at < count)
		gone[left++].records = records[at++];
	t->leaving = gone;
	t->nleaving = left;
	pthread_mutex_unlock(&t->lock);
	free(records);
	return 0;
}

bool
zone_table_is_condemned(const struct zone_table *t, const uint8_t *apex,
    const struct digest *version)
{
	for (size_t i = 0; i < t->ncondemned; i++)
		if (name_equal(t->condemned[i].apex, apex) &&
		    digest_equal(&t->condemned[i].version, version))
			return true;
	return false;
}

void
zone_table_refuse_locked(struct zone_entry *e, const char *why)
{
	bool news =
	    e->state != ZONE_REFUSED || !e->why || strcmp(e->why, why) != 0;

	e->state = ZONE_REFUSED;
	zone_why(e, why);
	if (!news)
		return;
	log_error("zone %s refused: %s; %s", e->name, why,
	    e->served ? "its last good version stays"
		      : "it has no good version yet and is not served");
}

void
zone_table_refuse(struct zone_table *t, struct zone_entry *e, const char *why)
{
	pthread_mutex_lock(&t->lock);
	zone_records_free(e->wanted);
	e->wanted = NULL;
	e->unread = true; /* other zones may let it pass the next time */
	zone_table_refuse_locked(e, why);
	zone_signing_refused(t, e);
	pthread_mutex_unlock(&t->lock);
}

void
zone_table_leaving_mark_locked(struct zone_table *t,
    const struct compile_zone *compiled, struct zone_entry *const *entries,
    size_t count)
{
	size_t at = 0;

	for (size_t i = 0; i < t->nleaving; i++) {
		struct zone_leaving *l = &t->leaving[i];

		while (at < count &&
		       (entries[at] || name_compare(compiled[at].records->apex,
					   l->records->apex) < 0))
			at++;
		l->goes = at == count || !name_equal(compiled[at].records->apex,
					     l->records->apex);
		l->kept &= !l->goes;
		if (!l->goes)
			zone_kept_compiled(t, l, &compiled[at]);
	}
}

void
zone_table_leaving_tried_locked(struct zone_table *t, bool live)
{
	for (size_t i = 0; i < t->nleaving; i++) {
		struct zone_leaving *l = &t->leaving[i];
		struct zone_records *left = l->trial;

		if (live && l->trial) {
			left = l->records;
			l->records = l->trial;
			l->expires_at = 0;
		}
		zone_records_free(left);
		l->trial = NULL;
	}
}

void
zone_table_leaving_gone_locked(struct zone_table *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->nleaving; i++) {
		if (t->leaving[i].goes) {
			zone_kept_fini(&t->leaving[i]);
		} else {
			zone_kept_live(t, &t->leaving[i]);
			t->leaving[kept++] = t->leaving[i];
		}
	}
	t->nleaving = kept;
}

void
zone_table_serve_locked(struct zone_table *t, struct zone_entry *e,
    struct zone_records **version, const struct zone_dnssec *known,
    bool renewal, uint64_t now)
{
	zone_records_free(e->served);
	e->served = *version;
	*version = NULL;
	e->dnssec = *known;
	e->changed_at = now;
	zone_signing_live(t, e);
	if (renewal) /* of what a bad source left */
		return;
	e->state = ZONE_SERVED;
	zone_why(e, NULL);
}

void
zone_table_say_locked(
    struct zone_entry *e, enum zone_state state, const char *why)
{
	e->state = state;
	zone_why(e, why);
}

void
zone_table_refused_locked(struct zone_table *t, struct compile_zone *compiled,
    struct zone_entry *const *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct zone_entry *e = entries[i];

		if (!e || compiled[i].status == 0)
			continue;
		if (e->wanted && compiled[i].by_guard)
			e->refused = e->wanted->version;
		zone_records_free(e->wanted);
		e->wanted = NULL;
		/* an override or another configuration may let the same
		 * version pass: the next look reads it again */
		e->unread |= compiled[i].by_guard;
		zone_table_refuse_locked(e, compile_zone_why(&compiled[i]));
		zone_signing_refused(t, e);
	}
}

void
zone_table_went_live(struct zone_table *t, struct compile_zone *compiled,
    struct zone_entry *const *entries, size_t count, uint64_t now)
{
	pthread_mutex_lock(&t->lock);
	zone_table_refused_locked(t, compiled, entries, count);
	for (size_t i = 0; i < count; i++) {
		struct zone_entry *e = entries[i];
		bool renewal = e && e->signing.renewal;

		if (!e || compiled[i].status != 0 || !e->wanted ||
		    compiled[i].records != e->wanted)
			continue;
		e->signing.renewal = false;
		zone_table_serve_locked(
		    t, e, &e->wanted, &e->wanted_dnssec, renewal, now);
	}
	zone_table_leaving_mark_locked(t, compiled, entries, count);
	zone_table_leaving_gone_locked(t);
	pthread_mutex_unlock(&t->lock);
}
