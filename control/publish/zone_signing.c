/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Signing in holdfastd's turns (zone_signing.h).
 */
#include "control/publish/zone_signing.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/name.h"
#include "control/publish/sign_clock.h"
#include "control/publish/zone_dnssec.h"
#include "control/publish/zone_kept.h"
#include "control/sign/sign_source.h"
#include "control/sign/zone_signer.h"

enum { RETRY_S = 60, BUSY_S = 1 };

/* The table's lock is held, as others read when it is due. */
static void
due_set_locked(struct zone_table *t, struct zone_entry *e, uint64_t at)
{
	e->signing.due = at;
	if (at && (!t->sign_due || at < t->sign_due))
		t->sign_due = at;
}

static void
due_set(struct zone_table *t, struct zone_entry *e, uint64_t at)
{
	pthread_mutex_lock(&t->lock);
	due_set_locked(t, e, at);
	pthread_mutex_unlock(&t->lock);
}

/* What somebody who looks sees; `why` NULL: it works. */
static void
why_set(struct zone_table *t, struct zone_entry *e, const char *why)
{
	bool news = !why != !e->signing.why ||
	            (why && strcmp(why, e->signing.why) != 0);
	char *copy = why ? strdup(why) : NULL;

	pthread_mutex_lock(&t->lock);
	free(e->signing.why);
	e->signing.why = copy;
	pthread_mutex_unlock(&t->lock);
	if (news && why)
		log_error("zone %s can't be signed: %s; %s", e->name, why,
		    e->served ? "what is served stays" : "it is not served");
	else if (news)
		log_info("zone %s is signed again", e->name);
}

static int
signed_note(struct zone_table *t, struct zone_entry *e,
    const struct zone_signer *s, int rc, uint64_t now, const struct err *err)
{
	e->signing.stamp = s->stamp;
	if (rc == ERR_BUSY) {
		due_set(t, e, now + BUSY_S);
		return rc;
	}
	why_set(t, e, rc ? err->text : NULL);
	if (rc) {
		t->signing_failed++;
		due_set(t, e, now + RETRY_S);
		return rc;
	}
	t->signatures_made += s->result.made;
	t->signatures_kept += s->result.kept;
	pthread_mutex_lock(&t->lock);
	e->signing.ends_first = s->result.ends_first;
	pthread_mutex_unlock(&t->lock);
	e->signing.awaits_live = s->publication_awaited;
	due_set(t, e, s->due);
	return 0;
}

/* Signs `source` as the follower of `previous`. */
static int
sign(struct zone_table *t, struct zone_entry *e,
    const struct zone_records *source, const struct zone_records *previous,
    struct zone_records **out, struct err *err)
{
	uint64_t now = zone_table_now(t);
	struct zone_signer s = {.keys_path = t->keys_path,
	    .policy = &e->signing.policy,
	    .served = e->served,
	    .previous = previous,
	    .now = now,
	    .now_is_known = zone_table_now_is_known(t),
	    .stamp = e->signing.stamp};
	int rc = sign_clock_check(&t->sign_clock, err);

	if (rc == 0)
		rc = zone_signer_run(&s, source, err);
	t->sign_clock.contradicted |= s.now_contradicted;
	rc = signed_note(t, e, &s, rc, now, err);
	if (rc == 0) {
		*out = s.result.zone;
		if (s.result.made)
			log_info("zone %s: serial %u: %lu signatures made, "
				 "%lu kept",
			    e->name, s.result.zone->serial, s.result.made,
			    s.result.kept);
	}
	return rc;
}

int
zone_sign(struct zone_table *t, struct zone_entry *e,
    struct zone_records **records, struct err *err)
{
	const struct zone_records *previous =
	    e->wanted && e->state == ZONE_WAITING ? e->wanted : e->served;
	struct zone_records *made = NULL;
	int rc = sign(t, e, *records, previous, &made, err);

	e->signing.source_failed = rc != 0;
	if (rc)
		return rc == ERR_BUSY ? rc : err_add(err, "can't be signed");
	zone_records_free(*records);
	*records = made;
	return 0;
}

/* The renewed version takes the place of what it was made from. A version that
 * must not go live makes way: it is read again. */
static void
renewal_take(struct zone_table *t, struct zone_entry *e,
    struct zone_records **made, const struct zone_dnssec *known)
{
	bool waits = e->wanted && e->state == ZONE_WAITING;

	pthread_mutex_lock(&t->lock);
	e->unread |= e->wanted && !waits && !e->signing.renewal;
	zone_records_free(e->wanted);
	e->wanted = *made;
	*made = NULL;
	e->wanted_dnssec = *known;
	/* the source is still what the state says of it */
	e->signing.renewal |= !waits;
	pthread_mutex_unlock(&t->lock);
	t->pending = true;
}

