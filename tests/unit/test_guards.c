/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of control/guard: turns over versions of zones from text, with
 * time as a parameter and a store's folder in a scratch directory.
 */
#include "control/guard/guards.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/name.h"
#include "control/guard/guard_rules.h"
#include "control/guard/guard_state.h"
#include "control/source/zonefile.h"
#include "tests/unit/unit_run.h"

enum { NOW = 1800000000, HOUR = 3600 };

static char dir[UNIT_PATH_MAX];
static struct guards *g;
static struct config *config;
static struct err err;
/* of the last turn */
static char why[ERR_TEXT_MAX];
static uint64_t now;
/* of every turn */
static enum guards_outcome outcome;

static void
configure(const char *text)
{
	char whole[4096];

	snprintf(whole, sizeof whole, "zone_directory: /z\n%s", text);
	config_free(&config);
	if (config_parse(&config, "/t.yaml", whole, strlen(whole), &err) ||
	    guards_configure(g, config, &err))
		ck_abort_msg("%s", err.text);
}

static void
open_guards(const char *text)
{
	ck_assert_msg(guards_open(&g, dir, &err) == 0, "%s", err.text);
	configure(text);
}

static void
start(const char *text)
{
	unit_directory_make(dir);
	now = NOW;
	outcome = GUARDS_LIVE;
	open_guards(text);
}

static void
restart(const char *text)
{
	guards_free(&g);
	open_guards(text);
}

static void
stop(void)
{
	guards_free(&g);
	config_free(&config);
	unit_directory_remove(dir);
}

/* A zone of a head with the serial, and lines. */
static struct zone_records *
zone_of(const char *name, unsigned serial, const char *lines)
{
	struct zone_records *z;
	uint8_t apex[DNS_NAME_MAX];
	struct bytes text;

	ck_assert_int_gt(name_from_text(apex, name, &err), 0);
	bytes_init(&text);
	bytes_printf(&text,
	    "$TTL 60\n@ SOA ns h %u 3600 600 86400 60\n@ NS ns\n"
	    "ns A 192.0.2.1\n%s\n",
	    serial, lines);
	if (zonefile_parse(&z, "t", text.data, text.len, apex, NULL, &err))
		ck_abort_msg("%s", err.text);
	bytes_fini(&text);
	return z;
}

/* Lines "h0 TYPE ...", so many. */
static const char *
hosts(unsigned from, unsigned to, const char *format)
{
	static char text[1 << 18];
	size_t at = 0;

	text[0] = '\0';
	for (unsigned i = from; i < to; i++)
		at += (size_t)snprintf(text + at, sizeof text - at,
		    "h%u %s%u\n", i, format, i % 250);
	return text;
}

static int
override_of(const char *apex, const char *version, uint64_t until)
{
	const struct guard_override o = {.apex = (const uint8_t *)apex,
	    .version = version,
	    .reason = "x",
	    .who = "me",
	    .until = until};

	return guards_override(g, &o, now, &err);
}

static int
override(uint64_t until)
{
	return override_of("\1a\4test", "", until);
}

/* One turn over one zone; its status. */
static int
turn(const struct zone_records *old, const struct zone_records *new)
{
	struct compile_zone z = {.records = new, .last_good = old};
	int status;

	guards_begin(g, now);
	if (guards_before(g, &z, 1, &err) != 0)
		ck_abort_msg("%s", err.text);
	guards_end(g, outcome);
	status = z.status;
	snprintf(why, sizeof why, "%s", status ? compile_zone_why(&z) : "");
	compile_zones_fini(&z, 1);
	return status;
}

/* The same from lines; serials go from 1 to 2. */
static int
edit(const char *old, const char *new)
{
	struct zone_records *a = zone_of("a.test", 1, old);
	struct zone_records *b = zone_of("a.test", 2, new);
	int status = turn(a, b);

	zone_records_free(a);
	zone_records_free(b);
	return status;
}

static void
state_of(struct guard_state *s, const char *name)
{
	uint8_t apex[DNS_NAME_MAX];

	ck_assert_int_gt(name_from_text(apex, name, &err), 0);
	if (guard_state_read(s, dir, apex, &err) != 0)
		ck_abort_msg("%s", err.text);
}

static bool
is_refused_by(const char *word)
{
	char text[64];

	snprintf(text, sizeof text, "guard %s: ", word);
	return strncmp(why, text, strlen(text)) == 0;
}

