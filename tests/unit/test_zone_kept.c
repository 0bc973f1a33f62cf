/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of control/publish/zone_kept.c: a signed zone goes out of the
 * configuration and is served on; its keys in a scratch directory, the time and
 * what is live are said.
 */
#include "control/publish/zone_kept.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "control/dnssec/dnssec.h"
#include "control/publish/zone_dnssec.h"
#include "control/publish/zone_trial.h"
#include "control/sign/key_roll.h"
#include "tests/unit/unit_run.h"
#include "tests/unit/zone_text.h"

enum { START = 1800000000, DAY = 86400, FAILED = 3600, REFUSED = 60 };

#define SIGNED                                                                 \
	"  - {name: signed.test, file: signed, dnssec: sign, policy: own}\n"
#define PLAIN "  - {name: plain.test, file: plain}\n"

static char dir[UNIT_PATH_MAX], keys_path[UNIT_PATH_MAX];
static struct zone_table t;
static struct err err;
static int64_t keys_age;

static void
zone_put(const char *name)
{
	static const char text[] = "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\n"
				   "ns A 192.0.2.1\n";
	char path[UNIT_PATH_MAX];

	ck_assert_int_eq(file_write(AT_FDCWD, unit_path(path, dir, name), 0644,
			     text, sizeof text - 1, FILE_REPLACE, &err),
	    0);
}

/* A change of the directory has a time of its own. */
static void
keys_touch(void)
{
	struct timespec times[2] = {{.tv_sec = ++keys_age}};

	times[1] = times[0];
	ck_assert_int_eq(utimensat(AT_FDCWD, keys_path, times, 0), 0);
}

static void
keys_make(void)
{
	const struct config_policy policy = {.algorithm = POLICY_ED25519};
	const uint8_t *name = name_from_test("signed.test.");
	struct zone_keys *k = calloc(1, sizeof *k);
	struct key_directory d;

	ck_assert_ptr_nonnull(k);
	ck_assert_int_eq(key_directory_open(&d, keys_path, true, &err), 0);
	memcpy(k->apex, name, sizeof k->apex);
	ck_assert_int_eq(key_roll_create(k, &policy, t.now_s, &err), 0);
	ck_assert_int_eq(key_directory_add(&d, k, &k->keys[0], &err), 0);
	ck_assert_int_eq(key_directory_write(&d, k, &err), 0);
	key_directory_close(&d);
	zone_keys_fini(k);
	free(k);
	keys_touch();
}

static void
keys_move(const char *from, const char *to)
{
	char a[UNIT_PATH_MAX + 64], b[UNIT_PATH_MAX + 64];

	snprintf(a, sizeof a, "%s/Ksigned.test.+state.json%s", keys_path, from);
	snprintf(b, sizeof b, "%s/Ksigned.test.+state.json%s", keys_path, to);
	ck_assert_int_eq(rename(a, b), 0);
	keys_touch();
}

static void
configure(const char *zones)
{
	struct bytes text = {0};
	struct config *c = NULL;
	char path[UNIT_PATH_MAX];

	bytes_printf(&text,
	    "control: {keys: %s}\n"
	    "policies:\n  - {name: own, denial: nsec3, zonemd: true,\n"
	    "     dnskey_ttl_s: 77, cds: \"off\"}\n"
	    "zones:\n%s",
	    keys_path, zones);
	ck_assert_msg(config_parse(&c, unit_path(path, dir, "x.yaml"),
			  text.data, text.len, &err) == 0,
	    "%s", err.text);
	ck_assert_int_eq(zone_table_configure(&t, c, &err), 0);
	config_free(&c);
	bytes_fini(&text);
}

static void
turn_at(uint64_t now)
{
	t.now_s = now;
	zone_table_read(&t, false);
}

/* What goes to the compiler in a turn, which lets everything pass, or refuses
 * what is leaving. */
static struct compile_zone zones[4];
static struct zone_entry *entries[4];
static size_t count;

static void
compile(bool keeps, bool refuses)
{
	static struct err why;

	count = 0;
	for (size_t i = 0; i < t.count; i++) {
		struct zone_entry *e = &t.zones[i];

		zones[count] = (struct compile_zone){
		    .records = e->wanted ? e->wanted : e->served,
		    .last_good = e->served};
		entries[count++] = e;
	}
	for (size_t i = 0; keeps && i < t.nleaving; i++) {
		const struct zone_leaving *l = &t.leaving[i];

		zones[count] = (struct compile_zone){
		    .records = l->renewed ? l->renewed : l->records,
		    .last_good = l->records};
		if (refuses) {
			zones[count].why = &why;
			zones[count].status = err_set(&why, ERR_REFUSED, "bad");
		}
		entries[count++] = NULL;
	}
	t.pending = false;
}

static void
went_live(void)
{
	compile(true, false);
	zone_table_went_live(&t, zones, entries, count, t.now_s);
}

