/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Accounts: how much they give and when, what is slipped, who is forgotten when
 * a line is full, and clocks that do not go forward.
 */
#include "dataplane/limit/account.h"

#include <string.h>

#include "tests/unit/unit_run.h"

enum { HZ = 1000000, NOW = 500 * HZ };

static struct account_line lines[4];
static const struct account_table table = {.lines = lines, .mask = 3};

static struct account_rate
rate_of(unsigned per_second, unsigned burst, unsigned cores)
{
	return account_rate_make(HZ, per_second, burst, cores);
}

/* How many of n are given at `now`. */
static unsigned
take_many(
    struct account *a, const struct account_rate *r, uint64_t now, unsigned n)
{
	unsigned taken = 0;

	while (n--)
		taken += account_take(a, r, now);
	return taken;
}

START_TEST(a_burst_then_the_rate)
{
	const struct account_rate r = rate_of(100, 20, 1);
	struct account *a = account_find(&table, 77, &r, NOW);

	ck_assert_uint_eq(take_many(a, &r, NOW, 1000), 20);
	ck_assert_uint_eq(take_many(a, &r, NOW + HZ / 100 - 1, 1000), 0);
	ck_assert_uint_eq(take_many(a, &r, NOW + HZ / 100, 1000), 1);
	ck_assert_uint_eq(take_many(a, &r, NOW + HZ / 10, 1000), 9);
	/* idle for long: the burst, and no more */
	ck_assert_uint_eq(take_many(a, &r, NOW + 3600ull * HZ, 1000), 20);
	ck_assert_ptr_eq(a, account_find(&table, 77, &r, NOW));
}
END_TEST

/* Over a time, what n cores give together is the rate, and the burst once. */
START_TEST(cores_have_shares)
{
	static const unsigned cores[] = {1, 2, 3, 8, 64};

	for (unsigned c = 0; c < sizeof cores / sizeof *cores; c++) {
		const struct account_rate r = rate_of(320, 320, cores[c]);
		unsigned given = 0;

		for (unsigned core = 0; core < cores[c]; core++) {
			struct account a = {.tag = 1, .paid = NOW - r.credit};

			for (unsigned ms = 0; ms <= 10000; ms++)
				given += take_many(
				    &a, &r, NOW + ms * (HZ / 1000u), 3);
		}
		ck_assert_uint_ge(given, 11 * 320 - cores[c]);
		ck_assert_uint_le(given, 11 * 320 + cores[c]);
	}
}
END_TEST

START_TEST(small_rates_of_many_cores)
{
	const struct account_rate r = rate_of(1, 1, 8); /* one in 8 s a core */
	struct account a = {.tag = 1, .paid = NOW - r.credit};

	ck_assert_uint_eq(take_many(&a, &r, NOW, 10), 1);
	ck_assert_uint_eq(take_many(&a, &r, NOW + 7 * HZ, 10), 0);
	ck_assert_uint_eq(take_many(&a, &r, NOW + 8 * HZ, 10), 1);
}
END_TEST

START_TEST(every_nth_slips)
{
	struct account a = {0};

	for (unsigned slip = 1; slip <= 10; slip++) {
		a.over = 0;
		for (unsigned i = 1; i <= 100; i++)
			ck_assert_int_eq(
			    account_slips(&a, slip), i % slip == 0);
	}
	for (unsigned i = 0; i < 100; i++)
		ck_assert(!account_slips(&a, 0));
}
END_TEST

/* A step back is time that stands still; a jump out of the account's memory is
 * a new beginning, in both directions, at any place of the counter. */
START_TEST(clocks_go_backwards)
{
	const struct account_rate r = rate_of(100, 10, 1);
	static const uint64_t starts[] = {
	    0, 5, NOW, UINT64_MAX - 3, 1ull << 63};

	for (unsigned i = 0; i < sizeof starts / sizeof *starts; i++) {
		uint64_t t = starts[i];
		struct account a = {.tag = 1, .paid = t - r.credit};

		ck_assert_uint_eq(take_many(&a, &r, t, 50), 10);
		ck_assert_uint_eq(take_many(&a, &r, t - 5, 50), 0);
		ck_assert_uint_eq(take_many(&a, &r, t - r.credit, 50), 0);
		ck_assert_uint_eq(take_many(&a, &r, t, 50), 0);
		ck_assert_uint_eq(take_many(&a, &r, t + HZ / 100, 50), 1);
		ck_assert_uint_eq(take_many(&a, &r, t - 100 * HZ, 50), 10);
		ck_assert_uint_eq(take_many(&a, &r, t + 100 * HZ, 50), 10);
	}
}
END_TEST

static uint64_t
hash_in_line(unsigned line, uint32_t tag)
{
	return (uint64_t)tag << 33 | 1ull << 32 | line;
}

/* Five accounts for four places: the one with the most credit goes, so that who
 * floods keeps his, and so it goes at every run. */
START_TEST(the_richest_is_forgotten)
{
	const struct account_rate r = rate_of(100, 10, 1);
	struct account *a[4], *e;

	memset(lines, 0, sizeof lines);
	for (uint32_t i = 0; i < 4; i++) {
		a[i] = account_find(&table, hash_in_line(2, i + 1), &r, NOW);
		ck_assert_uint_eq(take_many(a[i], &r, NOW, i == 2 ? 3 : 5 + i),
		    i == 2 ? 3 : 5 + i);
		for (uint32_t j = 0; j < i; j++)
			ck_assert_ptr_ne(a[i], a[j]);
	}
	e = account_find(&table, hash_in_line(2, 9), &r, NOW);
	ck_assert_ptr_eq(e, a[2]);
	ck_assert_uint_eq(take_many(e, &r, NOW, 50), 10);
	/* a flood of new names cannot push the flooder out */
	for (uint32_t tag = 100; tag < 10000; tag++) {
		struct account *n =
		    account_find(&table, hash_in_line(2, tag), &r, NOW);

		ck_assert_ptr_ne(n, e);
		account_take(n, &r, NOW);
	}
	ck_assert_ptr_eq(account_find(&table, hash_in_line(2, 9), &r, NOW), e);
	ck_assert_uint_eq(take_many(e, &r, NOW, 50), 0);
	/* other lines never saw it */
	ck_assert_uint_eq(lines[1].account[0].tag, 0);
}
END_TEST

UNIT_MAIN("account", a_burst_then_the_rate, cores_have_shares,
    small_rates_of_many_cores, every_nth_slips, clocks_go_backwards,
    the_richest_is_forgotten)