START_TEST(small_zones_may_change)
{
	static const struct {
		const char *old, *new;
	} passes[] = {
	    {"www A 192.0.2.1", ""},
	    {"www A 192.0.2.1\nwww AAAA 2001:db8::1", "b A 192.0.2.1"},
	    {"a A 192.0.2.1\nb A 192.0.2.2\nc TXT x\nd MX 1 a", "d MX 1 b"},
	    {"a A 192.0.2.1\na A 192.0.2.2\na A 192.0.2.3", "a A 192.0.2.4"},
	    {"a A 192.0.2.1\na A 192.0.2.2\na A 192.0.2.3\nb A 192.0.2.4",
		"a CNAME b\nb A 192.0.2.4"},
	    {"", "a A 192.0.2.1"},
	};

	start("");
	for (size_t i = 0; i < sizeof passes / sizeof *passes; i++)
		ck_assert_msg(
		    edit(passes[i].old, passes[i].new) == 0, "%zu: %s", i, why);
	stop();
}
END_TEST

START_TEST(what_is_emptied)
{
	start("guards: {protect: ['*.api', x.a.test.]}\n"
	      "zones: [{name: a.test, file: a, protect: [www]}]\n");
	ck_assert_int_ne(edit("a A 192.0.2.1\na A 192.0.2.2\na AAAA 2001:db8::1"
			      "\nb TXT x\nc TXT y",
			     "b TXT x\nc TXT y"),
	    0);
	ck_assert(is_refused_by("never-empty"));
	ck_assert_ptr_nonnull(strstr(why, "a.a.test. (3)"));
	ck_assert_ptr_nonnull(
	    strstr(why, "holdfast override a.test. --version "));
	ck_assert_int_ne(edit("b TXT x\nc TXT y", ""), 0);
	ck_assert(is_refused_by("emptied"));
	ck_assert_int_ne(edit("www A 192.0.2.1\nb TXT x", "b TXT x"), 0);
	ck_assert_ptr_nonnull(strstr(why, "www.a.test. (its last address"));
	ck_assert_int_ne(edit("v1.api CNAME b\nb TXT x", "b TXT x"), 0);
	ck_assert_int_ne(edit("x MX 1 b\nb TXT x", "x TXT x\nb TXT x"), 0);
	ck_assert_ptr_nonnull(strstr(why, "its last MX"));
	/* a name that is not there any more, but for its parent */
	ck_assert_int_eq(edit("api A 192.0.2.1\nb TXT x", "b TXT x"), 0);
	ck_assert_int_eq(
	    edit("www A 192.0.2.1\nb TXT x", "www HTTPS 1 .\nb TXT x"), 0);
	stop();
}
END_TEST

START_TEST(budgets_of_a_zone)
{
	char *old = strdup(hosts(0, 100, "A 192.0.2."));

	start("");
	ck_assert_int_eq(edit(old, hosts(10, 100, "A 192.0.2.")), 0);
	stop();
	start("");
	ck_assert_int_ne(edit(old, hosts(11, 100, "A 192.0.2.")), 0);
	ck_assert(is_refused_by("shrink"));
	ck_assert_ptr_nonnull(strstr(why, "11 are lost; limit: 10 "));
	/* the same number of records, all of them others */
	ck_assert_int_ne(edit(old, hosts(0, 100, "A 198.51.100.")), 0);
	ck_assert(is_refused_by("churn"));
	configure("zones: [{name: a.test, file: a, guards: {shrink_percent: "
		  "50, type_percent: 50}}]\n");
	ck_assert_int_eq(edit(old, hosts(50, 100, "A 192.0.2.")), 0);
	free(old);
	stop();
}
END_TEST

START_TEST(budget_of_a_type)
{
	char *old = malloc(1 << 18), *new = malloc(1 << 18);

	start("");
	strcpy(old, hosts(0, 300, "A 192.0.2."));
	strcpy(new, old);
	for (unsigned i = 0; i < 20; i++)
		sprintf(old + strlen(old), "m%u MX 1 h%u\n", i, i);
	for (unsigned i = 0; i < 14; i++)
		sprintf(new + strlen(new), "m%u MX 1 h%u\n", i, i);
	ck_assert_int_ne(edit(old, new), 0);
	ck_assert_ptr_nonnull(strstr(why, "14 records of type MX"));
	free(old);
	free(new);
	stop();
}
END_TEST

