/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of the life of keys: zones signed, served and signed again, with a
 * clock that is passed in; and of their files.
 */
#include "control/sign/key_roll.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/name.h"
#include "base/wire.h"
#include "control/sign/key_directory.h"
#include "control/sign/key_state.h"
#include "control/sign/zone_signer.h"
#include "tests/unit/unit_run.h"
#include "tests/unit/zone_text.h"

enum { DAY = 86400, TTL_MAX = 7200 };

static const uint64_t START = 1800000000;

static struct config_policy policy = {.algorithm = POLICY_ED25519,
    .validity_s = 14 * DAY,
    .refresh_s = 7 * DAY,
    .jitter_s = DAY,
    .dnskey_ttl_s = 3600,
    .ds_ttl_s = DAY,
    .propagation_s = 600};
static char dir[UNIT_PATH_MAX], keys_path[UNIT_PATH_MAX];
static struct key_directory d;
static struct zone_keys k;
static struct zone_records *source, *served;
static uint64_t now;
static struct err err;

static const uint8_t *
apex(void)
{
	return name_from_test("roll.test.");
}

static void
start(void)
{
	unit_directory_make(dir);
	unit_path(keys_path, dir, "keys");
	now = START;
	ck_assert_msg(
	    key_directory_open(&d, keys_path, true, &err) == 0, "%s", err.text);
	memset(&k, 0, sizeof k);
	memcpy(k.apex, apex(), 11);
	ck_assert_int_eq(key_roll_create(&k, &policy, now, &err), 0);
	for (unsigned i = 0; i < k.count; i++)
		ck_assert_int_eq(
		    key_directory_add(&d, &k, &k.keys[i], &err), 0);
	ck_assert_int_eq(key_directory_write(&d, &k, &err), 0);
	zone_keys_fini(&k);
	source = zone_from_text("roll.test.",
	    "@ 7200 SOA ns h 1 2 3 4 300\n@ 60 NS ns\nns 60 A 192.0.2.1\n");
	served = NULL;
}

static void
stop(void)
{
	zone_keys_fini(&k);
	key_directory_close(&d);
	zone_records_free(source);
	zone_records_free(served);
	served = NULL;
	unit_directory_remove(dir);
}

/* As holdfastd does it; then the state is in `k`. Returns when to come again.
 */
static uint64_t
turn(bool goes_live)
{
	struct zone_signer s = {.keys_path = keys_path,
	    .policy = &policy,
	    .served = served,
	    .previous = served,
	    .now = now};

	ck_assert_msg(zone_signer_run(&s, source, &err) == 0, "%s", err.text);
	if (goes_live) {
		zone_records_free(served);
		served = s.result.zone;
	} else {
		zone_records_free(s.result.zone);
	}
	zone_keys_fini(&k);
	ck_assert_int_eq(key_directory_read(&d, apex(), true, &k, &err), 0);
	return s.due;
}

/* The tags of the keys that sign a type at the apex, ascending in `k`. */
static unsigned
signs(uint16_t type, uint16_t tag)
{
	size_t n = 0;
	unsigned found = 0;
	const struct record *r =
	    zone_records_find(served, served->apex, DNS_TYPE_RRSIG, &n);

	for (size_t i = 0; i < n; i++)
		found += wire_load16(record_rdata(served, &r[i])) == type &&
		         wire_load16(record_rdata(served, &r[i]) + 16) == tag;
	return found;
}

static size_t
count_of(uint16_t type)
{
	size_t n = 0;

	zone_records_find(served, served->apex, type, &n);
	return n;
}

static void
begin(enum key_role role, unsigned *number)
{
	struct zone_key *key;

	ck_assert_msg(
	    key_roll_begin(&k, role, now, &key, &err) == 0, "%s", err.text);
	*number = (unsigned)(key - k.keys);
	ck_assert_int_eq(key_directory_add(&d, &k, key, &err), 0);
	ck_assert_int_eq(key_directory_write(&d, &k, &err), 0);
	ck_assert_int_eq(key_roll_begin(&k, role, now, &key, &err), ERR_BUSY);
}

