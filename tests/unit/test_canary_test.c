/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of control/publish/canary_test.c: thousands of simulated streams
 * with fixed seeds; the errors made are within those that were stated.
 */
#include <math.h>

#include "control/publish/canary_test.h"
#include "tests/unit/unit_run.h"

static const struct canary_rates rates = {
    .good = 0.002, .bad = 0.05, .false_return = 0.001, .missed = 0.01};

/* splitmix64: the same stream for the same seed, everywhere */
static double
draw(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ull);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (double)((z ^ z >> 31) >> 11) / 9007199254740992.0;
}

struct outcome {
	unsigned good, bad, undecided;
	uint64_t questions; /* until the first verdict, of all streams */
};

/* `goes_on`: a verdict "good" does not end a stream. */
static struct outcome
simulate(double share, unsigned streams, unsigned most, bool goes_on)
{
	struct outcome o = {0};
	uint64_t seed = 1;

	for (unsigned i = 0; i < streams; i++) {
		struct canary_test t;
		enum canary_verdict v = CANARY_UNDECIDED;

		canary_test_init(&t, &rates);
		for (unsigned k = 0; k < most && v != CANARY_BAD &&
				     (goes_on || v == CANARY_UNDECIDED);
		     k++)
			v = canary_test_add(&t, draw(&seed) < share);
		o.good += v == CANARY_GOOD;
		o.bad += v == CANARY_BAD;
		o.undecided += v == CANARY_UNDECIDED;
		o.questions += t.questions;
	}
	return o;
}

/* What chance adds to a share of n draws, seldom exceeded. */
static double
most_of(double share, unsigned n)
{
	return share * n + 4 * sqrt(share * n) + 1;
}

START_TEST(test_good_is_seldom_returned)
{
	struct outcome o = simulate(rates.good, 20000, 100000, false);

	ck_assert_uint_eq(o.undecided, 0);
	ck_assert(o.bad <= most_of(rates.false_return, 20000));
}
END_TEST

START_TEST(test_bad_is_seldom_missed)
{
	struct outcome o = simulate(rates.bad, 20000, 100000, false);

	ck_assert_uint_eq(o.undecided, 0);
	ck_assert(o.good <= most_of(rates.missed, 20000));
	/* and soon seen */
	ck_assert_uint_lt(o.questions / 20000, 150);
}
END_TEST

START_TEST(test_a_long_watch_errs_no_more)
{
	struct outcome o = simulate(rates.good, 4000, 20000, true);

	ck_assert(o.bad <= most_of(rates.false_return, 4000));
}
END_TEST

START_TEST(test_what_turns_bad_is_seen_after_good)
{
	struct canary_test t;
	unsigned n = 0;

	canary_test_init(&t, &rates);
	for (unsigned i = 0; i < 1000; i++)
		ck_assert_int_ne(canary_test_add(&t, false), CANARY_BAD);
	ck_assert_int_eq(t.verdict, CANARY_GOOD);
	while (canary_test_add(&t, true) != CANARY_BAD)
		ck_assert_uint_lt(++n, 20);
	ck_assert_uint_gt(n, 1);
	/* for ever */
	for (unsigned i = 0; i < 1000; i++)
		ck_assert_int_eq(canary_test_add(&t, false), CANARY_BAD);
}
END_TEST

START_TEST(test_one_fault_is_no_verdict)
{
	struct canary_test t;

	canary_test_init(&t, &rates);
	ck_assert_int_eq(canary_test_add(&t, true), CANARY_UNDECIDED);
	ck_assert_int_eq(canary_test_add(&t, true), CANARY_UNDECIDED);
	ck_assert_int_eq(canary_test_add(&t, true), CANARY_BAD);
	ck_assert_uint_eq(t.faults, 3);
}
END_TEST

START_TEST(test_no_fault_is_good_soon)
{
	struct canary_test t;

	canary_test_init(&t, &rates);
	for (unsigned i = 0; i < 93; i++)
		ck_assert_int_eq(canary_test_add(&t, false), CANARY_UNDECIDED);
	while (canary_test_add(&t, false) != CANARY_GOOD)
		ck_assert_uint_lt(t.questions, 110);
}
END_TEST

UNIT_MAIN("canary_test", test_good_is_seldom_returned,
    test_bad_is_seldom_missed, test_a_long_watch_errs_no_more,
    test_what_turns_bad_is_seen_after_good, test_one_fault_is_no_verdict,
    test_no_fault_is_good_soon)
