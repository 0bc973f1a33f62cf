/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The replay before publication: two zones, a thousand sampled questions, and
 * an edit; who is blamed, what is refused, and what the verdict says.
 */
#include "control/guard/replay_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "tests/rig/text_generation.h"
#include "tests/unit/unit_run.h"

#define HEAD "$TTL 60\n@ SOA ns hm 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n"
#define ZONE                                                                   \
	"www A 192.0.2.2\nold A 192.0.2.3\nalias CNAME target.two.\n"          \
	"a.deep A 192.0.2.4\n"

enum { NOW = 1000 };

static char dir[UNIT_PATH_MAX];
static struct traffic *traffic;
static struct replay *replay;
static struct err err;
static struct replay_limits limits = {.minutes = 10,
    .lost_permille = 1,
    .truncated_permille = 10,
    .growth_permille = 250,
    .least = 10};

struct found {
	unsigned blocking, warnings;
	char text[800]; /* "apex: text" of each, with newlines */
	const struct replay_subject *subjects;
	const char *protected;
};

static void
ask_often(const char *name, uint16_t type, uint8_t verdict, unsigned times)
{
	struct sample s = {.weight = 1, .verdict = verdict};
	size_t at = DNS_HEADER_BYTES;

	s.query[5] = 1;
	at += (size_t)name_from_text(s.query + at, name, &err);
	wire_store16(s.query + at, type);
	wire_store16(s.query + at + 2, DNS_CLASS_IN);
	s.query_bytes = (uint16_t)(at + 4);
	while (times--)
		traffic_add(traffic, &s, NOW);
}

static void
rig_make(void)
{
	const struct config_answer answer = {.udp_max = 1232};

	unit_directory_make(dir);
	ck_assert_int_eq(traffic_new(&traffic, dir, 10, NOW, &err), 0);
	ck_assert_int_eq(replay_new(&replay, &answer, &err), 0);
	ask_often("www.one.", DNS_TYPE_A, VERDICT_ANSWER, 900);
	ask_often("www.one.", DNS_TYPE_AAAA, VERDICT_NODATA, 300);
	ask_often("alias.one.", DNS_TYPE_A, VERDICT_CNAME, 60);
	ask_often("a.deep.one.", DNS_TYPE_A, VERDICT_ANSWER, 30);
	ask_often("old.one.", DNS_TYPE_A, VERDICT_ANSWER, 9);
	ask_often("none.one.", DNS_TYPE_A, VERDICT_NXDOMAIN, 50);
	ask_often("target.two.", DNS_TYPE_A, VERDICT_ANSWER, 500);
}

static void
rig_remove(void)
{
	replay_free(&replay);
	traffic_free(&traffic);
	unit_directory_remove(dir);
}

static bool
is_protected(void *arg, const uint8_t *apex, const uint8_t *name)
{
	const struct found *f = arg;
	char text[NAME_TEXT_MAX];

	(void)apex;
	return f->protected &&
	       strcmp(name_to_text(text, name), f->protected) == 0;
}

static void
take_finding(void *arg, const struct replay_finding *found)
{
	struct found *f = arg;
	char apex[NAME_TEXT_MAX];
	size_t used = strlen(f->text);

	f->blocking += found->blocking;
	f->warnings += !found->blocking;
	snprintf(f->text + used, sizeof f->text - used, "%s: %s\n",
	    name_to_text(apex, f->subjects[found->subject].apex), found->text);
}

