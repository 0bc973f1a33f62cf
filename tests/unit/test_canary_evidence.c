/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of control/publish/canary_evidence.c: whose fault it is, what does
 * not count, what is bounded.
 */
#include <stdio.h>
#include <string.h>

#include "base/name.h"
#include "control/publish/canary_evidence.h"
#include "tests/unit/unit_run.h"

static const struct canary_rates rates = {
    .good = 0.002, .bad = 0.05, .false_return = 0.001, .missed = 0.01};
static const struct canary_rates touchy = {
    .good = 0.001, .bad = 0.9, .false_return = 0.1, .missed = 0.1};
static struct evidence e;
static struct err err;

static void
begin(void)
{
	ck_assert_int_eq(evidence_init(&e, &rates, &err), 0);
}

static const uint8_t *
name(const char *text)
{
	static uint8_t names[4][DNS_NAME_MAX];
	static unsigned at;
	uint8_t *n = names[at++ % 4];

	ck_assert_int_gt(name_from_text(n, text, &err), 0);
	return n;
}

/* `n` questions, of names that differ, all with one fault or none. */
static void
ask(const char *zone, unsigned from, unsigned n, enum evidence_fault fault)
{
	for (unsigned i = from; i < from + n; i++) {
		char text[64];
		struct evidence_piece p = {.apex = zone ? name(zone) : NULL,
		    .qtype = 1,
		    .fault = fault};

		snprintf(text, sizeof text, "n%u.%s", i,
		    zone ? zone : "elsewhere.test.");
		p.qname = name(text);
		evidence_add(&e, &p);
	}
}

static enum canary_verdict
verdict(void)
{
	bool suspect;

	return evidence_verdict(&e, &suspect);
}

START_TEST(test_good_when_all_are_sound)
{
	bool suspect;

	begin();
	ask("a.test.", 0, 10, EVIDENCE_NONE);
	ck_assert_int_eq(verdict(), CANARY_UNDECIDED);
	ask("b.test.", 0, 100, EVIDENCE_NONE);
	ck_assert_int_eq(evidence_verdict(&e, &suspect), CANARY_GOOD);
	ck_assert(!suspect);
	ck_assert(!evidence_zone_is_bad(&e, name("a.test.")));
	evidence_fini(&e);
}
END_TEST

START_TEST(test_the_zone_at_fault_is_named)
{
	char text[512];

	begin();
	ask("good.test.", 0, 100, EVIDENCE_NONE);
	ask("bad.test.", 0, 10, EVIDENCE_LOSS);
	ck_assert_int_eq(verdict(), CANARY_BAD);
	ck_assert(evidence_zone_is_bad(&e, name("bad.test.")));
	ck_assert(!evidence_zone_is_bad(&e, name("good.test.")));
	ck_assert(!evidence_zone_is_bad(&e, name("quiet.test.")));
	ck_assert(!evidence_is_bad_elsewhere(&e));
	evidence_text(evidence_zone_find(&e, name("bad.test.")), text, 512);
	ck_assert_str_eq(text,
	    "10 of 10 questions at fault, the first of them n0.bad.test. A, "
	    "which is not answered any more");
	evidence_fini(&e);
}
END_TEST

/* One in ten of each of a hundred zones: no zone's own test can say it. */
START_TEST(test_thin_over_many_zones)
{
	begin();
	for (unsigned i = 0; i < 100; i++) {
		char zone[32];

		snprintf(zone, sizeof zone, "z%u.test.", i);
		ask(zone, 0, 9, EVIDENCE_NONE);
		ask(zone, 9, 1, i % 2 ? EVIDENCE_OTHERWISE : EVIDENCE_NONE);
	}
	ck_assert_int_eq(verdict(), CANARY_BAD);
	ck_assert(evidence_zone_is_bad(&e, name("z1.test.")));
	ck_assert(!evidence_zone_is_bad(&e, name("z2.test.")));
	evidence_fini(&e);
}
END_TEST

START_TEST(test_questions_elsewhere)
{
	begin();
	ask(NULL, 0, 1000, EVIDENCE_NONE);
	/* they speak for nothing */
	ck_assert_int_eq(verdict(), CANARY_UNDECIDED);
	ask("a.test.", 0, 200, EVIDENCE_NONE);
	ck_assert_int_eq(verdict(), CANARY_GOOD);
	ask(NULL, 1000, 100, EVIDENCE_OTHERWISE);
	ck_assert_int_eq(verdict(), CANARY_BAD);
	ck_assert(evidence_is_bad_elsewhere(&e));
	/* no single zone can be named, so it is all of them */
	ck_assert(evidence_zone_is_bad(&e, name("a.test.")));
	ck_assert(evidence_zone_is_bad(&e, name("never-asked.test.")));
	evidence_fini(&e);
}
END_TEST

