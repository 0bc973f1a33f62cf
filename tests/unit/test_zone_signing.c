/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of control/publish/zone_signing.c: a zone that is signed here, its
 * file and its keys in a scratch directory, through the turns of holdfastd's
 * table; the time is said, and what is live, too.
 */
#include "control/publish/zone_signing.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "config/config.h"
#include "control/compile/compile.h"
#include "control/publish/zone_table.h"
#include "control/sign/key_roll.h"
#include "control/sign/sign_source.h"
#include "tests/unit/unit_run.h"
#include "tests/unit/zone_text.h"

enum {
	START = 1800000000,
	DAY = 86400,
	RETRY = 60, /* after a failure */
	BUSY = 1,   /* while somebody changes keys */
	LATER = START + DAY,
};

static char dir[UNIT_PATH_MAX], keys_path[UNIT_PATH_MAX];
static struct zone_table t;
static struct err err;
static int64_t keys_age; /* of the directory, counted up by hand */

static void
zone_put(const char *name, unsigned serial, const char *more)
{
	char text[200], path[UNIT_PATH_MAX];

	snprintf(text, sizeof text,
	    "$TTL 60\n@ SOA ns h %u 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n%s",
	    serial, more);
	ck_assert_int_eq(file_write(AT_FDCWD, unit_path(path, dir, name), 0644,
			     text, strlen(text), FILE_REPLACE, &err),
	    0);
}

/* A directory's time may be the same after two changes in a row; here each
 * change has a time of its own. */
static void
keys_touch(void)
{
	struct timespec times[2] = {{.tv_sec = ++keys_age}};

	times[1] = times[0];
	ck_assert_int_eq(utimensat(AT_FDCWD, keys_path, times, 0), 0);
}

static void
keys_make(const char *apex)
{
	const struct config_policy policy = {.algorithm = POLICY_ED25519};
	struct zone_keys *k = calloc(1, sizeof *k);
	struct key_directory d;
	const uint8_t *name = name_from_test(apex);

	ck_assert_ptr_nonnull(k);
	ck_assert_msg(
	    key_directory_open(&d, keys_path, true, &err) == 0, "%s", err.text);
	memcpy(k->apex, name, sizeof k->apex);
	ck_assert_int_eq(key_roll_create(k, &policy, t.now_s, &err), 0);
	ck_assert_int_eq(key_directory_add(&d, k, &k->keys[0], &err), 0);
	ck_assert_int_eq(key_directory_write(&d, k, &err), 0);
	key_directory_close(&d);
	zone_keys_fini(k);
	free(k);
	keys_touch();
}

/* The state of a zone's keys goes away, or comes back. */
static void
keys_move(const char *from, const char *to)
{
	char a[UNIT_PATH_MAX + 64], b[UNIT_PATH_MAX + 64];

	snprintf(a, sizeof a, "%s/%s", keys_path, from);
	snprintf(b, sizeof b, "%s/%s", keys_path, to);
	ck_assert_int_eq(rename(a, b), 0);
	keys_touch();
}

#define KEYS_STATE "Ksigned.test.+state.json"

static void
configure(unsigned validity_days)
{
	struct bytes text = {0};
	struct config *c = NULL;
	char path[UNIT_PATH_MAX];

	bytes_printf(&text,
	    "control: {keys: %s}\n"
	    "policies:\n  - {name: default, validity_s: %u, "
	    "cds: \"off\"}\n"
	    "zones:\n"
	    "  - {name: signed.test, file: signed, dnssec: sign}\n"
	    "  - {name: plain.test, file: plain}\n",
	    keys_path, validity_days * DAY);
	ck_assert_msg(config_parse(&c, unit_path(path, dir, "x.yaml"),
			  text.data, text.len, &err) == 0,
	    "%s", err.text);
	ck_assert_int_eq(zone_table_configure(&t, c, &err), 0);
	config_free(&c);
	bytes_fini(&text);
}

static struct zone_entry *
zone(void)
{
	return zone_table_find(&t, name_from_test("signed.test."));
}