/* one. and two. become these; NULL: as before. */
static struct found
edit(const char *one, const char *two, const char *protected)
{
	char texts[2][2][512];
	struct text_zone zones[2][2] = {{{.apex = "one."}, {.apex = "two."}},
	    {{.apex = "one."}, {.apex = "two."}}};
	struct zone_records *records[2][2] = {{NULL}};
	struct generation *g[2] = {NULL};
	struct replay_subject *list = calloc(2, sizeof *list);
	struct replay_subjects subjects;
	size_t count = 0;
	struct replay_checks c = {.replay = replay,
	    .limits = &limits,
	    .subjects = &subjects,
	    .is_protected = is_protected,
	    .found = take_finding};
	struct replay_tally tally;
	struct found f = {.subjects = list, .protected = protected};

	for (unsigned i = 0; i < 2; i++) {
		snprintf(texts[i][0], 512, HEAD "%s", i && one ? one : ZONE);
		snprintf(texts[i][1], 512, HEAD "%s",
		    i && two ? two : "target A 192.0.2.9\n");
		zones[i][0].text = texts[i][0];
		zones[i][1].text = texts[i][1];
		ck_assert_msg(text_generation_make(
				  &g[i], records[i], zones[i], 2, &err) == 0,
		    "%s", err.text);
	}
	for (unsigned z = 0; z < 2; z++)
		if (z ? two : one)
			list[count++] = (struct replay_subject){
			    .apex = records[0][z]->apex, .was = records[0][z]};
	ck_assert_int_eq(replay_subjects_make(&subjects, list, count, &err), 0);
	c.active = g[0];
	c.candidate = g[1];
	c.arg = &f;
	ck_assert_int_eq(replay_check(&c, traffic, NOW, &tally, &err), 0);
	ck_assert_uint_eq(tally.other, 0);
	replay_subjects_fini(&subjects);
	for (unsigned i = 0; i < 2; i++) {
		generation_free(&g[i]);
		zone_records_free(records[i][0]);
		zone_records_free(records[i][1]);
	}
	return f;
}

START_TEST(harmless_edits_pass)
{
	struct found f;

	rig_make();
	f = edit(ZONE "new A 192.0.2.7\n", NULL, NULL);
	ck_assert_str_eq(f.text, "");
	f = edit("www A 192.0.2.77\nold A 192.0.2.3\nalias CNAME target.two.\n"
		 "a.deep A 192.0.2.4\n",
	    "target A 192.0.2.10\n", "www.one.");
	ck_assert_str_eq(f.text, "");
	/* nine questions are luck */
	f = edit("www A 192.0.2.2\nalias CNAME target.two.\n"
		 "a.deep A 192.0.2.4\n",
	    NULL, NULL);
	ck_assert_str_eq(f.text, "");
	/* unless the name is protected */
	f = edit("www A 192.0.2.2\nalias CNAME target.two.\n"
		 "a.deep A 192.0.2.4\n",
	    NULL, "old.one.");
	ck_assert_str_eq(f.text,
	    "one.: protected names would lose their answers (limit: none may): "
	    "old.one. A 0.9 % (answer -> NXDOMAIN)\n");
	ck_assert_uint_eq(f.blocking, 1);
	rig_remove();
}
END_TEST

START_TEST(losses_are_refused)
{
	struct found f;

	rig_make();
	f = edit("old A 192.0.2.3\nalias CNAME target.two.\n"
		 "a.deep A 192.0.2.4\n",
	    NULL, NULL);
	ck_assert_uint_eq(f.blocking, 1);
	ck_assert_str_eq(f.text,
	    "one.: 90.1 % of what was asked in the last 10 minutes (900 of "
	    "1349 sampled questions) would lose its answer; at most 0.1 %: "
	    "www.one. A 90.1 % (answer -> NXDOMAIN)\n");
	/* an accidental delegation, a wildcard in the place of names */
	f = edit(ZONE "deep NS ns.two.\n", NULL, NULL);
	ck_assert_uint_eq(f.blocking, 1);
	ck_assert_ptr_nonnull(
	    strstr(f.text, "a.deep.one. A 3.0 % (data -> a delegation)"));
	f = edit("*.deep A 192.0.2.99\nwww A 192.0.2.2\n* A 192.0.2.8\n",
	    "target A 192.0.2.9\n", NULL);
	ck_assert_ptr_nonnull(strstr(f.text,
	    ": alias.one. A 6.0 % (data -> another wildcard's data); "
	    "a.deep.one. A 3.0 % (data -> another wildcard's data); "
	    "old.one. A 0.9 % (data -> another wildcard's data)\n"));
	ck_assert_ptr_nonnull(strstr(
	    f.text, "none.one. A 3.7 % (NXDOMAIN -> a wildcard's data)"));
	ck_assert_uint_eq(f.warnings, 1);
	ck_assert_uint_eq(f.blocking, 1);
	rig_remove();
}
END_TEST