START_TEST(zsk)
{
	unsigned fresh;
	uint64_t due;

	policy.keys = POLICY_KEYS_SPLIT;
	start();
	turn(true);
	turn(true);
	ck_assert_uint_eq(k.keys[1].published, START);
	ck_assert_int_eq(k.keys[1].state, KEY_ACTIVE);
	begin(KEY_ZSK, &fresh);
	now += 100;
	turn(false); /* signed, but not live: not published */
	ck_assert_int_eq(k.keys[fresh].state, KEY_NEW);
	now += 100;
	turn(true);
	turn(true);
	ck_assert_int_eq(k.keys[fresh].state, KEY_PUBLISHED);
	ck_assert_uint_eq(count_of(DNS_TYPE_DNSKEY), 3);
	ck_assert_uint_eq(signs(DNS_TYPE_SOA, k.keys[1].tag), 1);
	ck_assert_uint_eq(signs(DNS_TYPE_SOA, k.keys[fresh].tag), 0);
	ck_assert_uint_eq(signs(DNS_TYPE_DNSKEY, k.keys[fresh].tag), 0);
	now += 3600 + 600 - 1;
	due = turn(true);
	ck_assert_uint_eq(due, now + 1);
	ck_assert_int_eq(k.keys[fresh].state, KEY_PUBLISHED);
	now++;
	turn(
	    false); /* it takes over, but what is live is still the old one's */
	ck_assert_int_eq(k.keys[fresh].state, KEY_ACTIVE);
	ck_assert_int_eq(k.keys[1].state, KEY_RETIRING);
	now += 50000;
	turn(true);
	ck_assert_int_eq(k.keys[1].state, KEY_RETIRING);
	ck_assert_uint_eq(signs(DNS_TYPE_SOA, k.keys[1].tag), 0);
	ck_assert_uint_eq(signs(DNS_TYPE_SOA, k.keys[fresh].tag), 1);
	turn(true);
	ck_assert_int_eq(k.keys[1].state, KEY_RETIRED);
	now += TTL_MAX + 600 - 1;
	turn(true);
	ck_assert_int_eq(k.keys[1].state, KEY_RETIRED);
	ck_assert_uint_eq(count_of(DNS_TYPE_DNSKEY), 3);
	now++;
	turn(true);
	ck_assert_int_eq(k.keys[1].state, KEY_REMOVED);
	ck_assert_uint_eq(count_of(DNS_TYPE_DNSKEY), 2);
	stop();
}
END_TEST

START_TEST(csk)
{
	struct zone_key *key;
	unsigned fresh;

	policy.cds = POLICY_CDS_PUBLISH;
	start();
	turn(true);
	ck_assert_int_eq(key_roll_ds_seen(&k, now, &key, &err), ERR_NOT_FOUND);
	/* the first DS waits until nobody takes the zone for unsigned */
	turn(true);
	now += TTL_MAX + 600;
	turn(true);
	ck_assert_int_eq(k.keys[0].ds, KEY_DS_WANTED);
	ck_assert_uint_eq(count_of(DNS_TYPE_CDS), 1);
	ck_assert_int_eq(key_roll_ds_seen(&k, now, &key, &err), 0);
	ck_assert_int_eq(key_directory_write(&d, &k, &err), 0);
	begin(KEY_CSK, &fresh);
	turn(true);
	turn(true);
	ck_assert_int_eq(k.keys[fresh].state, KEY_PUBLISHED);
	ck_assert_uint_eq(signs(DNS_TYPE_DNSKEY, k.keys[0].tag), 1);
	ck_assert_uint_eq(signs(DNS_TYPE_DNSKEY, k.keys[fresh].tag), 1);
	ck_assert_uint_eq(signs(DNS_TYPE_SOA, k.keys[fresh].tag), 0);
	ck_assert(zone_key_is_for_parent(&k, &k.keys[0]));
	now += 3600 + 600;
	turn(true);
	ck_assert_int_eq(k.keys[fresh].ds, KEY_DS_WANTED);
	ck_assert(!zone_key_is_for_parent(&k, &k.keys[0]));
	ck_assert(zone_key_is_for_parent(&k, &k.keys[fresh]));
	ck_assert_uint_eq(count_of(DNS_TYPE_CDS), 1);
	/* for as long as the operator says nothing nothing happens */
	now += 30 * DAY;
	turn(true);
	ck_assert_int_eq(k.keys[fresh].state, KEY_PUBLISHED);
	ck_assert_int_eq(key_roll_ds_seen(&k, now, &key, &err), 0);
	ck_assert_ptr_eq(key, &k.keys[fresh]);
	ck_assert_int_eq(key_directory_write(&d, &k, &err), 0);
	now += DAY + 600 - 1;
	turn(true);
	ck_assert_int_eq(k.keys[fresh].state, KEY_PUBLISHED);
	now++;
	turn(true);
	ck_assert_int_eq(k.keys[fresh].state, KEY_ACTIVE);
	ck_assert_int_eq(k.keys[0].state, KEY_RETIRING);
	ck_assert_uint_eq(signs(DNS_TYPE_DNSKEY, k.keys[0].tag), 0);
	turn(true);
	ck_assert_int_eq(k.keys[0].state, KEY_RETIRED);
	now += TTL_MAX + 600;
	turn(true);
	ck_assert_int_eq(k.keys[0].state, KEY_REMOVED);
	ck_assert_uint_eq(count_of(DNS_TYPE_DNSKEY), 1);
	stop();
}
END_TEST