static size_t
count_of(const struct zone_records *z, uint16_t type)
{
	size_t n = 0;

	return zone_records_find(z, z->apex, type, &n) ? n : 0;
}

static void
turn_at(uint64_t now)
{
	t.now_s = now;
	zone_table_read(&t, false);
}

/* As a turn does whose generation got live; with `why`, the compiler refused
 * the signed zone. */
static void
went_live(const char *why)
{
	struct compile_zone c[2] = {0};
	struct zone_entry *e[2];
	size_t n = 0;

	for (size_t i = 0; i < t.count; i++) {
		struct zone_entry *z = &t.zones[i];

		if (!z->wanted ||
		    (z->state == ZONE_CONDEMNED && !z->signing.renewal))
			continue;
		c[n] = (struct compile_zone){.records = z->wanted};
		if (why && z == zone()) {
			c[n].why = &err;
			c[n].status = err_set(&err, ERR_REFUSED, "%s", why);
		}
		e[n++] = z;
	}
	zone_table_went_live(&t, c, e, n, t.now_s);
	t.pending = false;
}

static void
start(bool with_keys)
{
	unit_directory_make(dir);
	unit_path(keys_path, dir, "keys");
	zone_table_init(&t);
	t.settle_ms = 0;
	t.now_s = START;
	keys_age = START;
	ck_assert_int_eq(mkdir(keys_path, 0700), 0);
	if (with_keys)
		keys_make("signed.test.");
	zone_put("signed", 1, "");
	zone_put("plain", 1, "");
	configure(14);
	turn_at(START);
}

/* Served, its keys seen in what is served, nothing to do for days. */
static void
start_served(void)
{
	start(true);
	went_live(NULL);
	turn_at(START);
	/* the DS of its key may be at the parent: a step, but nothing new */
	turn_at(zone()->signing.due);
	ck_assert_ptr_null(zone()->wanted);
	ck_assert_int_eq(zone()->state, ZONE_SERVED);
	ck_assert_uint_gt(zone()->signing.due, START + DAY);
	t.signatures_made = t.signatures_kept = 0;
}

static void
stop(void)
{
	zone_table_fini(&t);
	unit_directory_remove(dir);
}

START_TEST(a_source_is_signed_when_it_is_read)
{
	const struct zone_entry *e;

	start(true);
	e = zone();
	ck_assert_int_eq(e->state, ZONE_WAITING);
	ck_assert_uint_eq(e->wanted->serial, 1);
	ck_assert_uint_eq(count_of(e->wanted, DNS_TYPE_DNSKEY), 1);
	/* 14 days from now at most, spread over one */
	ck_assert_uint_gt(e->signing.ends_first, START + 13 * DAY - 1);
	ck_assert_uint_le(e->signing.ends_first, START + 14 * DAY);
	/* again when 7 are left */
	ck_assert_uint_eq(e->signing.due, e->signing.ends_first - 7 * DAY);
	ck_assert_uint_eq(t.sign_due, e->signing.due);
	ck_assert(e->signing.awaits_live);
	ck_assert_uint_gt(t.signatures_made, 0);
	/* not the one beside it */
	e = zone_table_find(&t, name_from_test("plain.test."));
	ck_assert_uint_eq(count_of(e->wanted, DNS_TYPE_DNSKEY), 0);
	ck_assert_uint_eq(e->signing.due, 0);
	/* what its key waits for has happened: the key is looked at again */
	went_live(NULL);
	ck_assert(!zone()->signing.awaits_live);
	ck_assert_uint_eq(zone()->signing.due, START);
	turn_at(START);
	ck_assert_ptr_null(zone()->wanted);
	ck_assert_uint_gt(zone()->signing.due, START);
	stop();
}
END_TEST