/* plain.test comes before signed.test in canonical order. */
static struct zone_leaving *
left(void)
{
	ck_assert_uint_eq(t.nleaving, 1);
	return &t.leaving[0];
}

static size_t
count_of(const struct zone_records *z, uint16_t type)
{
	size_t n = 0;

	return zone_records_find(z, z->apex, type, &n) ? n : 0;
}

/* The signed zone is live, and configured no more; a turn has kept it. */
static void
start(void)
{
	unit_directory_make(dir);
	unit_path(keys_path, dir, "keys");
	zone_table_init(&t);
	t.horizon_s = 3 * DAY;
	t.now_s = keys_age = START;
	ck_assert_int_eq(mkdir(keys_path, 0700), 0);
	keys_make();
	zone_put("signed");
	zone_put("plain");
	configure(SIGNED PLAIN);
	turn_at(START);
	went_live();
	turn_at(START);
	went_live();
	configure(PLAIN);
	turn_at(START);
	/* not before it is known that it stays */
	ck_assert(!left()->renews && !left()->sign_due && !left()->renewed);
	went_live();
	ck_assert(left()->renews);
	turn_at(START);
	ck_assert_ptr_null(left()->renewed);
	ck_assert_uint_gt(left()->sign_due, START + DAY);
	ck_assert_uint_eq(t.sign_due, left()->sign_due);
}

static void
stop(void)
{
	zone_table_fini(&t);
	unit_directory_remove(dir);
}

START_TEST(it_is_signed_again_in_time)
{
	uint64_t due, end;
	uint32_t serial;

	start();
	due = left()->sign_due;
	serial = left()->records->serial;
	zone_dnssec_alarms(&t, START);
	end = left()->expires_at;
	ck_assert_uint_gt(end, due);
	turn_at(due - 1);
	ck_assert_ptr_null(left()->renewed);
	ck_assert(!t.pending);
	turn_at(due);
	ck_assert(t.pending);
	ck_assert_uint_eq(left()->renewed->serial, serial + 1);
	went_live();
	ck_assert_ptr_null(left()->renewed);
	ck_assert_uint_eq(left()->records->serial, serial + 1);
	/* as it was signed before, whatever the policy "default" says */
	ck_assert_uint_eq(count_of(left()->records, DNS_TYPE_NSEC3PARAM), 1);
	ck_assert_uint_eq(count_of(left()->records, DNS_TYPE_ZONEMD), 1);
	ck_assert_uint_eq(count_of(left()->records, DNS_TYPE_CDS), 0);
	/* and so on */
	zone_dnssec_alarms(&t, due);
	ck_assert_uint_gt(left()->expires_at, end);
	turn_at(due + 1);
	ck_assert_ptr_null(left()->renewed);
	ck_assert_uint_gt(left()->sign_due, due + 1);
	turn_at(left()->sign_due);
	ck_assert_uint_eq(left()->renewed->serial, serial + 2);
	/* over a reload, too */
	configure(PLAIN);
	ck_assert_uint_eq(t.sign_due, left()->sign_due);
	went_live();
	ck_assert_uint_eq(left()->records->serial, serial + 2);
	stop();
}
END_TEST

/* In a canary that is taken back, and in the next one. */
START_TEST(it_goes_through_a_canary)
{
	uint32_t serial;

	start();
	serial = left()->records->serial;
	turn_at(left()->sign_due);
	compile(true, false);
	zone_trial_begin(&t, zones, entries, count, "on trial");
	turn_at(t.now_s + 1); /* waits until that is decided */
	ck_assert(left()->renewal_tried);
	zone_trial_return(&t);
	ck_assert(t.pending && !left()->renewal_tried);
	ck_assert_uint_eq(left()->records->serial, serial);
	compile(true, false);
	zone_trial_begin(&t, zones, entries, count, "on trial");
	zone_trial_commit(&t, false, t.now_s);
	ck_assert_uint_eq(left()->records->serial, serial + 1);
	ck_assert_ptr_null(left()->renewed);
	stop();
}
END_TEST

START_TEST(what_does_not_pass_is_tried_again)
{
	uint64_t due;
	uint32_t serial;

	start();
	due = left()->sign_due;
	serial = left()->records->serial;
	turn_at(due);
	compile(true, true);
	zone_table_went_live(&t, zones, entries, count, t.now_s);
	ck_assert_ptr_null(left()->renewed);
	ck_assert_uint_eq(left()->records->serial, serial);
	ck_assert_uint_eq(left()->sign_due, due + REFUSED);
	turn_at(due + REFUSED);
	ck_assert_ptr_nonnull(left()->renewed);
	/* let go in the end, signed again or not */
	compile(false, false);
	zone_table_went_live(&t, zones, entries, count, t.now_s);
	ck_assert_uint_eq(t.nleaving, 0);
	stop();
}
END_TEST