/* A flood of one question, at fault, among questions that are not. */
START_TEST(test_a_flood_of_one_name)
{
	begin();
	ask("a.test.", 0, 1000, EVIDENCE_NONE);
	for (unsigned i = 0; i < 100000; i++)
		ask("a.test.", 5000, 1, EVIDENCE_LOSS);
	ck_assert_int_ne(verdict(), CANARY_BAD);
	/* nor where nothing else is asked, whatever the rates */
	evidence_fini(&e);
	ck_assert_int_eq(evidence_init(&e, &touchy, &err), 0);
	for (unsigned i = 0; i < 100000; i++)
		ask("a.test.", 5000, 1, EVIDENCE_LOSS);
	ck_assert_int_eq(verdict(), CANARY_UNDECIDED);
	ck_assert_uint_eq(e.total.faults, EVIDENCE_REPEATS_MAX);
	ck_assert_uint_eq(e.repeated, 100000 - EVIDENCE_REPEATS_MAX);
	evidence_fini(&e);
}
END_TEST

START_TEST(test_what_guards_accepted_does_not_count)
{
	begin();
	for (unsigned i = 0; i < 50; i++) {
		char text[64];

		snprintf(text, sizeof text, "n%u.a.test.", i);
		evidence_accept(&e, name(text));
	}
	ask("a.test.", 0, 50, EVIDENCE_LOSS);
	ck_assert_uint_eq(e.total.questions, 0);
	ck_assert_uint_eq(e.accepted, 50);
	{
		struct evidence before = e;

		begin(); /* of a soak */
		evidence_accept_all(&e, &before);
		evidence_fini(&before);
	}
	ask("a.test.", 0, 50, EVIDENCE_LOSS);
	ck_assert_uint_eq(e.total.questions, 0);
	/* lost as known; but sent otherwise is something else */
	ask("a.test.", 0, 50, EVIDENCE_OTHERWISE);
	ck_assert_int_eq(verdict(), CANARY_BAD);
	evidence_fini(&e);
}
END_TEST

START_TEST(test_suspect_zones_are_given_time)
{
	bool suspect;

	begin();
	ask("a.test.", 0, 200, EVIDENCE_NONE);
	ask("b.test.", 0, 1, EVIDENCE_COST);
	ck_assert_int_ne(evidence_verdict(&e, &suspect), CANARY_BAD);
	ck_assert(suspect);
	evidence_fini(&e);
}
END_TEST

START_TEST(test_an_operator_forgives_one_zone)
{
	begin();
	ask("a.test.", 0, 20, EVIDENCE_LOSS);
	ck_assert_int_eq(verdict(), CANARY_BAD);
	evidence_forgive(&e, name("a.test."));
	ck_assert_int_eq(verdict(), CANARY_UNDECIDED);
	ask("a.test.", 20, 50, EVIDENCE_LOSS);
	ck_assert_int_eq(verdict(), CANARY_UNDECIDED);
	{
		struct evidence before = e;

		begin(); /* of a soak */
		evidence_accept_all(&e, &before);
		evidence_fini(&before);
	}
	ask("a.test.", 70, 50, EVIDENCE_LOSS);
	ck_assert_int_eq(verdict(), CANARY_UNDECIDED);
	ask("b.test.", 0, 20, EVIDENCE_LOSS);
	ck_assert_int_eq(verdict(), CANARY_BAD);
	ck_assert(evidence_zone_is_bad(&e, name("b.test.")));
	ck_assert(!evidence_zone_is_bad(&e, name("a.test.")));
	evidence_fini(&e);
}
END_TEST

START_TEST(test_bounds)
{
	begin();
	for (unsigned i = 0; i < EVIDENCE_ZONES_MAX + 50; i++) {
		char zone[32];

		snprintf(zone, sizeof zone, "z%u.test.", i);
		ask(zone, 0, 1, EVIDENCE_NONE);
	}
	ck_assert_uint_eq(e.nzones, EVIDENCE_ZONES_MAX);
	ask("z0.test.", 1, EVIDENCE_NAMES_MAX, EVIDENCE_NONE);
	ck_assert_uint_eq(e.nnames, EVIDENCE_NAMES_MAX);
	ck_assert_uint_gt(e.repeated, 0);
	evidence_accept(&e, name("new.test."));
	evidence_fini(&e);
}
END_TEST

UNIT_MAIN("canary_evidence", test_good_when_all_are_sound,
    test_the_zone_at_fault_is_named, test_thin_over_many_zones,
    test_questions_elsewhere, test_a_flood_of_one_name,
    test_what_guards_accepted_does_not_count, test_suspect_zones_are_given_time,
    test_an_operator_forgives_one_zone, test_bounds)