START_TEST(signatures_are_renewed_in_time)
{
	uint64_t due, ends;

	start_served();
	due = zone()->signing.due;
	ends = zone()->signing.ends_first;
	turn_at(due - 1);
	ck_assert_ptr_null(zone()->wanted);
	ck_assert(!t.pending);
	turn_at(due);
	ck_assert(t.pending && zone()->signing.renewal);
	ck_assert_int_eq(zone()->state, ZONE_SERVED);
	ck_assert_uint_eq(zone()->wanted->serial, 2);
	ck_assert_uint_gt(t.signatures_made, 0);
	ck_assert_uint_gt(zone()->signing.ends_first, ends);
	went_live(NULL);
	ck_assert(!zone()->signing.renewal);
	ck_assert_int_eq(zone()->state, ZONE_SERVED);
	ck_assert_uint_eq(zone()->served->serial, 2);
	ck_assert_uint_gt(zone()->signing.due, due);
	ck_assert_uint_eq(t.sign_due, zone()->signing.due);
	stop();
}
END_TEST

/* One that is not live yet is signed again as well. */
START_TEST(what_waits_is_renewed_too)
{
	start_served();
	zone_put("signed", 5, "www A 192.0.2.2\n");
	zone_table_look(&t, zone());
	turn_at(LATER + 60);
	ck_assert_int_eq(zone()->state, ZONE_WAITING);
	ck_assert_uint_gt(t.signatures_kept, 0);
	turn_at(zone()->signing.due);
	ck_assert_int_eq(zone()->state, ZONE_WAITING);
	ck_assert(!zone()->signing.renewal);
	ck_assert_uint_eq(zone()->wanted->serial, 6);
	went_live(NULL);
	ck_assert_uint_eq(zone()->served->serial, 6);
	ck_assert_int_eq(zone()->state, ZONE_SERVED);
	stop();
}
END_TEST

START_TEST(renewal_goes_on_while_the_source_is_refused)
{
	const struct zone_entry *e;
	uint64_t due;

	start_served();
	due = zone()->signing.due;
	zone_put("signed", 2, "www A 1.2.3\n");
	zone_table_look(&t, zone());
	turn_at(due - 1);
	e = zone();
	ck_assert_int_eq(e->state, ZONE_REFUSED);
	ck_assert_ptr_null(e->wanted);
	turn_at(due);
	ck_assert(t.pending && e->signing.renewal);
	ck_assert_int_eq(e->state, ZONE_REFUSED);
	went_live(NULL);
	ck_assert_uint_eq(e->served->serial, 2);
	ck_assert_int_eq(e->state, ZONE_REFUSED);
	ck_assert_ptr_nonnull(strstr(e->why, "1.2.3"));
	/* and the source, once it is good, comes on top of that */
	zone_put("signed", 2, "www A 192.0.2.3\n");
	zone_table_look(&t, zone());
	turn_at(due + 60);
	ck_assert_int_eq(e->state, ZONE_WAITING);
	ck_assert_uint_eq(e->wanted->serial, 3);
	ck_assert_ptr_null(e->why);
	stop();
}
END_TEST

/* The compiler says no to a renewal: it is made again a minute later. */
START_TEST(a_refused_renewal_is_tried_again)
{
	uint64_t due;

	start_served();
	due = zone()->signing.due;
	turn_at(due);
	went_live("the proof says no");
	ck_assert_ptr_null(zone()->wanted);
	ck_assert(!zone()->signing.renewal);
	ck_assert_uint_eq(zone()->served->serial, 1);
	ck_assert_uint_eq(zone()->signing.due, due + RETRY);
	turn_at(due + RETRY - 1);
	ck_assert_ptr_null(zone()->wanted);
	turn_at(due + RETRY);
	ck_assert_uint_eq(zone()->wanted->serial, 2);
	went_live(NULL);
	ck_assert_uint_eq(zone()->served->serial, 2);
	stop();
}
END_TEST

