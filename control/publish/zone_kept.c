/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Zones that nobody configures and guards keep (zone_kept.h).
 */
#include "control/publish/zone_kept.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/name.h"
#include "control/dnssec/dnssec.h"
#include "control/publish/zone_dnssec.h"
#include "control/sign/sign_source.h"
#include "control/sign/zone_signer.h"

enum {
	BUSY_S = 1,
	REFUSED_S = 60,
	/* a failure costs a look at the whole zone, and days are left; keys
	 * that come back are seen at once */
	FAILED_S = 3600,
};

/* --- what it was signed by -------------------------------------------- */

static const struct record *
apex_find(const struct zone_records *z, uint16_t type)
{
	size_t n = 0;
	const struct record *r = zone_records_find(z, z->apex, type, &n);

	return n ? r : NULL;
}

/* RFC 8078 section 4: algorithm 0 asks the parent to delete. */
static enum config_cds
cds_of(const struct zone_records *z)
{
	const struct record *cds = apex_find(z, DNS_TYPE_CDS);

	if (!cds)
		return POLICY_CDS_OFF;
	return cds->rdata_bytes > 2 && record_rdata(z, cds)[2] == 0
	           ? POLICY_CDS_DELETE
	           : POLICY_CDS_PUBLISH;
}

static struct config_policy
policy_of(const struct zone_table *t, const struct zone_records *z)
{
	struct config_policy p = t->policy_kept;
	const struct record *key = apex_find(z, DNS_TYPE_DNSKEY);

	p.denial =
	    apex_find(z, DNS_TYPE_NSEC3PARAM) ? POLICY_NSEC3 : POLICY_NSEC;
	p.zonemd = apex_find(z, DNS_TYPE_ZONEMD) != NULL;
	p.cds = cds_of(z);
	if (key)
		p.dnskey_ttl_s = key->ttl;
	return p;
}

/* --- signing ---------------------------------------------------------- */

/* `why` NULL: it works. */
static void
why_set(struct zone_table *t, struct zone_leaving *l, const char *why)
{
	bool news = !why != !l->why || (why && strcmp(why, l->why) != 0);
	char name[NAME_TEXT_MAX];
	char *copy = why ? strdup(why) : NULL;

	pthread_mutex_lock(&t->lock);
	free(l->why);
	l->why = copy;
	pthread_mutex_unlock(&t->lock);
	if (!news)
		return;
	name_to_text(name, l->records->apex);
	if (why)
		log_error(
		    "zone %s is not configured any more and served on, "
		    "and can't be signed again: %s; configure it again, "
		    "or let it go: holdfast override %.200s --reason TEXT",
		    name, why, name);
	else
		log_info("zone %s is signed again", name);
}

static void
due_set(struct zone_table *t, struct zone_leaving *l, uint64_t at)
{
	pthread_mutex_lock(&t->lock);
	zone_kept_due(t, l, at);
	pthread_mutex_unlock(&t->lock);
}

/* What is served, signed anew; what is there afterwards is held to what others'
 * signers are. */
static int
renewal_make(struct zone_table *t, struct zone_leaving *l,
    struct zone_signer *s, struct err *err)
{
	struct dnssec_options options = {.now = s->now, .before = l->records};
	struct zone_records *source = NULL;
	struct dnssec_result found;
	int rc = t->keys_path
	             ? sign_source_strip(&source, l->records, err)
	             : err_set(err, ERR_NOT_FOUND,
			   "no folder of keys is configured (control: keys)");

	if (rc == 0)
		rc = zone_signer_run(s, source, err);
	if (rc == ERR_NOT_FOUND && t->keys_path)
		err_set(err, rc,
		    "the keys that it is signed with are not in %s; restore "
		    "them",
		    t->keys_path);
	zone_records_free(source);
	if (rc == 0 &&
	    !digest_equal(&s->result.zone->version, &l->records->version))
		rc = dnssec_check(s->result.zone, &options, &found, err);
	return rc;
}

static void
renewal_take(
    struct zone_table *t, struct zone_leaving *l, struct zone_signer *s)
{
	char name[NAME_TEXT_MAX];

	t->signatures_made += s->result.made;
	t->signatures_kept += s->result.kept;
	if (digest_equal(&s->result.zone->version, &l->records->version))
		return;
	log_warn("zone %s is not configured any more and served on: it is "
		 "signed again, serial %u: %lu signatures made, %lu kept",
	    name_to_text(name, l->records->apex), s->result.zone->serial,
	    s->result.made, s->result.kept);
	pthread_mutex_lock(&t->lock);
	l->renewed = s->result.zone;
	s->result.zone = NULL;
	t->pending = true;
	pthread_mutex_unlock(&t->lock);
}

static void
renew(struct zone_table *t, struct zone_leaving *l, uint64_t now)
{
	struct config_policy policy = policy_of(t, l->records);
	struct zone_signer s = {.keys_path = t->keys_path,
	    .policy = &policy,
	    .served = l->records,
	    .previous = l->records,
	    .now = now,
	    .now_is_known = zone_table_now_is_known(t),
	    .keys_fixed = true};
	struct err err;
	int rc;

	if (!apex_find(l->records, DNS_TYPE_DNSKEY)) {
		due_set(t, l, 0); /* it is not signed */
		return;
	}
	rc = renewal_make(t, l, &s, &err);
	t->sign_clock.contradicted |= s.now_contradicted;
	if (rc == 0)
		renewal_take(t, l, &s);
	zone_records_free(s.result.zone);
	due_set(t, l,
	    rc == 0          ? s.result.due
	    : rc == ERR_BUSY ? now + BUSY_S
			     : now + FAILED_S);
	if (rc == ERR_BUSY)
		return;
	t->signing_failed += rc != 0;
	why_set(t, l, rc ? err.text : NULL);
}

