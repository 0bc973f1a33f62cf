/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the sources of the zones say now (zone_table.h): which are to be looked
 * at, when a file is at rest, and what becomes of a version that was read.
 * Worker thread only; jemalloc by way of malloc.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/name.h"
#include "control/dnssec/dnssec.h"
#include "control/parser/parser.h"
#include "control/publish/zone_dnssec.h"
#include "control/publish/zone_signing.h"
#include "control/publish/zone_table.h"
#include "control/source/watch.h"
#include "control/source/zonefile.h"

static void
zone_warn(void *arg, const char *text)
{
	const struct zone_entry *e = arg;

	log_warn("zone %s: %s", e->name, text);
}

/* The version that was read is what it is, is new, or must not come back. */
static void
zone_take(struct zone_entry *e, struct zone_table *t, struct zone_records *read)
{
	struct err left;
	/* whoever took it back has said why, and knows more */
	bool said =
	    e->state == ZONE_CONDEMNED && e->why &&
	    (!e->wanted || digest_equal(&e->wanted->version, &read->version));

	zone_records_free(e->wanted);
	e->wanted = NULL;
	e->signing.renewal = false;
	if (e->served && digest_equal(&read->version, &e->served->version)) {
		zone_records_free(read);
		zone_table_say_locked(e, ZONE_SERVED, NULL);
		return;
	}
	e->wanted = read;
	if (zone_table_is_condemned(t, e->apex, &read->version) ||
	    zone_source_is_condemned(t, e, read)) {
		err_set(&left, ERR_REFUSED,
		    "this version was taken back (a rollback, or a canary that "
		    "failed); change the source, or run "
		    "\"holdfast release %s\"",
		    e->name);
		if (!said)
			zone_table_say_locked(e, ZONE_CONDEMNED, left.text);
		zone_signing_aside(t, e);
		return;
	}
	t->pending = true;
	/* what was refused is, until somebody says otherwise: whoever looks
	 * meanwhile is told why, and the log has it once */
	if (e->state != ZONE_REFUSED ||
	    !digest_equal(&e->refused, &e->wanted->version))
		zone_table_say_locked(e, ZONE_WAITING, NULL);
}

/* How long until the zone's files have been left alone for settle_ms; those
 * that were renamed into place need not. A time stamp in the future says
 * nothing. */
static unsigned
zone_unsettled_ms(const struct zone_entry *e, const struct zone_table *t)
{
	struct timespec now;
	int64_t wait = 0;

	clock_gettime(CLOCK_REALTIME, &now);
	for (size_t i = 0; i < e->stamp.count + 1; i++) {
		const char *path = i ? e->stamp.files[i - 1].path : e->file;
		struct stat st;
		int64_t age;

		if (stat(path, &st) != 0 ||
		    (t->watch && watch_is_whole(t->watch, path)))
			continue;
		age = (now.tv_sec - st.st_mtim.tv_sec) * 1000 +
		      (now.tv_nsec - st.st_mtim.tv_nsec) / 1000000;
		if (age >= 0 && (int64_t)t->settle_ms - age > wait)
			wait = (int64_t)t->settle_ms - age;
	}
	return (unsigned)wait;
}

/* A version that time alone makes sound is read again when it is. */
static void
zone_retry_set(
    struct zone_entry *e, struct zone_table *t, uint64_t at, struct err *err)
{
	struct err why = *err;
	char when[32];

	e->retry_at = at;
	if (!t->retry_due || at < t->retry_due)
		t->retry_due = at;
	err_set(err, why.code, "%s; it is tried again %s", why.text,
	    dnssec_time_text(when, at));
}

static void
zones_retry_due(struct zone_table *t, uint64_t now)
{
	if (!t->retry_due || now < t->retry_due)
		return;
	t->retry_due = 0;
	for (size_t i = 0; i < t->count; i++) {
		struct zone_entry *e = &t->zones[i];

		if (e->retry_at && e->retry_at <= now) {
			e->retry_at = 0;
			zone_table_look(t, e);
		} else if (e->retry_at &&
			   (!t->retry_due || e->retry_at < t->retry_due)) {
			t->retry_due = e->retry_at;
		}
	}
}

/* A version that is not served yet is checked. */
static int
zone_prove_dnssec(struct zone_entry *e, struct zone_table *t,
    const struct zone_records *read, struct err *err)
{
	struct zone_dnssec known = {0};
	int rc;

	if (e->served && digest_equal(&read->version, &e->served->version))
		return 0;
	rc = zone_iterations_check(read, t->nsec3_iterations_max, err);
	if (rc < 0)
		err_add(err, "%s", e->file);
	else
		rc = zone_dnssec_check(t, e, read, &known, err);
	if (rc == 0)
		e->wanted_dnssec = known;
	else if (rc == ERR_REFUSED && known.valid_from)
		zone_retry_set(e, t, known.valid_from, err);
	return rc;
}

/* The stamp takes the place of the one before, and its files are watched.
 * Nobody knows which files a parser that died would have read: then those of
 * before, if there are any, go on being watched. */
static void
zone_stamp_take(struct zone_entry *e, struct zone_table *t,
    struct zonefile_stamp *stamp, bool died)
{
	struct err err;

	if (died && e->stamp.count) {
		zonefile_stamp_fini(stamp);
		return;
	}
	if (t->watch && watch_follow(t->watch, &e->stamp, stamp, e->watched,
			    (int64_t)clock_ms(CLOCK_MONOTONIC), &err) != 0)
		log_warn(
		    "zone %s: changes will not be seen: %s", e->name, err.text);
	pthread_mutex_lock(&t->lock);
	zonefile_stamp_fini(&e->stamp);
	e->stamp = *stamp;
	pthread_mutex_unlock(&t->lock);
}