/* A rollback left the newest version: what is live is renewed beside it. */
START_TEST(renewal_goes_on_beside_a_condemned_version)
{
	struct condemned_version condemned[2];

	start_served();
	zone_put("signed", 2, "www A 192.0.2.2\n");
	zone_table_look(&t, zone());
	turn_at(LATER + 1);
	/* the version, and what it was signed from */
	condemned[0].version = zone()->wanted->version;
	ck_assert_int_eq(
	    sign_source_digest(zone()->wanted, &condemned[1].version, &err), 0);
	for (unsigned i = 0; i < 2; i++)
		memcpy(
		    condemned[i].apex, zone()->apex, sizeof condemned[i].apex);
	t.condemned = condemned;
	t.ncondemned = 2;
	zone_table_look(&t, zone());
	turn_at(LATER + 2);
	ck_assert_int_eq(zone()->state, ZONE_CONDEMNED);
	/* when is a matter of what is served, so that is looked at */
	ck_assert_uint_eq(zone()->signing.due, LATER + 2 + BUSY);
	turn_at(LATER + 2 + BUSY);
	ck_assert_int_eq(zone()->state, ZONE_CONDEMNED);
	ck_assert_uint_gt(zone()->signing.due, LATER + DAY);
	turn_at(zone()->signing.due);
	ck_assert(t.pending && zone()->signing.renewal);
	ck_assert_int_eq(zone()->state, ZONE_CONDEMNED);
	ck_assert_ptr_null(zone_records_find(zone()->wanted,
	    name_from_test("www.signed.test."), DNS_TYPE_A, &(size_t){0}));
	went_live(NULL);
	ck_assert_uint_eq(zone()->served->serial, 2);
	ck_assert_int_eq(zone()->state, ZONE_CONDEMNED);
	/* signed by whatever serial, its source is condemned */
	zone_table_look(&t, zone());
	turn_at(t.now_s + 1);
	ck_assert_int_eq(zone()->state, ZONE_CONDEMNED);
	ck_assert(!t.pending);
	stop();
}
END_TEST

START_TEST(keys_vanish_and_come_back)
{
	const struct zone_entry *e;

	start_served();
	e = zone();
	keys_move(KEYS_STATE, "elsewhere");
	turn_at(LATER + 100);
	ck_assert_ptr_nonnull(e->signing.why);
	ck_assert_ptr_nonnull(strstr(e->signing.why, "no keys of the zone"));
	ck_assert_uint_eq(t.signing_failed, 1);
	/* of what is served nothing has become worse */
	ck_assert_int_eq(e->state, ZONE_SERVED);
	ck_assert_ptr_null(e->wanted);
	ck_assert_uint_eq(e->signing.due, LATER + 100 + RETRY);
	turn_at(LATER + 100 + RETRY - 1);
	ck_assert_uint_eq(t.signing_failed, 1);
	turn_at(LATER + 100 + RETRY);
	ck_assert_uint_eq(t.signing_failed, 2);
	/* seen at once, not at the next try */
	keys_move("elsewhere", KEYS_STATE);
	turn_at(LATER + 100 + RETRY + 1);
	ck_assert_ptr_null(e->signing.why);
	ck_assert_uint_eq(t.signing_failed, 2);
	ck_assert_uint_gt(e->signing.due, LATER + DAY);
	stop();
}
END_TEST

/* Others of the zone would make it bogus for those who validate. */
START_TEST(other_keys_are_refused)
{
	start_served();
	keys_move(KEYS_STATE, "elsewhere");
	keys_make("signed.test.");
	turn_at(LATER + 100);
	ck_assert_ptr_nonnull(
	    strstr(zone()->signing.why, "is signed with keys that are not in"));
	ck_assert_int_eq(zone()->state, ZONE_SERVED);
	ck_assert_ptr_null(zone()->wanted);
	stop();
}
END_TEST

