/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The search for a rate, against servers that are numbers: it ends, near the
 * number, from any first guess; single failures do not lead it astray.
 */
#include "tests/unit/unit_run.h"
#include "tools/load/rate_search.h"

static struct rate_search
searched(double first, double limit, double precision)
{
	struct rate_search s;

	search_begin(&s, first, precision);
	while (search_goes_on(&s))
		search_take(&s, s.next <= limit, false);
	return s;
}

START_TEST(finds_the_limit)
{
	static const double limits[] = {150, 5000, 123456, 2.5e6, 1.1e7};
	static const double guesses[] = {0.01, 0.5, 0.9, 1, 1.1, 3, 50};

	for (unsigned i = 0; i < 5; i++)
		for (unsigned k = 0; k < 7; k++) {
			struct rate_search s =
			    searched(limits[i] * guesses[k], limits[i], 0.02);

			ck_assert_msg(
			    s.low <= limits[i] && s.low * 1.021 >= limits[i],
			    "limit %g from %g: %g after %u trials", limits[i],
			    limits[i] * guesses[k], s.low, s.trials);
		}
}
END_TEST

/* From a good guess it takes few trials. */
START_TEST(a_good_guess_is_quick)
{
	ck_assert_uint_le(searched(4e6, 4.9e6, 0.02).trials, 14);
	ck_assert_uint_le(searched(4e6, 3.5e6, 0.02).trials, 14);
}
END_TEST

START_TEST(nothing_passes)
{
	struct rate_search s = searched(1e6, 0, 0.02);

	ck_assert_double_eq(s.low, 0);
	ck_assert_uint_le(s.trials, SEARCH_TRIALS_MAX);
}
END_TEST

START_TEST(everything_passes)
{
	struct rate_search s = searched(1e6, 1e12, 0.02);

	ck_assert_double_ge(s.low, SEARCH_RATE_MAX / 2);
}
END_TEST

/* Each rate fails once for no reason. */
START_TEST(single_failures_do_not_count)
{
	struct rate_search s;
	unsigned turn = 0;

	search_begin(&s, 8e5, 0.02);
	while (search_goes_on(&s))
		search_take(&s, s.next <= 1e6 && turn++ % 2, false);
	ck_assert_double_ge(s.low, 1e6 / 1.021);
}
END_TEST

START_TEST(excused_failures_count_less)
{
	struct rate_search s;

	search_begin(&s, 1000, 0.02);
	for (unsigned i = 0; i < SEARCH_ATTEMPTS_EXCUSED - 1; i++) {
		search_take(&s, false, true);
		ck_assert_double_eq(s.next, 1000);
	}
	search_take(&s, false, true);
	ck_assert_double_lt(s.next, 1000);
	ck_assert_double_eq(s.high, 1000);
}
END_TEST

UNIT_MAIN("rate_search", finds_the_limit, a_good_guess_is_quick, nothing_passes,
    everything_passes, single_failures_do_not_count,
    excused_failures_count_less)
