/* SPDX-License-Identifier: BSD-2-Clause
 *
 * DNSSEC of the zones of holdfastd (zone_dnssec.h).
 */
#include "control/publish/zone_dnssec.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "control/dnssec/dnssec.h"
#include "control/dnssec/dnssec_links.h"
#include "control/publish/zone_kept.h"

enum { PROGRESS_EVERY_MS = 10000 };

struct checking {
	const struct zone_entry *entry;
	uint64_t said_ms;
};

static void
check_warn(void *arg, const char *text)
{
	const struct checking *c = arg;

	log_warn("zone %s: DNSSEC: %s", c->entry->name, text);
}

/* Who waits for a large zone sees that it goes on. */
static void
check_progress(void *arg, uint64_t done, uint64_t total)
{
	struct checking *c = arg;
	uint64_t now = clock_ms(CLOCK_MONOTONIC);

	if (now - c->said_ms < PROGRESS_EVERY_MS)
		return;
	c->said_ms = now;
	log_info("zone %s: %llu of %llu signatures looked at", c->entry->name,
	    (unsigned long long)done, (unsigned long long)total);
}

static bool
is_checked_here(const struct zone_entry *e)
{
	/* what is signed here is held to what others' signers are */
	return e->dnssec_mode == ZONE_DNSSEC_VERIFY ||
	       e->dnssec_mode == ZONE_DNSSEC_WARN ||
	       e->dnssec_mode == ZONE_DNSSEC_SIGN;
}

/* The check itself, whatever the mode makes of its result. */
static int
version_check(const struct zone_table *t, const struct zone_entry *e,
    const struct zone_records *z, struct zone_dnssec *out, struct err *err)
{
	struct checking c = {.entry = e, .said_ms = clock_ms(CLOCK_MONOTONIC)};
	struct dnssec_options options = {.now = zone_table_now(t),
	    /* the signer's own policy says how long they live */
	    .horizon_s = e->dnssec_mode == ZONE_DNSSEC_SIGN ? 0 : t->horizon_s,
	    .before = e->dnssec.all_verified ? e->served : NULL,
	    .warn = check_warn,
	    .progress = check_progress,
	    .arg = &c};
	struct dnssec_result r;
	int rc = dnssec_check(z, &options, &r, err);

	*out = (struct zone_dnssec){.checked = rc == 0 || rc == ERR_REFUSED,
	    .is_signed = r.is_signed,
	    .all_verified = r.all_verified,
	    .faults = r.faults,
	    .expires_at = r.expires_at,
	    .valid_from = r.valid_from};
	return rc;
}

static void
dates_look(const struct zone_table *t, const struct zone_records *z,
    struct zone_dnssec *out)
{
	size_t n;

	*out = (struct zone_dnssec){.checked = true,
	    .is_signed =
		zone_records_find(z, z->apex, DNS_TYPE_DNSKEY, &n) != NULL,
	    .expires_at = dnssec_expires_at(z, zone_table_now(t))};
}

int
zone_dnssec_check(const struct zone_table *t, const struct zone_entry *e,
    const struct zone_records *z, struct zone_dnssec *out, struct err *err)
{
	int rc;

	if (!is_checked_here(e)) {
		dates_look(t, z, out);
		return 0;
	}
	rc = version_check(t, e, z, out, err);
	if (rc)
		err_add(err, "%s", e->file);
	if (rc != ERR_REFUSED || e->dnssec_mode != ZONE_DNSSEC_WARN)
		return rc;
	log_warn("zone %s: %s; it is served all the same (dnssec: warn)",
	    e->name, err->text);
	return 0;
}

/* --- links ---------------------------------------------------------------- */

static void
link_fault(void *arg, size_t member, bool refused, const char *why)
{
	struct zone_table *t = arg;
	struct zone_entry *e = &t->zones[member];
	struct err err;

	err_set(&err, ERR_REFUSED, "%s: %s", e->file, why);
	if (refused)
		zone_table_refuse(t, e, err.text);
	else
		log_warn("zone %s: %s", e->name, err.text);
}