START_TEST(keys_that_come_late)
{
	start(false);
	ck_assert_int_eq(zone()->state, ZONE_REFUSED);
	ck_assert_ptr_nonnull(strstr(zone()->why, "can't be signed"));
	ck_assert_ptr_nonnull(strstr(zone()->why, "holdfast keys create"));
	ck_assert_ptr_null(zone()->wanted);
	ck_assert(zone()->signing.source_failed);
	went_live(NULL);
	turn_at(START + RETRY - 1);
	ck_assert_uint_eq(t.signing_failed, 1);
	turn_at(START + RETRY);
	ck_assert_uint_eq(t.signing_failed, 2);
	/* of another zone: not ours */
	keys_make("plain.test.");
	turn_at(START + RETRY + 1);
	ck_assert_uint_eq(t.signing_failed, 2);
	keys_make("signed.test.");
	turn_at(START + RETRY + 2);
	ck_assert_int_eq(zone()->state, ZONE_WAITING);
	ck_assert_ptr_null(zone()->why);
	ck_assert_ptr_null(zone()->signing.why);
	ck_assert(!zone()->signing.source_failed);
	stop();
}
END_TEST

/* `holdfast keys` at work: not an error, a second later it is done. */
START_TEST(keys_that_are_being_changed)
{
	struct key_directory d;
	uint64_t due;

	start_served();
	due = zone()->signing.due;
	ck_assert_int_eq(key_directory_open(&d, keys_path, false, &err), 0);
	ck_assert_int_eq(key_directory_lock(&d, 0, &err), 0);
	turn_at(due);
	ck_assert_ptr_null(zone()->wanted);
	ck_assert_uint_eq(zone()->signing.due, due + BUSY);
	/* a new version waits, and is not refused */
	zone_put("signed", 2, "www A 192.0.2.2\n");
	zone_table_look(&t, zone());
	t.now_s = due;
	ck_assert_uint_gt(zone_table_read(&t, false), 0);
	ck_assert_int_eq(zone()->state, ZONE_SERVED);
	ck_assert(zone()->look);
	ck_assert_uint_eq(t.signing_failed, 0);
	key_directory_close(&d);
	turn_at(due + BUSY);
	ck_assert_int_eq(zone()->state, ZONE_WAITING);
	ck_assert_uint_eq(zone()->wanted->serial, 2);
	ck_assert_ptr_null(zone()->signing.why);
	stop();
}
END_TEST

/* A file with signatures of its own is no source for a signer. */
START_TEST(a_signed_source_is_refused)
{
	start_served();
	zone_put("signed", 2, "@ DNSKEY 257 3 15 AwEAAcw=\n");
	zone_table_look(&t, zone());
	turn_at(LATER + 1);
	ck_assert_int_eq(zone()->state, ZONE_REFUSED);
	ck_assert_ptr_nonnull(strstr(zone()->why, "can't be signed"));
	ck_assert_uint_eq(zone()->signing.due, LATER + 1 + RETRY);
	ck_assert_uint_eq(zone()->served->serial, 1);
	stop();
}
END_TEST

START_TEST(another_policy_signs_again)
{
	uint64_t due, ends;

	start_served();
	due = zone()->signing.due;
	ends = zone()->signing.ends_first;
	configure(14);
	ck_assert_uint_eq(zone()->signing.due, due);
	ck_assert_uint_eq(t.sign_due, due);
	turn_at(LATER + 1);
	ck_assert_ptr_null(zone()->wanted);
	configure(28);
	turn_at(LATER + 2);
	/* those that hold long enough are kept, so nothing is new yet */
	ck_assert_uint_eq(zone()->signing.policy.validity_s, 28 * DAY);
	ck_assert_uint_eq(zone()->signing.ends_first, ends);
	turn_at(zone()->signing.due);
	ck_assert_ptr_nonnull(zone()->wanted);
	ck_assert_uint_gt(zone()->signing.ends_first, t.now_s + 6 * DAY);
	stop();
}
END_TEST

UNIT_MAIN("zone_signing", a_source_is_signed_when_it_is_read,
    signatures_are_renewed_in_time, what_waits_is_renewed_too,
    renewal_goes_on_while_the_source_is_refused,
    a_refused_renewal_is_tried_again,
    renewal_goes_on_beside_a_condemned_version, keys_vanish_and_come_back,
    other_keys_are_refused, keys_that_come_late, keys_that_are_being_changed,
    a_signed_source_is_refused, another_policy_signs_again)
