/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of control/publish/rollout.c: when a candidate is committed,
 * proven, returned or lost. Time is a number that the tests turn.
 */
#include <stdio.h>

#include "base/name.h"
#include "control/publish/rollout.h"
#include "tests/unit/unit_run.h"

static const struct digest parent = {{1}}, candidate = {{2}}, other = {{3}};
static struct rollout r;
static struct rollout_seen seen;
static uint64_t now;
static const char *why;
static struct err err;

static void
begin(enum config_undecided undecided)
{
	struct config *c;

	rollout_init(&r);
	ck_assert_int_eq(config_default(&c, &err), 0);
	c->rollout.undecided = undecided;
	rollout_settings_from(&r.settings, &c->rollout);
	config_free(&c);
	now = 1000000;
	seen = (struct rollout_seen){
	    .alive = true, .pid = 7, .stable = parent, .candidate = candidate};
	ck_assert_int_eq(
	    rollout_begin(&r, ROLLOUT_CANARY, &candidate, &parent, now, &err),
	    0);
}

static void
begin_soak(void)
{
	seen.stable = candidate;
	seen.candidate = (struct digest){{0}};
	ck_assert_int_eq(
	    rollout_begin(&r, ROLLOUT_SOAK, &candidate, &parent, now, &err), 0);
}

static enum rollout_move
step(uint64_t more_ms)
{
	now += more_ms;
	return rollout_step(&r, &seen, now, &why);
}

static void
ask(unsigned from, unsigned n, enum evidence_fault fault)
{
	uint8_t apex[DNS_NAME_MAX], qname[DNS_NAME_MAX];

	ck_assert_int_gt(name_from_text(apex, "a.test.", &err), 0);
	for (unsigned i = from; i < from + n; i++) {
		char text[64];

		snprintf(text, sizeof text, "n%u.a.test.", i);
		ck_assert_int_gt(name_from_text(qname, text, &err), 0);
		evidence_add(&r.evidence,
		    &(struct evidence_piece){apex, qname, 1, fault});
	}
}

START_TEST(test_a_good_candidate)
{
	begin(UNDECIDED_RETURN);
	ask(0, 200, EVIDENCE_NONE);
	ck_assert_int_eq(step(9999), ROLLOUT_WAIT);
	ck_assert_uint_eq(rollout_left_ms(&r, now), 50001);
	ck_assert_int_eq(step(1), ROLLOUT_COMMIT);
	ck_assert_uint_eq(rollout_exposure_ms(&r, now), 500); /* 5 % of 10 s */
	begin_soak();
	ck_assert_int_eq(step(0), ROLLOUT_WAIT);
	ck_assert_int_eq(step(59999), ROLLOUT_WAIT);
	ck_assert_uint_eq(rollout_exposure_ms(&r, now), 500 + 59999);
	ck_assert_int_eq(step(1), ROLLOUT_PROVEN);
	rollout_end(&r);
	ck_assert_int_eq(step(1), ROLLOUT_WAIT);
	ck_assert_uint_eq(rollout_exposure_ms(&r, now), 0);
	rollout_fini(&r);
}
END_TEST

START_TEST(test_a_bad_one_does_not_wait)
{
	begin(UNDECIDED_COMMIT);
	ck_assert_int_eq(step(0), ROLLOUT_WAIT);
	ask(0, 5, EVIDENCE_LOSS);
	ck_assert_int_eq(step(1), ROLLOUT_RETURN);
	ck_assert_ptr_nonnull(why);
	rollout_fini(&r);
}
END_TEST

START_TEST(test_bad_in_the_soak)
{
	begin(UNDECIDED_COMMIT);
	begin_soak();
	ask(0, 100, EVIDENCE_NONE);
	ck_assert_int_eq(step(1000), ROLLOUT_WAIT);
	ask(100, 20, EVIDENCE_OTHERWISE);
	ck_assert_int_eq(step(1), ROLLOUT_RETURN);
	rollout_fini(&r);
}
END_TEST

START_TEST(test_little_traffic)
{
	begin(UNDECIDED_COMMIT);
	ask(0, 10, EVIDENCE_NONE);
	ck_assert_int_eq(step(59999), ROLLOUT_WAIT);
	ck_assert_int_eq(step(1), ROLLOUT_COMMIT);
	rollout_fini(&r);
	begin(UNDECIDED_RETURN);
	ask(0, 10, EVIDENCE_NONE);
	ck_assert_int_eq(step(59999), ROLLOUT_WAIT);
	ck_assert_int_eq(step(1), ROLLOUT_RETURN);
	rollout_fini(&r);
}
END_TEST