/* Each cut is within the budget; they add up, across restarts, until the
 * window has passed. */
START_TEST(many_small_cuts)
{
	struct zone_records *versions[12], *little;
	unsigned cut = 0;

	start("guards: {window_h: 24}");
	for (unsigned i = 0; i < 12; i++)
		versions[i] =
		    zone_of("a.test", i + 1, hosts(20 * i, 1000, "A 192.0.2."));
	while (cut < 10 && turn(versions[cut], versions[cut + 1]) == 0) {
		cut++;
		now += HOUR;
		restart("guards: {window_h: 24}");
	}
	ck_assert_uint_eq(cut, 5); /* 100 of 1002 */
	ck_assert(is_refused_by("shrink"));
	ck_assert_ptr_nonnull(strstr(why, "within 24 h it had 1002: 120"));
	now += 20 * HOUR; /* the first cuts are out of the window */
	ck_assert_int_eq(turn(versions[cut], versions[cut + 1]), 0);
	/* a clock that goes back far forgets nothing */
	now -= 10 * 365 * 24 * (uint64_t)HOUR;
	ck_assert_int_ne(turn(versions[cut + 1], versions[11]), 0);
	/* and from the next version on it grows old again */
	little =
	    zone_of("a.test", 9, hosts(20 * (cut + 1) + 1, 1000, "A 192.0.2."));
	ck_assert_int_eq(turn(versions[cut + 1], little), 0);
	now += 25 * HOUR;
	ck_assert_int_eq(turn(little, versions[9]), 0);
	zone_records_free(little);
	for (unsigned i = 0; i < 12; i++)
		zone_records_free(versions[i]);
	stop();
}
END_TEST

/* What was lost before another window was configured counts in that one. */
START_TEST(windows_of_another_length)
{
	static const char *const configs[] = {"guards: {window_h: 24}",
	    "guards: {window_h: 12}", "guards: {window_h: 48}",
	    "guards: {window_h: 1}"};
	struct zone_records *versions[3];

	for (unsigned i = 0; i < 3; i++)
		versions[i] =
		    zone_of("a.test", i + 1, hosts(60 * i, 1000, "A 192.0.2."));
	for (unsigned i = 0; i < 4; i++) {
		bool out = i == 3; /* of one hour */

		start(configs[0]);
		ck_assert_int_eq(turn(versions[0], versions[1]), 0);
		now += 3 * HOUR;
		configure(configs[i]);
		ck_assert_int_eq(turn(versions[1], versions[2]) == 0, out);
		now += 50 * HOUR;
		ck_assert_int_eq(turn(versions[1], versions[2]), 0);
		stop();
	}
	for (unsigned i = 0; i < 3; i++)
		zone_records_free(versions[i]);
}
END_TEST

/* What the apex has before and after, as lines of a whole zone. */
static int
apex_edit(const char *old, const char *new)
{
	static const char format[] = "$TTL 60\n%s\nns A 192.0.2.1\n";
	struct zone_records *z[2];
	uint8_t apex[DNS_NAME_MAX];
	char text[2048];
	int status;

	name_from_text(apex, "a.test", &err);
	for (unsigned i = 0; i < 2; i++) {
		snprintf(text, sizeof text, format, i ? new : old);
		if (zonefile_parse(
			&z[i], "t", text, strlen(text), apex, NULL, &err))
			ck_abort_msg("%s", err.text);
	}
	status = turn(z[0], z[1]);
	zone_records_free(z[0]);
	zone_records_free(z[1]);
	return status;
}

#define SOA(serial, minimum)                                                   \
	"@ SOA ns h " serial " 3600 600 86400 " minimum "\n@ NS ns\n"
#define KEY_A "@ DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=\n"
#define KEY_B "@ DNSKEY 257 3 15 zPnZ/QwEe7S8C5SPz2OfS5RR40ATk2/rYnE9xHIEijs=\n"