START_TEST(ksk)
{
	struct zone_key *key;
	unsigned fresh;

	policy.keys = POLICY_KEYS_SPLIT;
	policy.algorithm = POLICY_ECDSA_P256;
	start();
	turn(true);
	turn(true);
	ck_assert_int_eq(
	    key_roll_begin(&k, KEY_CSK, now, &key, &err), ERR_NOT_FOUND);
	begin(KEY_KSK, &fresh);
	turn(true);
	turn(true);
	now += DAY;
	turn(true);
	ck_assert_int_eq(key_roll_ds_seen(&k, now, &key, &err), 0);
	ck_assert_ptr_eq(key, &k.keys[fresh]);
	ck_assert_int_eq(key_directory_write(&d, &k, &err), 0);
	now += 2 * DAY;
	turn(true);
	ck_assert_int_eq(k.keys[0].state, KEY_REMOVED);
	ck_assert_int_eq(k.keys[fresh].state, KEY_ACTIVE);
	ck_assert_uint_eq(count_of(DNS_TYPE_DNSKEY), 2);
	ck_assert_uint_eq(signs(DNS_TYPE_DNSKEY, k.keys[fresh].tag), 1);
	ck_assert_uint_eq(signs(DNS_TYPE_SOA, k.keys[1].tag), 1);
	stop();
}
END_TEST