/* What an alias leads to is to blame for it, not the alias. */
START_TEST(targets_are_to_blame)
{
	struct found f;

	rig_make();
	f = edit(ZONE "new A 192.0.2.7\n", "", NULL);
	ck_assert_uint_eq(f.blocking, 1);
	ck_assert_int_eq(strncmp(f.text, "two.: ", 6), 0);
	/* an alias that leads to nowhere is the alias's fault */
	f = edit("www A 192.0.2.2\nold A 192.0.2.3\nalias CNAME no.two.\n"
		 "a.deep A 192.0.2.4\n",
	    "target A 192.0.2.9\nmore A 192.0.2.10\n", NULL);
	ck_assert_uint_eq(f.blocking, 1);
	ck_assert_int_eq(strncmp(f.text, "one.: ", 6), 0);
	f = edit(NULL, "", NULL);
	ck_assert_uint_eq(f.blocking, 1);
	ck_assert_ptr_nonnull(strstr(f.text, "two.: "));
	ck_assert_ptr_nonnull(strstr(f.text,
	    "target.two. A 89.3 % (answer -> NXDOMAIN); alias.one. A "));
	rig_remove();
}
END_TEST

/* A flood of names that do not exist makes no loss look small. */
START_TEST(floods_hide_nothing)
{
	struct found f;
	char name[32];

	rig_make();
	for (unsigned i = 0; i < 30000; i++) {
		snprintf(name, sizeof name, "x%u.one.", i);
		ask_often(name, DNS_TYPE_A, VERDICT_NXDOMAIN, 10);
	}
	f = edit("www A 192.0.2.2\nalias CNAME target.two.\n"
		 "old A 192.0.2.3\n",
	    NULL, NULL);
	ck_assert_uint_eq(f.blocking, 1);
	ck_assert_ptr_nonnull(strstr(f.text, "3.0 % of what was asked"));
	rig_remove();
}
END_TEST

static void
take_share(void *arg, const uint8_t *name, double permille)
{
	char *text = arg, dotted[NAME_TEXT_MAX];

	sprintf(text + strlen(text), "%s %.1f\n", name_to_text(dotted, name),
	    permille);
}

/* What is asked most, types taken together; what does not exist is not. */
START_TEST(shares)
{
	static const char *const wanted[] = {"alias.one. 46.2\n",
	    "a.deep.one. 23.1\n", "www.one. 923.8\n", "target.two. 1000.0\n"};
	struct replay_subject *list = calloc(2, sizeof *list);
	struct replay_subjects s;
	char text[256] = "";
	size_t bytes = 0;

	rig_make();
	list[0].apex = (const uint8_t *)"\3one";
	list[1].apex = (const uint8_t *)"\3two";
	ck_assert_int_eq(replay_subjects_make(&s, list, 2, &err), 0);
	ck_assert_int_eq(replay_subject_shares(
			     &s, traffic, NOW, 9, 20, take_share, text, &err),
	    0);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_ptr_nonnull(strstr(text, wanted[i]));
		bytes += strlen(wanted[i]);
	}
	ck_assert_uint_eq(strlen(text), bytes);
	replay_subjects_fini(&s);
	rig_remove();
}
END_TEST

/* Any number of zones is found, and nothing else. */
START_TEST(many_subjects)
{
	enum { MANY = 10000 };
	static uint8_t apexes[MANY][32];
	struct replay_subject *list = calloc(MANY, sizeof *list);
	struct replay_subjects s;
	uint8_t name[DNS_NAME_MAX];
	char text[64];

	for (unsigned i = 0; i < MANY; i++) {
		snprintf(text, sizeof text, "z%u.example.", i);
		name_from_text(apexes[i], text, &err);
		list[i].apex = apexes[i];
	}
	ck_assert_int_eq(replay_subjects_make(&s, list, MANY, &err), 0);
	for (unsigned i = 0; i < 2 * MANY; i++) {
		snprintf(text, sizeof text, "a.b.z%u.example.", i);
		name_from_text(name, text, &err);
		ck_assert_ptr_eq(replay_subject_above_find(&s, name),
		    i < MANY ? &list[i] : NULL);
		ck_assert_ptr_null(replay_subject_find(&s, name));
	}
	replay_subjects_fini(&s);
}
END_TEST

START_TEST(nothing_to_compare)
{
	const struct replay_subjects none = {0};
	struct replay_checks c = {
	    .replay = replay, .limits = &limits, .subjects = &none};
	struct replay_tally tally;

	ck_assert_int_eq(replay_check(&c, NULL, NOW, &tally, &err), 0);
	ck_assert_uint_eq(tally.asked, 0);
}
END_TEST

UNIT_MAIN("replay_check", harmless_edits_pass, losses_are_refused,
    targets_are_to_blame, floods_hide_nothing, shares, many_subjects,
    nothing_to_compare)