START_TEST(what_the_apex_says)
{
	static const struct {
		const char *old, *new, *guard;
		bool refused;
	} rows[] = {
	    {SOA("5", "60"), SOA("6", "60"), NULL, false},
	    {SOA("5", "60"), SOA("4", "60"), "serial", true},
	    {SOA("4294967295", "60"), SOA("1", "60"), NULL, false},
	    {SOA("1", "60"), SOA("2147483649", "60"), "serial", true},
	    {SOA("5", "60"), SOA("5", "60") "x A 192.0.2.1\n", "serial", false},
	    {"@ 90000 SOA ns h 5 3600 600 86400 60\n@ NS ns",
		"@ 90000 SOA ns h 6 3600 600 86400 3600\n@ NS ns",
		"negative-ttl", false},
	    {"@ 90000 SOA ns h 5 3600 600 86400 60\n@ NS ns",
		"@ 90000 SOA ns h 6 3600 600 86400 7200\n@ NS ns",
		"negative-ttl", true},
	    {SOA("5", "60"), "@ SOA ns x 6 3600 600 86400 60\n@ NS ns", "soa",
		false},
	    {SOA("5", "60"), SOA("6", "60") "@ NS b.test.", "ns", false},
	    {SOA("5", "60"), "@ SOA ns h 6 3600 600 86400 60\n@ NS b.test.",
		"ns", true},
	    {SOA("5", "60") KEY_A, SOA("6", "60"), "unsigned", true},
	    {SOA("5", "60"), SOA("6", "60") KEY_A, "unsigned", false},
	    {SOA("5", "60") KEY_A, SOA("6", "60") KEY_A KEY_B, "dnskey", false},
	    {SOA("5", "60") KEY_A, SOA("6", "60") KEY_B, "dnskey", true},
	    {SOA("5",
		 "60") "c NS ns\nc DS 1 8 2 "
		       "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF",
		SOA("6", "60") "c NS ns", "ds", false},
	    {SOA("5", "60") "x 60 A 192.0.2.1",
		SOA("6", "60") "x 90000 A 192.0.2.2", "ttl", false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct guard_state s;
		bool said = false;

		start("");
		ck_assert_msg(
		    !apex_edit(rows[i].old, rows[i].new) == !rows[i].refused,
		    "%zu: %s", i, why);
		if (rows[i].guard) {
			state_of(&s, "a.test");
			for (unsigned v = 0; v < s.nverdicts; v++)
				said |=
				    strcmp(guard_kind_word[s.verdicts[v].kind],
					rows[i].guard) == 0;
			ck_assert_msg(
			    said, "%zu: %s is not said", i, rows[i].guard);
			guard_state_fini(&s);
		}
		stop();
	}
}
END_TEST

/* The same trips, by another action. */
START_TEST(actions_are_configured)
{
	static const char old[] = SOA("5", "60"), new[] = SOA("4", "60");

	start("guards: {actions: {serial: warn}}");
	ck_assert_int_eq(apex_edit(old, new), 0);
	ck_assert_uint_eq(guards_count(g, GUARD_SERIAL, GUARD_WARN), 1);
	configure("guards: {actions: {serial: off}}\n"
		  "zones: [{name: a.test, file: a, guards: {actions: {serial: "
		  "refuse}}}]");
	ck_assert_int_ne(apex_edit(old, new), 0);
	ck_assert_ptr_nonnull(strstr(why, "nothing overrides it"));
	ck_assert_int_eq(override(now + 60), ERR_REFUSED);
	configure("guards: {actions: {serial: off}}\n");
	ck_assert_int_eq(apex_edit(old, new), 0);
	stop();
}
END_TEST

START_TEST(all_zones_together)
{
	static const char *const names[] = {"a.test", "b.test", "c.test"};
	static const unsigned lost[] = {80, 90, 10};
	struct compile_zone z[3] = {0};

	start("guards: {generation_records: 100, shrink_percent: 50, "
	      "type_percent: 50}");
	for (unsigned i = 0; i < 3; i++) {
		z[i].last_good =
		    zone_of(names[i], 1, hosts(0, 200, "A 192.0.2."));
		z[i].records =
		    zone_of(names[i], 2, hosts(lost[i], 200, "A 192.0.2."));
	}
	guards_begin(g, now);
	ck_assert_int_eq(guards_before(g, z, 3, &err), 0);
	/* 180 of 600 is too much: the largest goes back, the others pass */
	ck_assert_int_eq(z[0].status, 0);
	ck_assert_int_eq(z[1].status, ERR_REFUSED);
	ck_assert_int_eq(z[2].status, 0);
	ck_assert_ptr_nonnull(
	    strstr(compile_zone_why(&z[1]), "would lose 180 of 606 records"));
	guards_end(g, GUARDS_LIVE);
	compile_zones_fini(z, 3);
	for (unsigned i = 0; i < 3; i++) {
		zone_records_free((struct zone_records *)z[i].records);
		zone_records_free((struct zone_records *)z[i].last_good);
	}
	stop();
}
END_TEST

START_TEST(an_override_is_for_once)
{
	struct zone_records *a = zone_of("a.test", 1, "x TXT 1\ny TXT 2");
	struct zone_records *b = zone_of("a.test", 2, "");
	struct zone_records *c = zone_of("a.test", 3, "");
	char path[UNIT_PATH_MAX], text[DIGEST_TEXT_MAX];

	start("guards: {actions: {serial: off}}");
	ck_assert_int_eq(override(now + 60), ERR_NOT_FOUND);
	ck_assert_int_ne(turn(a, b), 0);
	/* for the version that was looked at */
	digest_to_text(text, &a->version);
	ck_assert_int_eq(override_of("\1a\4test", text, now + 60), ERR_STALE);
	digest_to_text(text, &b->version);
	text[8] = '\0';
	ck_assert_int_eq(override_of("\1a\4test", text, now + 60), 0);
	text[7] = '\0'; /* may be another one's */
	ck_assert_int_eq(override_of("\1a\4test", text, now + 60), ERR_USAGE);
	/* of another version it is none, nor when it is over */
	ck_assert_int_eq(override(now + 60), 0);
	ck_assert_int_ne(turn(a, c), 0);
	now += 61;
	ck_assert_int_ne(turn(a, b), 0);
	/* it outlives a restart, and is good for one version going live */
	ck_assert_int_eq(override(now + 60), 0);
	restart("guards: {actions: {serial: off}}");
	ck_assert_int_eq(turn(a, b), 0);
	ck_assert_int_eq(turn(a, b), 0); /* it came back from a canary */
	/* and once more, to a process that did not see the token */
	restart("guards: {actions: {serial: off}}");
	ck_assert_int_eq(turn(a, b), 0);
	ck_assert_int_eq(turn(b, a), 0); /* it was served */
	restart("guards: {actions: {serial: off}}");
	ck_assert_int_ne(turn(a, b), 0);
	/* what can't be put on record does not pass */
	unlink(unit_path(path, dir, "audit.log"));
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_ne(override(now + 60), 0);
	ck_assert_int_ne(turn(a, b), 0);
	zone_records_free(a);
	zone_records_free(b);
	zone_records_free(c);
	stop();
}
END_TEST

/* Verdicts of others, on candidates and on what is live. */
START_TEST(verdicts_of_others)
{
	struct zone_records *a = zone_of("a.test", 1, "x TXT 1");
	struct zone_records *b = zone_of("a.test", 2, "x TXT 2");
	struct compile_zone z = {.records = b, .last_good = a};
	struct guard_candidate candidate = {.zones = &z, .n = 1};
	struct guard_verdict v = {.kind = GUARD_REPLAY,
	    .action = GUARD_ACK,
	    .apex = "\1a\4test",
	    .what = "x.a.test. TXT gets no answer"};
	unsigned refused;

	start("");
	for (unsigned round = 0; round < 2; round++) {
		z.status = 0;
		guards_begin(g, now);
		ck_assert_int_eq(guards_before(g, &z, 1, &err), 0);
		ck_assert_int_eq(guards_verdict_add(g, &v), 0);
		ck_assert_int_eq(guards_verdict_add(g, &v), 0);
		ck_assert_int_eq(
		    guards_after(g, &candidate, &refused, &err), 0);
		ck_assert_uint_eq(refused, round == 0);
		ck_assert_int_eq(z.status, round ? 0 : ERR_REFUSED);
		guards_end(g, GUARDS_LIVE);
		if (round == 0)
			ck_assert_int_eq(override(now + 60), 0);
	}
	/* after the fact: a canary */
	v.kind = GUARD_CANARY;
	v.version = b->version;
	guards_begin(g, now);
	ck_assert_int_eq(guards_verdict_add(g, &v), 0);
	guards_end(g, GUARDS_FAILED);
	ck_assert_int_eq(override(now + 60), 0);
	ck_assert(guard_override_take(g, v.apex, &b->version, GUARD_CANARY));
	ck_assert(guard_override_take(g, v.apex, &b->version, GUARD_CANARY));
	restart(""); /* the one that was killed in the soak */
	ck_assert(guard_override_take(g, v.apex, &b->version, GUARD_CANARY));
	ck_assert(!guard_override_take(g, v.apex, &a->version, GUARD_CANARY));
	ck_assert(!guard_override_take(g, v.apex, &b->version, GUARD_SHRINK));
	compile_zones_fini(&z, 1);
	zone_records_free(a);
	zone_records_free(b);
	stop();
}
END_TEST

START_TEST(learned_names)
{
	start("");
	guards_protect_begin(g);
	for (unsigned i = 0; i < 200; i++) {
		char text[32];
		uint8_t name[DNS_NAME_MAX];

		snprintf(text, sizeof text, "H%u.a.test", (i * 7) % 200);
		ck_assert_int_gt(name_from_text(name, text, &err), 0);
		ck_assert_int_eq(
		    guards_protect(g, name, "12 % of the questions"), 0);
	}
	ck_assert_int_ne(edit("h7 A 192.0.2.1\nb TXT x", "b TXT x"), 0);
	ck_assert_ptr_nonnull(strstr(why, "12 % of the questions"));
	ck_assert_int_eq(edit("i7 A 192.0.2.1\nb TXT x", "b TXT x"), 0);
	guards_protect_begin(g);
	ck_assert_int_eq(edit("h7 A 192.0.2.1\nb TXT x", "b TXT x"), 0);
	stop();
}
END_TEST

/* What clients ask of zones that leave; "": not much. */
static const char *asked = "";

/* How many of the zones may go; `names` are of zones that leave. */
static unsigned
vanish(const char *const *names, unsigned n, size_t served)
{
	struct guard_leaving list[8] = {0};
	unsigned go = 0;

	for (unsigned i = 0; i < n; i++) {
		list[i].records = zone_of(names[i], 1, "");
		snprintf(list[i].asked, sizeof list[i].asked, "%s", asked);
	}
	guards_begin(g, now);
	ck_assert_int_eq(guards_vanish(g, list, n, served, &err), 0);
	for (unsigned i = 0; i < n; i++)
		go += !list[i].stays;
	guards_end(g, outcome);
	for (unsigned i = 0; i < n; i++)
		zone_records_free((struct zone_records *)list[i].records);
	return go;
}

START_TEST(zones_that_vanish)
{
	static const char *const names[] = {"a.test", "b.test", "c.test"};
	static const char *const special[] = {"s.test"};
	static const char kept[] =
	    "zones: [{name: s.test, file: s, protect: [www]}]";
	struct guard_state s;

	start(kept);
	/* of 100 two may go, of 10 one */
	ck_assert_uint_eq(vanish(names, 3, 100), 0);
	state_of(&s, "a.test");
	ck_assert(s.refused);
	guard_state_fini(&s);
	ck_assert_uint_eq(vanish(names, 2, 100), 2);
	/* within the window, also after a restart */
	restart(kept);
	ck_assert_uint_eq(vanish(names + 2, 1, 98), 0);
	now += 25 * HOUR;
	ck_assert_uint_eq(vanish(names + 2, 1, 10), 1);
	/* what clients ask for stays, and takes nobody's place */
	now += 25 * HOUR;
	asked = "all ask for it";
	ck_assert_uint_eq(vanish(names, 1, 100), 0);
	state_of(&s, "a.test");
	ck_assert_ptr_nonnull(strstr(s.verdicts[0].what, "and all ask for it"));
	guard_state_fini(&s);
	asked = "";
	/* what is protected stays, though its protection went with it */
	now += 25 * HOUR;
	restart("");
	ck_assert_uint_eq(vanish(special, 1, 100), 0);
	ck_assert_int_eq(override_of("\1s\4test", "", now + 60), 0);
	ck_assert_uint_eq(vanish(special, 1, 100), 1);
	/* unprotected while it was configured, it may go */
	now += 25 * HOUR;
	configure(kept);
	configure("zones: [{name: s.test, file: s}]");
	configure("");
	ck_assert_uint_eq(vanish(special, 1, 100), 1);
	stop();
}
END_TEST

/* What is signed again while nobody configures it: no guard refuses it, and the
 * override that was given before lets it go. */
START_TEST(kept_zones_that_are_signed_again)
{
	struct zone_records *a =
	    zone_of("a.test", 1, "x TXT 1\ny TXT 2\n@ DNSKEY 257 3 13 AAAA\n");
	struct zone_records *b = zone_of("a.test", 2,
	    "x TXT 1\ny TXT 2\n@ DNSKEY 257 3 13 AAAA\n"
	    "x NSEC y TXT\n");
	struct compile_zone z = {.records = b, .last_good = a, .renewal = true};
	struct guard_leaving leaving = {.records = a};

	start("guards: {actions: {serial: ack}, shrink_records: 1}\n"
	      "zones: [{name: a.test, file: a, protect: [x]}]");
	configure("zones: [{name: b.test, file: b}]");
	guards_begin(g, now);
	ck_assert_int_eq(guards_vanish(g, &leaving, 1, 9, &err), 0);
	ck_assert(leaving.stays);
	z.last_good = b;
	z.records = a; /* its serial goes back, which needs an override */
	ck_assert_int_eq(guards_before(g, &z, 1, &err), 0);
	ck_assert_int_eq(z.status, 0);
	guards_end(g, GUARDS_LIVE);
	ck_assert_int_eq(override(now + 60), 0);
	leaving.records = b;
	guards_begin(g, now);
	ck_assert_int_eq(guards_vanish(g, &leaving, 1, 9, &err), 0);
	ck_assert(!leaving.stays);
	guards_end(g, GUARDS_LIVE);
	compile_zones_fini(&z, 1);
	zone_records_free(a);
	zone_records_free(b);
	stop();
}
END_TEST

/* What is on trial has not happened yet. */
START_TEST(canaries_that_come_back)
{
	static const char *const names[] = {"z.test"};
	struct zone_records *a =
	    zone_of("a.test", 1, hosts(0, 100, "A 192.0.2."));
	struct zone_records *b =
	    zone_of("a.test", 2, hosts(8, 100, "A 192.0.2."));
	struct zone_records *c =
	    zone_of("a.test", 3, hosts(30, 100, "A 192.0.2."));
	struct zone_records *d =
	    zone_of("a.test", 4, hosts(14, 100, "A 192.0.2."));

	start("");
	/* a zone that goes counts once it has gone */
	for (unsigned i = 0; i < 3; i++) {
		outcome = GUARDS_TRIED;
		ck_assert_uint_eq(vanish(names, 1, 10), 1);
		guards_tried(g, i == 2);
	}
	ck_assert_uint_eq(vanish(names, 1, 10), 0);
	/* and so do losses that were let pass: until then the others add up */
	outcome = GUARDS_LIVE;
	ck_assert_int_eq(turn(a, b), 0);
	ck_assert_int_ne(turn(b, c), 0);
	ck_assert_int_eq(override(now + 60), 0);
	outcome = GUARDS_TRIED;
	ck_assert_int_eq(turn(b, c), 0);
	guards_tried(g, false);
	outcome = GUARDS_LIVE;
	ck_assert_int_ne(turn(b, d), 0);
	/* the token is good for the next try */
	outcome = GUARDS_TRIED;
	ck_assert_int_eq(turn(b, c), 0);
	guards_tried(g, true);
	outcome = GUARDS_LIVE;
	ck_assert_int_eq(turn(b, d), 0);
	zone_records_free(a);
	zone_records_free(b);
	zone_records_free(c);
	zone_records_free(d);
	stop();
}
END_TEST

START_TEST(patterns)
{
	static const struct {
		const char *pattern, *name;
		bool match;
	} rows[] = {
	    {"@", "a.test", true},
	    {"@", "www.a.test", false},
	    {"www", "www.a.test", true},
	    {"WWW", "www.a.test", true},
	    {"www", "x.www.a.test", false},
	    {"www", "xwww.a.test", false},
	    {"*", "a.test", false},
	    {"*", "x.y.a.test", true},
	    {"*.api", "v.api.a.test", true},
	    {"*.api", "w.v.api.a.test", true},
	    {"*.api", "api.a.test", false},
	    {"*.api", "v.xapi.a.test", false},
	    {"b.a.test.", "b.a.test", true},
	    {"b.a.test.", "c.b.a.test", false},
	    {"*.a.test.", "b.a.test", true},
	    {"*.", "b.a.test", true},
	    {"a.test", "a.test", false},
	};
	uint8_t name[DNS_NAME_MAX];
	struct guard_pattern p;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ck_assert_int_eq(
		    guard_pattern_parse(&p, rows[i].pattern, &err), 0);
		ck_assert_int_gt(name_from_text(name, rows[i].name, &err), 0);
		ck_assert_msg(
		    guard_pattern_match(&p, (const uint8_t *)"\1a\4test",
			name) == rows[i].match,
		    "%s %s", rows[i].pattern, rows[i].name);
	}
}
END_TEST