START_TEST(test_a_suspect_waits_until_the_end)
{
	begin(UNDECIDED_RETURN);
	ask(0, 100, EVIDENCE_NONE);
	ck_assert_int_eq(step(10000), ROLLOUT_COMMIT);
	ask(100, 1, EVIDENCE_COST);
	ck_assert_int_eq(step(0), ROLLOUT_COMMIT); /* one in a hundred */
	rollout_fini(&r);
	begin(UNDECIDED_RETURN);
	ask(0, 1, EVIDENCE_COST);
	ask(1, 110, EVIDENCE_NONE);
	ck_assert_int_eq(step(10000), ROLLOUT_WAIT);
	ask(111, 110, EVIDENCE_NONE);
	ck_assert_int_eq(step(0), ROLLOUT_COMMIT);
	rollout_fini(&r);
}
END_TEST

START_TEST(test_somebody_was_faster)
{
	begin(UNDECIDED_COMMIT);
	seen.candidate = (struct digest){{0}};
	ck_assert_int_eq(step(1), ROLLOUT_LOST);
	rollout_fini(&r);
	begin(UNDECIDED_COMMIT);
	begin_soak();
	seen.stable = other; /* a rollback */
	ck_assert_int_eq(step(1), ROLLOUT_LOST);
	rollout_fini(&r);
}
END_TEST

START_TEST(test_the_data_plane_ends)
{
	begin(UNDECIDED_COMMIT);
	ck_assert_int_eq(step(1), ROLLOUT_WAIT);
	seen.alive = false;
	ck_assert_int_eq(step(1000), ROLLOUT_WAIT);
	seen = (struct rollout_seen){.alive = true, .pid = 8, .stable = parent};
	/* once: it may have been restarted */
	ck_assert_int_eq(step(1000), ROLLOUT_LOST);
	ck_assert(!rollout_has_killed(&r));
	/* with the same candidate again */
	ck_assert_int_eq(
	    rollout_begin(&r, ROLLOUT_CANARY, &candidate, &parent, now, &err),
	    0);
	seen.candidate = candidate;
	ck_assert_int_eq(step(1), ROLLOUT_WAIT);
	seen = (struct rollout_seen){.alive = true, .pid = 9, .stable = parent};
	ck_assert_int_eq(step(1), ROLLOUT_RETURN);
	ck_assert(rollout_has_killed(&r));
	/* another candidate starts without that */
	ck_assert_int_eq(
	    rollout_begin(&r, ROLLOUT_CANARY, &other, &parent, now, &err), 0);
	ck_assert(!rollout_has_killed(&r));
	seen.candidate = other;
	ck_assert_int_eq(step(1), ROLLOUT_WAIT);
	seen =
	    (struct rollout_seen){.alive = true, .pid = 10, .stable = parent};
	ck_assert_int_eq(step(1), ROLLOUT_LOST);
	rollout_fini(&r);
}
END_TEST

START_TEST(test_the_data_plane_ends_in_the_soak)
{
	begin(UNDECIDED_COMMIT);
	begin_soak();
	ck_assert_int_eq(step(1), ROLLOUT_WAIT);
	seen.pid = 8;
	ck_assert_int_eq(step(1), ROLLOUT_WAIT);
	seen.pid = 9;
	ck_assert_int_eq(step(1), ROLLOUT_RETURN);
	rollout_fini(&r);
}
END_TEST

START_TEST(test_a_data_plane_that_stays_away)
{
	begin(UNDECIDED_COMMIT);
	seen.alive = false;
	ck_assert_int_eq(step(59999), ROLLOUT_WAIT);
	ck_assert_int_eq(step(1), ROLLOUT_LOST);
	rollout_fini(&r);
	/* what is committed stays so, whoever is there */
	begin(UNDECIDED_COMMIT);
	begin_soak();
	seen.alive = false;
	ck_assert_int_eq(step(120000), ROLLOUT_WAIT);
	rollout_fini(&r);
}
END_TEST

START_TEST(test_hold_down_grows_to_a_bound)
{
	static const unsigned minutes[] = {0, 1, 2, 4, 8, 16, 32, 32, 32};

	begin(UNDECIDED_COMMIT);
	for (unsigned i = 0; i < sizeof minutes / sizeof *minutes; i++)
		ck_assert_uint_eq(
		    rollout_hold_down_ms(&r.settings, i), minutes[i] * 60000);
	rollout_fini(&r);
}
END_TEST

START_TEST(test_off_has_no_soak)
{
	struct rollout_settings s;
	struct config *c;

	ck_assert_int_eq(config_default(&c, &err), 0);
	c->rollout.canary = false;
	rollout_settings_from(&s, &c->rollout);
	config_free(&c);
	ck_assert(!s.on);
	ck_assert_uint_eq(s.soak_ms, 0);
}
END_TEST

UNIT_MAIN("rollout", test_a_good_candidate, test_a_bad_one_does_not_wait,
    test_bad_in_the_soak, test_little_traffic,
    test_a_suspect_waits_until_the_end, test_somebody_was_faster,
    test_the_data_plane_ends, test_the_data_plane_ends_in_the_soak,
    test_a_data_plane_that_stays_away, test_hold_down_grows_to_a_bound,
    test_off_has_no_soak)