static void
zone_renew(struct zone_table *t, struct zone_entry *e)
{
	const struct zone_records *base =
	    e->wanted && (e->state == ZONE_WAITING || e->signing.renewal)
		? e->wanted
		: e->served;
	struct zone_records *source = NULL, *made = NULL;
	struct zone_dnssec known;
	struct err err;
	int rc;

	if (e->trial) { /* once it is decided what is served */
		due_set(t, e, zone_table_now(t) + BUSY_S);
		return;
	}
	due_set(t, e, 0);
	if (!base || e->signing.source_failed) {
		/* it failed when the source was read, which is unread still */
		e->unread = true;
		zone_table_look(t, e);
	}
	if (!base)
		return;
	rc = sign_source_strip(&source, base, &err);
	if (rc == 0)
		rc = sign(t, e, source, base, &made, &err);
	zone_records_free(source);
	if (rc == 0 && !digest_equal(&made->version, &base->version)) {
		rc = zone_dnssec_check(t, e, made, &known, &err);
		if (rc == 0)
			renewal_take(t, e, &made, &known);
	}
	zone_records_free(made);
	if (rc && rc != ERR_BUSY) {
		why_set(t, e, err.text);
		due_set(t, e, zone_table_now(t) + RETRY_S);
	}
}

/* A rename into the directory shows in its times: one stat(2) a turn tells that
 * there is something to look for. */
static void
keys_notice(struct zone_table *t, uint64_t now)
{
	struct key_directory d = {.fd = -1};
	struct key_stamp stamp;
	struct stat st;
	int64_t changed;

	if ((!t->signs && !t->nleaving) || !t->keys_path ||
	    stat(t->keys_path, &st) != 0)
		return;
	changed = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	if (changed == t->keys_changed_ns)
		return;
	t->keys_changed_ns = changed;
	zones_kept_keys(t, now);
	if (key_directory_open(&d, t->keys_path, false, NULL) != 0)
		return; /* whoever signs next says why */
	for (size_t i = 0; i < t->count; i++) {
		struct zone_entry *e = &t->zones[i];

		if (!e->signing.on)
			continue;
		key_directory_stamp(&d, e->apex, &stamp);
		if (memcmp(&stamp, &e->signing.stamp, sizeof stamp) != 0)
			due_set(t, e, now);
	}
	key_directory_close(&d);
}

/* The clock was set: what was refused by the time before, as signatures that
 * had ended, is read again. If the clock is in doubt since now zones that are
 * signed here say so; if it is believed again what was planned is planned anew.
 */
static void
clock_follow(struct zone_table *t, uint64_t now)
{
	const struct sign_clock_look look = {.wall_s = now,
	    .boot_s = clock_ms(CLOCK_BOOTTIME) / 1000,
	    .synchronised = clock_is_synchronised()};
	enum sign_clock_news news = sign_clock_look(&t->sign_clock, &look);
	struct err err;

	if (news == SIGN_CLOCK_GOES_ON)
		return;
	if (news == SIGN_CLOCK_MOVED)
		zones_kept_plan(t, now);
	for (size_t i = 0; i < t->count; i++) {
		struct zone_entry *e = &t->zones[i];

		if (e->state == ZONE_REFUSED) {
			e->unread = true;
			zone_table_look(t, e);
		}
		if (!e->signing.on)
			continue;
		if (news == SIGN_CLOCK_MOVED) {
			due_set(t, e, now);
		} else if (sign_clock_check(&t->sign_clock, &err) != 0) {
			t->signing_failed++;
			why_set(t, e, err.text);
		}
	}
}

void
zones_sign_due(struct zone_table *t, uint64_t now)
{
	if (!t->now_s)
		clock_follow(t, now);
	keys_notice(t, now);
	if (t->sign_clock.doubt || !t->sign_due || now < t->sign_due)
		return;
	t->sign_due = 0;
	for (size_t i = 0; i < t->count; i++) {
		struct zone_entry *e = &t->zones[i];

		if (!e->signing.on || !e->signing.due)
			continue;
		if (e->signing.due <= now)
			zone_renew(t, e);
		else
			due_set(t, e, e->signing.due);
	}
	zones_kept_sign(t, now);
}

bool
zone_source_is_condemned(const struct zone_table *t, const struct zone_entry *e,
    const struct zone_records *records)
{
	struct digest source;
	bool any = false;

	for (size_t i = 0; e->signing.on && !any && i < t->ncondemned; i++)
		any = name_equal(t->condemned[i].apex, e->apex);
	return any && sign_source_digest(records, &source, NULL) == 0 &&
	       zone_table_is_condemned(t, e->apex, &source);
}

void
zone_signing_live(struct zone_table *t, struct zone_entry *e)
{
	if (e->signing.on && e->signing.awaits_live)
		due_set_locked(t, e, zone_table_now(t));
	e->signing.awaits_live = false;
}

void
zone_signing_aside(struct zone_table *t, struct zone_entry *e)
{
	if (e->signing.on && e->served)
		due_set_locked(t, e, zone_table_now(t) + BUSY_S);
}

void
zone_signing_refused(struct zone_table *t, struct zone_entry *e)
{
	e->signing.renewal = false;
	if (e->signing.on && e->served)
		due_set_locked(t, e, zone_table_now(t) + RETRY_S);
}

bool
zone_signing_equal(const struct zone_entry *a, const struct zone_entry *b)
{
	const struct config_policy *p = &a->signing.policy;
	const struct config_policy *q = &b->signing.policy;

	if (!a->signing.on || !b->signing.on)
		return a->signing.on == b->signing.on;
	return p->denial == q->denial && p->validity_s == q->validity_s &&
	       p->refresh_s == q->refresh_s && p->jitter_s == q->jitter_s &&
	       p->dnskey_ttl_s == q->dnskey_ttl_s &&
	       p->ds_ttl_s == q->ds_ttl_s &&
	       p->propagation_s == q->propagation_s && p->cds == q->cds &&
	       p->zonemd == q->zonemd;
}