/* A zone's own list is about the zone. */
START_TEST(patterns_of_another_zone)
{
	static const struct {
		const char *pattern;
		bool good;
	} rows[] = {{"www.a.test.", true}, {"a.test.", true},
	    {"*.a.test.", true}, {"*.test.", true}, {"*.", true},
	    {"www.b.test", true}, {"www.b.test.", false}, {"test.", false},
	    {"*.b.test.", false}};

	start("");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[256];
		int n = snprintf(text, sizeof text,
		    "zone_directory: /z\nzones: [{name: a.test, file: a, "
		    "protect: [\"%s\"]}]\n",
		    rows[i].pattern);

		config_free(&config);
		ck_assert_int_eq(
		    config_parse(&config, "/t.yaml", text, (size_t)n, &err), 0);
		ck_assert_msg(
		    (guards_configure(NULL, config, &err) == 0) == rows[i].good,
		    "%s", rows[i].pattern);
	}
	ck_assert_ptr_nonnull(strstr(err.text, "/t.yaml:2: zone a.test"));
	stop();
}
END_TEST

/* A damaged file is forgotten; what is served is compared with all the same. */
START_TEST(damaged_memory)
{
	struct guard_state s;
	char path[UNIT_PATH_MAX + 64], command[3 * sizeof path];

	start("");
	ck_assert_int_ne(edit("x TXT 1\ny TXT 2", ""), 0);
	state_of(&s, "a.test");
	ck_assert_uint_eq(s.nverdicts, 1);
	guard_state_fini(&s);
	snprintf(path, sizeof path, "%s/guards", dir);
	snprintf(command, sizeof command,
	    "for f in %s/*.json; do echo '{\"format\": 1' >$f; done; "
	    "echo x >%s/.new-1",
	    path, path);
	ck_assert_int_eq(system(command), 0);
	restart("");
	ck_assert_int_ne(
	    guard_state_read(&s, dir, (const uint8_t *)"\1a\4test", &err), 0);
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	ck_assert_int_ne(edit("x TXT 1\ny TXT 2", ""), 0);
	state_of(&s, "a.test");
	ck_assert_uint_eq(s.nverdicts, 1);
	guard_state_fini(&s);
	snprintf(command, sizeof command, "test ! -e %s/.new-1", path);
	ck_assert_int_eq(system(command), 0);
	stop();
}
END_TEST