/* What is served is signed by keys that are lost: it stays. */
START_TEST(lost_keys)
{
	struct zone_signer s = {.keys_path = keys_path, .policy = &policy};
	char path[UNIT_PATH_MAX];

	start();
	turn(true);
	zone_keys_fini(&k);
	memset(&k, 0, sizeof k);
	memcpy(k.apex, apex(), 11);
	ck_assert_int_eq(key_roll_create(&k, &policy, now, &err), 0);
	ck_assert_int_eq(key_directory_add(&d, &k, &k.keys[0], &err), 0);
	ck_assert_int_eq(key_directory_write(&d, &k, &err), 0);
	s.served = s.previous = served;
	s.now = now;
	ck_assert_int_eq(zone_signer_run(&s, source, &err), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(err.text, keys_path));
	ck_assert_uint_ne(s.stamp.inode, 0);
	ck_assert_int_eq(
	    unlink(unit_path(path, keys_path, "Kroll.test.+state.json")), 0);
	ck_assert_int_eq(zone_signer_run(&s, source, &err), ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(
	    strstr(err.text, "holdfast keys create roll.test."));
	stop();
}
END_TEST

START_TEST(files)
{
	char path[UNIT_PATH_MAX], name[64];
	struct key_directory second;
	struct key_stamp a, b;
	struct stat st;
	struct zone_key old;

	start();
	ck_assert_int_eq(key_directory_read(&d, apex(), true, &k, &err), 0);
	ck_assert_uint_eq(k.count, 1);
	old = k.keys[0];
	snprintf(name, sizeof name, "Kroll.test.+015+%05u.private", old.tag);
	ck_assert_int_eq(stat(unit_path(path, keys_path, name), &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(stat(keys_path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
	key_directory_stamp(&d, apex(), &a);
	ck_assert_int_eq(key_directory_write(&d, &k, &err), 0);
	key_directory_stamp(&d, apex(), &b);
	ck_assert_int_ne(memcmp(&a, &b, sizeof a), 0);
	/* one at a time */
	ck_assert_int_eq(
	    key_directory_open(&second, keys_path, false, &err), 0);
	ck_assert_int_eq(key_directory_lock(&d, 0, &err), 0);
	ck_assert_int_eq(key_directory_lock(&second, 20, &err), ERR_BUSY);
	key_directory_unlock(&d);
	ck_assert_int_eq(key_directory_lock(&second, 0, &err), 0);
	key_directory_close(&second);
	/* a private key that is another's */
	zone_keys_fini(&k);
	ck_assert_int_eq(
	    file_write(AT_FDCWD, path, 0600, "x", 1, FILE_REPLACE, &err), 0);
	ck_assert_int_eq(
	    key_directory_read(&d, apex(), true, &k, &err), ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(err.text, name));
	zone_keys_fini(&k);
	/* one that is lost: that is not as if the zone had no keys */
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(
	    key_directory_read(&d, apex(), true, &k, &err), ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(err.text, name));
	zone_keys_fini(&k);
	/* others may look in */
	ck_assert_int_eq(chmod(keys_path, 0750), 0);
	ck_assert_int_eq(
	    key_directory_open(&second, keys_path, false, &err), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(err.text, "750"));
	stop();
}
END_TEST

START_TEST(odd_names)
{
	static const char *const names[] = {".", "a\\/b\\000.test.", "A.test.",
	    "0123456789012345678901234567890123456789\\001\\001\\001\\001."
	    "0123456789012345678901234567890123456789\\001\\001\\001\\001."
	    "0123456789012345678901234567890123456789\\001\\001\\001\\001."
	    "0123456789012345678901234567890123456789\\001\\001\\001\\001."};

	start();
	for (unsigned i = 0; i < 4; i++) {
		const uint8_t *name = name_from_test(names[i]);
		struct zone_keys n = {0};

		memcpy(n.apex, name, name_length(name));
		ck_assert_int_eq(key_roll_create(&n, &policy, now, &err), 0);
		ck_assert_msg(key_directory_add(&d, &n, &n.keys[0], &err) == 0,
		    "%s", err.text);
		ck_assert_int_eq(key_directory_write(&d, &n, &err), 0);
		zone_keys_fini(&n);
		ck_assert_msg(key_directory_read(&d, name, true, &n, &err) == 0,
		    "%s", err.text);
		ck_assert_uint_eq(n.count, 1);
		zone_keys_fini(&n);
	}
	stop();
}
END_TEST

static unsigned seen;

static int
zone_see(void *arg, const uint8_t *name, struct err *e)
{
	(void)arg;
	(void)e;
	(void)name;
	seen++;
	return 0;
}

/* A state that is damaged hides no other zone's. */
START_TEST(damaged_among_others)
{
	static const char *const states[] = {
	    "Ka.+state.json", "Kz.+state.json"};
	char path[UNIT_PATH_MAX];

	start();
	for (unsigned i = 0; i < 2; i++)
		ck_assert_int_eq(
		    file_write(AT_FDCWD, unit_path(path, keys_path, states[i]),
			0600, "{", 1, 0, &err),
		    0);
	ck_assert_int_eq(
	    key_directory_each(&d, zone_see, NULL, &err), ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(err.text, "+state.json"));
	ck_assert_uint_eq(seen, 1);
	stop();
}
END_TEST

START_TEST(damaged_states)
{
#define KEY(tag, algorithm, role, state)                                       \
	"{\"tag\":" tag ",\"algorithm\":" algorithm ",\"role\":\"" role        \
	"\",\"state\":\"" state                                                \
	"\",\"since\":1,\"created\":1,\"published\":0,\"ds\":\"none\","        \
	"\"ds_since\":0}"
#define STATE(keys) "{\"version\":1,\"zone\":\"a.test.\",\"keys\":[" keys "]}"
	static const char *const bad[] = {"", "{", "[]", "{}",
	    "{\"version\":2,\"zone\":\"a.\",\"keys\":[]}",
	    "{\"version\":1,\"zone\":\"..\",\"keys\":[]}",
	    "{\"version\":1,\"zone\":\"a.\",\"keys\":{}}",
	    "{\"version\":1,\"zone\":\"a.\",\"keys\":[],\"x\":1}", STATE("1"),
	    STATE(KEY("65536", "13", "csk", "active")),
	    STATE(KEY("-1", "13", "csk", "active")),
	    STATE(KEY("1", "8", "csk", "active")),
	    STATE(KEY("1", "13", "xsk", "active")),
	    STATE(KEY("1", "13", "csk", "idle")),
	    STATE(KEY("1", "13", "csk", "active") "," KEY(
		"1", "13", "zsk", "active"))};
	const char *good = STATE(KEY("1", "13", "csk", "active"));
	char *text;

	for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
		ck_assert_int_eq(key_state_parse(&k, "/x/state", bad[i],
				     strlen(bad[i]), &err),
		    ERR_CORRUPT);
		ck_assert_ptr_nonnull(strstr(err.text, "/x/state"));
		ck_assert_uint_eq(k.count, 0);
	}
	ck_assert_int_eq(
	    key_state_parse(&k, "/x/state", good, strlen(good), &err), 0);
	ck_assert_int_eq(key_state_text(&k, &text, &err), 0);
	ck_assert_int_eq(
	    key_state_parse(&k, "/x/state", text, strlen(text), &err), 0);
	ck_assert_uint_eq(k.count, 1);
	ck_assert_int_eq(k.keys[0].state, KEY_ACTIVE);
	free(text);
}
END_TEST

UNIT_MAIN("key_roll", zsk, csk, ksk, lost_keys, files, odd_names,
    damaged_among_others, damaged_states)