int
zone_dnssec_links(struct zone_table *t, struct err *err)
{
	struct dnssec_member *members =
	    malloc((t->count + 1) * sizeof *members);
	int rc;

	if (!members)
		return err_set(
		    err, ERR_NO_MEMORY, "no memory to look at the zones");
	for (size_t i = 0; i < t->count; i++) {
		const struct zone_entry *e = &t->zones[i];
		bool take = e->wanted &&
		            (e->state != ZONE_CONDEMNED || e->signing.renewal);

		members[i] = (struct dnssec_member){.apex = e->apex,
		    .wanted = take ? e->wanted : NULL,
		    .served = e->served,
		    .skip = !is_checked_here(e),
		    .lax = e->dnssec_mode == ZONE_DNSSEC_WARN ||
		           e->dnssec_mode == ZONE_DNSSEC_OFF};
	}
	rc = dnssec_links_check(members, t->count, link_fault, t, err);
	free(members);
	return rc;
}

/* --- what is served ------------------------------------------------------- */

static void
served_check(struct zone_table *t, struct zone_entry *e)
{
	struct zone_dnssec found;
	struct err err;
	int rc = 0;

	if (is_checked_here(e))
		rc = version_check(t, e, e->served, &found, &err);
	else
		dates_look(t, e->served, &found);
	if (rc)
		log_warn("zone %s: what is served stays, but: %s", e->name,
		    err.text);
	found.checked = true; /* if there was no memory, not again at once */
	pthread_mutex_lock(&t->lock);
	e->dnssec = found;
	pthread_mutex_unlock(&t->lock);
}

bool
zone_dnssec_served(struct zone_table *t, uint64_t until_ms)
{
	for (; t->unchecked_from < t->count; t->unchecked_from++) {
		struct zone_entry *e = &t->zones[t->unchecked_from];

		if (!e->served || e->dnssec.checked)
			continue;
		if (clock_ms(CLOCK_MONOTONIC) >= until_ms)
			return true;
		served_check(t, e);
	}
	return false;
}

enum zone_alarm
zone_alarm_stage(const struct zone_table *t, uint64_t end, uint64_t now)
{
	if (end == DNSSEC_NEVER)
		return ALARM_NONE;
	if (end < now)
		return ALARM_OVER;
	return end - now < t->horizon_s ? ALARM_NEAR : ALARM_NONE;
}

void
zone_dnssec_alarms(struct zone_table *t, uint64_t now)
{
	for (size_t i = 0; i < t->count; i++) {
		struct zone_entry *e = &t->zones[i];
		uint64_t end = e->dnssec.expires_at;
		enum zone_alarm stage = ALARM_NONE;
		char when[32];

		if (e->served && e->dnssec.is_signed)
			stage = zone_alarm_stage(t, end, now);
		if (stage > e->alarm)
			log_error(
			    "zone %s: signatures of what is served %s %s; "
			    "it stays, sign the zone anew",
			    e->name, stage == ALARM_OVER ? "ended" : "end",
			    dnssec_time_text(when, end));
		if (stage == e->alarm)
			continue; /* nobody else writes it */
		pthread_mutex_lock(&t->lock);
		e->alarm = stage;
		pthread_mutex_unlock(&t->lock);
	}
	zones_kept_alarms(t, now);
}

bool
zone_dnssec_unverified(const struct zone_entry *e)
{
	return e->served && e->dnssec.is_signed &&
	       (!e->dnssec.all_verified || e->dnssec.faults);
}

const char *
zone_dnssec_word(const struct zone_entry *e)
{
	if (!e->served || !e->dnssec.checked)
		return "unknown";
	if (e->dnssec.faults)
		return "faults";
	if (!e->dnssec.is_signed)
		return "unsigned";
	return e->dnssec.all_verified ? "verified" : "unverified";
}