void
zones_kept_sign(struct zone_table *t, uint64_t now)
{
	for (size_t i = 0; i < t->nleaving; i++) {
		struct zone_leaving *l = &t->leaving[i];

		if (!l->renews || !l->sign_due)
			continue;
		if (l->sign_due > now)
			due_set(t, l, l->sign_due);
		else if (l->renewed || l->goes) /* once that is decided */
			due_set(t, l, now + BUSY_S);
		else
			renew(t, l, now);
	}
}

void
zones_kept_keys(struct zone_table *t, uint64_t now)
{
	for (size_t i = 0; i < t->nleaving; i++)
		if (t->leaving[i].why)
			due_set(t, &t->leaving[i], now);
}

void
zones_kept_plan(struct zone_table *t, uint64_t now)
{
	for (size_t i = 0; i < t->nleaving; i++)
		if (t->leaving[i].renews)
			due_set(t, &t->leaving[i], now);
}

/* --- alarms ------------------------------------------------------------- */

/* Dates alone, once for each version. */
static void
end_look(struct zone_table *t, struct zone_leaving *l, uint64_t now)
{
	uint64_t end;

	if (l->expires_at)
		return;
	end = dnssec_expires_at(l->records, now);
	pthread_mutex_lock(&t->lock);
	l->expires_at = end;
	pthread_mutex_unlock(&t->lock);
}

void
zones_kept_alarms(struct zone_table *t, uint64_t now)
{
	for (size_t i = 0; i < t->nleaving; i++) {
		struct zone_leaving *l = &t->leaving[i];
		char name[NAME_TEXT_MAX], when[32];
		enum zone_alarm stage;

		if (!l->renews)
			continue;
		end_look(t, l, now);
		stage = zone_alarm_stage(t, l->expires_at, now);
		if (stage > l->alarm)
			log_error("zone %s is not configured any more and "
				  "served on: its signatures %s %s; configure "
				  "it again, or let it go: holdfast override "
				  "%.200s --reason TEXT",
			    name_to_text(name, l->records->apex),
			    stage == ALARM_OVER ? "ended" : "end",
			    dnssec_time_text(when, l->expires_at), name);
		pthread_mutex_lock(&t->lock);
		l->alarm = stage;
		pthread_mutex_unlock(&t->lock);
	}
}

void
zones_kept_count(struct zone_table *t, struct zone_kept_counts *out)
{
	*out = (struct zone_kept_counts){.signatures_end = DNSSEC_NEVER};
	pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < t->nleaving; i++) {
		const struct zone_leaving *l = &t->leaving[i];

		out->signing_fails += l->why != NULL;
		out->signatures_ending += l->alarm != ALARM_NONE;
		if (l->expires_at && l->expires_at < out->signatures_end)
			out->signatures_end = l->expires_at;
	}
	pthread_mutex_unlock(&t->lock);
}

/* --- of one zone -------------------------------------------------------- */

void
zone_kept_due(struct zone_table *t, struct zone_leaving *l, uint64_t sign_due)
{
	l->sign_due = sign_due;
	if (sign_due && (!t->sign_due || sign_due < t->sign_due))
		t->sign_due = sign_due;
}

static void
renewal_drop(struct zone_leaving *l)
{
	zone_records_free(l->renewed);
	l->renewed = NULL;
	l->renewal_tried = false;
}

void
zone_kept_compiled(struct zone_table *t, struct zone_leaving *l,
    const struct compile_zone *compiled)
{
	char name[NAME_TEXT_MAX];

	l->renewal_tried = l->renewed && compiled->records == l->renewed;
	if (!l->renewal_tried || compiled->status == 0)
		return;
	log_error("zone %s, signed again, did not pass: %s",
	    name_to_text(name, l->records->apex), compile_zone_why(compiled));
	renewal_drop(l);
	zone_kept_due(t, l, zone_table_now(t) + REFUSED_S);
}

void
zone_kept_live(struct zone_table *t, struct zone_leaving *l)
{
	if (l->renewal_tried) {
		zone_records_free(l->records);
		l->records = l->renewed;
		l->renewed = NULL;
		l->renewal_tried = false;
		l->expires_at = 0;
	}
	if (!l->renews)
		zone_kept_due(t, l, zone_table_now(t));
	l->renews = true;
}

void
zone_kept_back(struct zone_leaving *l, struct zone_entry *e)
{
	e->served = l->records;
	e->trial = l->trial;
	l->records = l->trial = NULL;
	if (l->renewal_tried) {
		e->trial = l->renewed;
		e->trial_renewal = true;
		l->renewed = NULL;
	}
	zone_kept_fini(l);
}

void
zone_kept_fini(struct zone_leaving *l)
{
	zone_records_free(l->records);
	zone_records_free(l->trial);
	renewal_drop(l);
	free(l->why);
	*l = (struct zone_leaving){0};
}
