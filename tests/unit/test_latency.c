/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The histogram: no bucket is wider than 1.6 % of its values, and quantiles are
 * those of a sorted array, within that.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit_run.h"
#include "tools/load/latency.h"

static struct latency histogram;

static struct latency_sum
collected(void)
{
	struct latency_sum s;

	latency_sum_clear(&s);
	latency_collect(&s, &histogram);
	return s;
}

/* The buckets follow each other without a gap, and grow with their values. */
START_TEST(buckets_are_narrow)
{
	unsigned last = 0;

	for (uint64_t v = 0; v < UINT64_C(1) << 44; v += 1 + v / 1000) {
		unsigned b = latency_bucket(v);

		ck_assert_uint_lt(b, LATENCY_BUCKETS);
		ck_assert_msg(b == last || b == last + 1, "%llu: %u, %u",
		    (unsigned long long)v, last, b);
		last = b;
	}
	ck_assert_uint_eq(latency_bucket(UINT64_MAX), LATENCY_BUCKETS - 1);
}
END_TEST

START_TEST(values_are_told_as_they_are)
{
	for (uint64_t v = 1; v < UINT64_C(1) << 39; v = v * 5 / 4 + 1) {
		struct latency_sum s;
		double told;

		latency_clear(&histogram);
		latency_add(&histogram, v);
		s = collected();
		told = (double)latency_quantile(&s, 0.5);
		ck_assert_double_eq(told, (double)v);
		latency_add(&histogram, v * 2);
		latency_add(&histogram, v * 2);
		s = collected();
		told = (double)latency_quantile(&s, 0.3);
		ck_assert_double_ge(told, (double)v * 0.984);
		ck_assert_double_le(told, (double)v * 1.016);
		ck_assert_uint_eq(s.most, v * 2);
		ck_assert_uint_eq(s.least, v);
		ck_assert_uint_eq(s.count, 3);
	}
}
END_TEST

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

START_TEST(quantiles_of_many)
{
	enum { N = 100000 };
	static const double shares[] = {0.0001, 0.01, 0.5, 0.9, 0.99, 0.999, 1};
	uint64_t *values = calloc(N, sizeof *values),
		 random = 88172645463325252;
	struct latency_sum s;

	latency_clear(&histogram);
	for (unsigned i = 0; i < N; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		values[i] = random >> (20 + random % 30);
		latency_add(&histogram, values[i]);
	}
	qsort(values, N, sizeof *values, compare);
	s = collected();
	ck_assert_uint_eq(s.count, N);
	for (unsigned i = 0; i < sizeof shares / sizeof *shares; i++) {
		double told = (double)latency_quantile(&s, shares[i]);
		double real = (double)values[(size_t)(shares[i] * N + 0.5) - 1];

		ck_assert_double_ge(told, real * 0.984 - 1);
		ck_assert_double_le(told, real * 1.016 + 1);
	}
	ck_assert_uint_eq(latency_quantile(&s, 1), values[N - 1]);
	free(values);
}
END_TEST

START_TEST(nothing_is_zero)
{
	struct latency_sum s;

	latency_clear(&histogram);
	s = collected();
	ck_assert_uint_eq(latency_quantile(&s, 0.99), 0);
	ck_assert_uint_eq(s.count, 0);
}
END_TEST

/* What came between two looks; and over a clearing, what came since. */
START_TEST(differences)
{
	struct latency_sum first, second;

	latency_clear(&histogram);
	latency_add(&histogram, 10);
	first = collected();
	latency_add(&histogram, 20);
	latency_add(&histogram, 30);
	second = collected();
	latency_since(&second, &first);
	ck_assert_uint_eq(second.count, 2);
	ck_assert_uint_eq(latency_quantile(&second, 0.1), 20);
	first = collected();
	latency_clear(&histogram);
	latency_add(&histogram, 7);
	second = collected();
	latency_since(&second, &first);
	ck_assert_uint_eq(second.count, 1);
	ck_assert_uint_eq(latency_quantile(&second, 1), 7);
}
END_TEST

START_TEST(workers_add_up)
{
	struct latency_sum s;

	latency_clear(&histogram);
	latency_add(&histogram, 100);
	s = collected();
	latency_clear(&histogram);
	latency_add(&histogram, 50);
	latency_collect(&s, &histogram);
	ck_assert_uint_eq(s.count, 2);
	ck_assert_uint_eq(s.sum, 150);
	ck_assert_uint_eq(s.least, 50);
	ck_assert_uint_eq(s.most, 100);
}
END_TEST

UNIT_MAIN("latency", buckets_are_narrow, values_are_told_as_they_are,
    quantiles_of_many, nothing_is_zero, differences, workers_add_up)