/* Where nothing can be written versions are refused all the same, and nothing
 * is let pass; once it can be, it is. */
START_TEST(disk_that_takes_nothing)
{
	char path[UNIT_PATH_MAX];
	FILE *f;

	unit_directory_make(dir);
	now = NOW;
	f = fopen(unit_path(path, dir, "guards"), "w"); /* no folder */
	ck_assert_ptr_nonnull(f);
	fclose(f);
	open_guards("");
	ck_assert_int_ne(edit("x TXT 1\ny TXT 2", ""), 0);
	ck_assert_int_eq(edit("x TXT 1\ny TXT 2", "x TXT 2"), 0);
	ck_assert_int_ne(edit("x TXT 1\ny TXT 2", ""), 0);
	ck_assert_int_ne(override(now + 60), 0);
	ck_assert_int_ne(edit("x TXT 1\ny TXT 2", ""), 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(override(now + 60), 0);
	ck_assert_int_eq(edit("x TXT 1\ny TXT 2", ""), 0);
	stop();
}
END_TEST

UNIT_MAIN("guards", small_zones_may_change, what_is_emptied, budgets_of_a_zone,
    budget_of_a_type, many_small_cuts, what_the_apex_says,
    actions_are_configured, all_zones_together, an_override_is_for_once,
    verdicts_of_others, learned_names, zones_that_vanish,
    kept_zones_that_are_signed_again, canaries_that_come_back,
    windows_of_another_length, patterns, patterns_of_another_zone,
    damaged_memory, disk_that_takes_nothing)