/* Takes what was asked for. Returns false if a file changed while it was read.
 */
static bool
zone_read(struct zone_entry *e, struct zone_table *t)
{
	struct zonefile_stamp stamp = {0};
	struct zonefile_options options = {
	    .warn = zone_warn, .arg = e, .stamp = &stamp};
	struct zone_records *read = NULL;
	struct err err = {0};
	int rc = t->parser
	             ? parser_take(t->parser, &read, &options, &err)
	             : zonefile_load(&read, e->file, e->apex, &options, &err);
	bool loaded = rc == 0, died = rc == ERR_UNAVAILABLE;

	e->retry_at = 0;
	if (rc == 0 && e->signing.on)
		rc = zone_sign(t, e, &read, &err);
	if (rc == 0)
		rc = zone_prove_dnssec(e, t, read, &err);
	zone_stamp_take(e, t, &stamp, died);
	pthread_mutex_lock(&t->lock);
	e->look = rc == ERR_BUSY;
	/* what could not be signed, or did not pass by its dates, or what a
	 * parser died of, may pass without a change: the next look reads again
	 */
	e->unread = rc && (loaded || died || rc == ERR_BUSY);
	if (rc == 0) {
		zone_take(e, t, read);
	} else if (rc != ERR_BUSY) {
		zone_records_free(e->wanted);
		e->wanted = NULL;
		e->signing.renewal = false;
		zone_table_refuse_locked(e, err.text);
	}
	if (rc && loaded)
		zone_records_free(read);
	pthread_mutex_unlock(&t->lock);
	return rc != ERR_BUSY;
}

/* The files are as they were, but the version may have been released, or what
 * is live may be something else now. Returns whether they must be read all the
 * same. */
static bool
zone_look_again(struct zone_entry *e, struct zone_table *t)
{
	/* a renewal is not what the files say */
	struct zone_records *same = e->signing.renewal ? NULL : e->wanted;

	if (!same && e->unread)
		return true;
	pthread_mutex_lock(&t->lock);
	e->look = e->unread = false;
	if (same) {
		e->wanted = NULL;
		zone_take(e, t, same);
	}
	pthread_mutex_unlock(&t->lock);
	return false;
}

size_t
zone_table_notice(struct zone_table *t, int64_t now)
{
	struct watch_change changes[64];
	size_t n, all = 0;

	do {
		n = watch_ready(t->watch, now, changes, 64);
		for (size_t i = 0; i < n; i++) {
			struct zone_entry *e =
			    zone_table_find(t, changes[i].cookie);

			if (e)
				zone_table_look(t, e);
		}
		all += n;
	} while (n == 64);
	return all;
}

/* What reading some zones has come to. */
struct zones_reading {
	struct zone_table *t;
	unsigned again; /* as of zone_table_read() */
	/* asked for, and not taken yet */
	struct zone_entry *asked[PARSER_AHEAD_MAX];
	unsigned first, count;
};

/* It is to be looked at again, in so many milliseconds. */
static void
reading_again(struct zones_reading *r, struct zone_entry *e, unsigned wait)
{
	zone_table_look(r->t, e);
	if (!r->again || wait < r->again)
		r->again = wait;
}

/* The oldest of what was asked for. */
static void
reading_take(struct zones_reading *r)
{
	struct zone_entry *e = r->asked[r->first];

	r->first = (r->first + 1) % PARSER_AHEAD_MAX;
	r->count--;
	if (!zone_read(e, r->t))
		reading_again(r, e, r->t->settle_ms + 1);
}

/* Asks for the zone's files, if they have changed and are at rest. */
static void
reading_ask(struct zones_reading *r, struct zone_entry *e)
{
	struct zone_table *t = r->t;
	unsigned wait;
	struct err err;

	if (e->trial) {
		e->look_later = true;
		return;
	}
	if (e->stamp.count && zonefile_stamp_unchanged(&e->stamp) &&
	    !zone_look_again(e, t))
		return;
	wait = zone_unsettled_ms(e, t);
	if (wait) {
		reading_again(r, e, wait);
		return;
	}
	while (r->count == PARSER_AHEAD_MAX)
		reading_take(r);
	if (t->parser &&
	    parser_ask(t->parser, e->file, e->apex, 0, &err) != 0) {
		pthread_mutex_lock(&t->lock);
		zone_table_refuse_locked(e, err.text);
		pthread_mutex_unlock(&t->lock);
		e->look = false;
		return;
	}
	e->look = false; /* named twice, asked for once */
	r->asked[(r->first + r->count++) % PARSER_AHEAD_MAX] = e;
	if (!t->parser)
		reading_take(r);
}

unsigned
zone_table_read(struct zone_table *t, bool force)
{
	struct zones_reading r = {.t = t};
	struct zone_entry *list[ZONES_LISTED];
	size_t count;
	bool all;

	zones_sign_due(t, zone_table_now(t));
	zones_retry_due(t, zone_table_now(t));
	if (!t->looks && !force)
		return 0;
	all = force || t->all_look;
	count = all ? t->count : t->nlooking;
	memcpy(list, t->looking, sizeof list);
	t->nlooking = 0;
	t->looks = t->all_look = false;
	for (size_t i = 0; i < count; i++) {
		struct zone_entry *e = all ? &t->zones[i] : list[i];

		if (e->look || force)
			reading_ask(&r, e);
	}
	while (r.count)
		reading_take(&r);
	return r.again;
}