START_TEST(keys_that_are_gone_are_an_alarm)
{
	struct zone_kept_counts counts;
	uint64_t due, end;

	start();
	due = left()->sign_due;
	keys_move("", ".away");
	turn_at(due);
	ck_assert_ptr_null(left()->renewed);
	ck_assert_ptr_nonnull(strstr(left()->why, "restore them"));
	ck_assert_uint_eq(left()->sign_due, due + FAILED);
	zone_dnssec_alarms(&t, due);
	end = left()->expires_at;
	ck_assert_int_eq(left()->alarm, ALARM_NONE);
	zones_kept_count(&t, &counts);
	ck_assert_uint_eq(counts.signing_fails, 1);
	ck_assert_uint_eq(counts.signatures_ending, 0);
	ck_assert_uint_eq(counts.signatures_end, end);
	zone_dnssec_alarms(&t, end - 3 * DAY + 1);
	ck_assert_int_eq(left()->alarm, ALARM_NEAR);
	zone_dnssec_alarms(&t, end + 1);
	ck_assert_int_eq(left()->alarm, ALARM_OVER);
	zones_kept_count(&t, &counts);
	ck_assert_uint_eq(counts.signatures_ending, 1);
	/* they are back: at once */
	keys_move(".away", "");
	turn_at(due + 1);
	ck_assert_ptr_nonnull(left()->renewed);
	ck_assert_ptr_null(left()->why);
	went_live();
	zone_dnssec_alarms(&t, due + 1);
	ck_assert_int_eq(left()->alarm, ALARM_NONE);
	stop();
}
END_TEST

/* After a restart nobody has ever seen it configured. */
START_TEST(it_is_signed_again_after_a_restart)
{
	struct zone_records **live = calloc(1, sizeof *live);
	uint64_t due;

	start();
	due = left()->sign_due;
	live[0] = left()->records;
	left()->records = NULL;
	ck_assert_int_eq(zone_table_set_live(&t, live, 1, &err), 0);
	turn_at(due);
	ck_assert_ptr_null(left()->renewed);
	went_live();
	turn_at(due);
	ck_assert_ptr_nonnull(left()->renewed);
	stop();
}
END_TEST

START_TEST(it_is_configured_again)
{
	struct zone_entry *e;
	uint32_t serial;

	start();
	serial = left()->records->serial;
	turn_at(left()->sign_due);
	/* while clients try what was signed again */
	compile(true, false);
	zone_trial_begin(&t, zones, entries, count, "on trial");
	configure(SIGNED PLAIN);
	ck_assert_uint_eq(t.nleaving, 0);
	e = zone_table_find(&t, name_from_test("signed.test."));
	ck_assert_uint_eq(e->served->serial, serial);
	ck_assert_uint_eq(e->trial->serial, serial + 1);
	zone_trial_commit(&t, false, t.now_s);
	ck_assert_uint_eq(e->served->serial, serial + 1);
	stop();
}
END_TEST

START_TEST(a_clock_that_is_set_back_signs_nothing)
{
	start();
	zones_kept_plan(&t, START - 30 * DAY);
	ck_assert_uint_eq(left()->sign_due, START - 30 * DAY);
	turn_at(START - 30 * DAY);
	ck_assert_ptr_null(left()->renewed);
	ck_assert_ptr_nonnull(strstr(left()->why, "what is served begin at"));
	ck_assert(t.sign_clock.contradicted);
	/* it is right again: what is there is good for a while */
	zones_kept_plan(&t, START);
	turn_at(START);
	ck_assert_ptr_null(left()->why);
	ck_assert_ptr_null(left()->renewed);
	ck_assert_uint_gt(left()->sign_due, START + DAY);
	stop();
}
END_TEST

START_TEST(a_plain_zone_is_let_alone)
{
	unit_directory_make(dir);
	unit_path(keys_path, dir, "keys");
	zone_table_init(&t);
	t.now_s = keys_age = START;
	ck_assert_int_eq(mkdir(keys_path, 0700), 0);
	zone_put("plain");
	configure(PLAIN);
	turn_at(START);
	went_live();
	configure("  []\n");
	went_live();
	turn_at(START);
	ck_assert(left()->renews);
	ck_assert_uint_eq(left()->sign_due, 0);
	zone_dnssec_alarms(&t, START);
	ck_assert_int_eq(left()->alarm, ALARM_NONE);
	ck_assert_uint_eq(left()->expires_at, DNSSEC_NEVER);
	ck_assert_ptr_null(left()->why);
	stop();
}
END_TEST

UNIT_MAIN("zone_kept", it_is_signed_again_in_time, it_goes_through_a_canary,
    what_does_not_pass_is_tried_again, keys_that_are_gone_are_an_alarm,
    it_is_signed_again_after_a_restart, it_is_configured_again,
    a_clock_that_is_set_back_signs_nothing, a_plain_zone_is_let_alone)
