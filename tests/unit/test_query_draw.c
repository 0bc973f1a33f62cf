/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Queries drawn from zones: the shares are those of the mix, and the names are
 * what they are meant to be.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "tests/unit/query_rig.h"

/* --- shares
 * --------------------------------------------------------------------- */

static void
share_check(const char *what, uint64_t count, uint64_t all, double percent)
{
	double found = 100.0 * (double)count / (double)all;

	ck_assert_msg(fabs(found - percent) < 1.5, "%s: %g %%, wanted %g %%",
	    what, found, percent);
}

START_TEST(shares_are_those_of_the_mix)
{
	static const uint16_t sizes[] = {1232, 4096};
	struct query_mix mix = {
	    .count = 40000,
	    .nxdomain_percent = 20,
	    .random_percent = 5,
	    .edns_percent = 90,
	    .do_percent = 70,
	    .cookie_percent = 30,
	    .mixed_case_percent = 50,
	    .edns_sizes = sizes,
	    .nedns_sizes = 2,
	    .seed = 7,
	};
	struct query_set *s =
	    set_of_zone("example.com", "tools/demo/example.com.zone", mix);
	uint64_t edns = 0, dnssec_ok = 0, cookie = 0, large = 0, upper = 0;

	for (uint32_t i = 0; i < s->count; i++) {
		const struct load_query *q = &s->queries[i];
		const uint8_t *m = s->messages + q->at;
		const uint8_t *p = behind_question(s, i);
		bool any = false;

		ck_assert_uint_eq(wire_load32(m), 0);
		for (const uint8_t *c = m + DNS_HEADER_BYTES; c < p - 4; c++)
			any |= *c >= 'A' && *c <= 'Z';
		upper += any;
		if (wire_load16(m + 10) == 0) {
			ck_assert_ptr_eq(p, m + q->bytes);
			continue;
		}
		edns++;
		large += wire_load16(p + 3) == 4096;
		dnssec_ok += p[7] == 0x80;
		cookie += wire_load16(p + 9) == 12;
		ck_assert_ptr_eq(
		    p + DNS_OPT_BYTES + wire_load16(p + 9), m + q->bytes);
		if (wire_load16(p + 9)) {
			ck_assert_uint_eq(
			    wire_load32(p + 11), DNS_OPTION_COOKIE << 16 | 8);
		}
	}
	share_check("NXDOMAIN", s->of_kind[QUERY_NXDOMAIN], s->count, 20);
	share_check("random names", s->of_kind[QUERY_RANDOM], s->count, 5);
	share_check("hits", s->of_kind[QUERY_HIT], s->count, 75);
	share_check("EDNS", edns, s->count, 90);
	share_check("DO", dnssec_ok, s->count, 70);
	share_check("cookies", cookie, s->count, 30);
	share_check("4096 octets", large, edns, 50);
	share_check("mixed case", upper, s->count, 50);
	query_set_free(&s);
}
END_TEST

/* --- names
 * ---------------------------------------------------------------------- */

START_TEST(distinct_queries_are_counted)
{
	struct query_mix mix = {.count = 20000, .random_percent = 10};
	struct query_set *s = set_of_zone(TORTURE_APEX, TORTURE_FILE, mix);
	uint32_t most;

	ck_assert_uint_eq(names_count(s, &most), s->distinct);
	ck_assert_uint_gt(s->distinct, s->of_kind[QUERY_RANDOM]);
	ck_assert_uint_lt(s->distinct, s->count);
	query_set_free(&s);
}
END_TEST

/* Zipf with exponent 1: of n names, the first is asked 1 / (ln n + 0.58) of the
 * time; by a uniform draw, 1 / n. */
START_TEST(popular_names_are_asked_more_often)
{
	static const uint16_t a[] = {DNS_TYPE_A};
	char directory[UNIT_PATH_MAX], path[UNIT_PATH_MAX];
	struct query_mix mix = {.count = 50000, .types = a, .ntypes = 1};
	struct query_set *s;
	uint32_t most;

	unit_directory_make(directory);
	thousand_write(path, directory);
	s = set_of_zone("example", path, mix);
	ck_assert_uint_eq(names_count(s, &most), 1001);
	ck_assert_uint_lt(most, 120);
	query_set_free(&s);
	mix.zipf = 1;
	s = set_of_zone("example", path, mix);
	names_count(s, &most);
	share_check(
	    "the most popular", most, s->count, 100 / (log(1001) + 0.5772));
	query_set_free(&s);
	unit_directory_remove(directory);
}
END_TEST

/* What is meant to be NXDOMAIN is, and stands beside a name that is there; so
 * is what a random-subdomain attack asks. */
START_TEST(names_that_are_not_there)
{
	char directory[UNIT_PATH_MAX], path[UNIT_PATH_MAX];
	struct query_mix mix = {
	    .count = 5000, .nxdomain_percent = 50, .random_percent = 50};
	struct query_set *s;
	struct rig rig;
	uint32_t most;

	unit_directory_make(directory);
	thousand_write(path, directory);
	s = set_of_zone("example", path, mix);
	rig_open_file(&rig, "example", path);
	ck_assert_uint_eq(s->of_kind[QUERY_HIT], 0);
	ck_assert_uint_eq(names_count(s, &most), s->count);
	for (uint32_t i = 0; i < s->count; i++) {
		const uint8_t *m = s->messages + s->queries[i].at;

		query_check(&rig, s, i);
		ck_assert_uint_eq(rig.response[3] & 15, DNS_RCODE_NXDOMAIN);
		ck_assert_uint_eq(name_labels(m + DNS_HEADER_BYTES), 2);
		ck_assert_uint_ge(m[DNS_HEADER_BYTES], 10);
		ck_assert_uint_le(m[DNS_HEADER_BYTES], 16);
		/* one negative answer for the zone */
		ck_assert_uint_eq(
		    s->queries[i].expected, s->queries[0].expected);
	}
	rig_close(&rig);
	query_set_free(&s);
	unit_directory_remove(directory);
}
END_TEST

static const struct filled {
	unsigned wanted, labels;
	size_t bytes;
} filled[] = {
    {0, 2, 0},
    {1, 2, 0},
    {2, 2, 0},
    {3, 3, 0},
    {100, 100, 0},
    /* "example" takes 9 octets, and 1 + 1 each of the others */
    {127, 124, 255},
};

static void
filled_check(const struct filled *f, const char *path)
{
	struct query_mix mix = {
	    .count = 500, .random_percent = 100, .name_labels = f->wanted};
	struct query_set *s;
	uint32_t most;

	s = set_of_zone("example", path, mix);
	for (uint32_t i = 0; i < s->count; i++) {
		const uint8_t *name =
		    s->messages + s->queries[i].at + DNS_HEADER_BYTES;

		ck_assert_uint_eq(name_labels(name), f->labels);
		if (f->bytes)
			ck_assert_uint_eq(name_length(name), f->bytes);
	}
	ck_assert_uint_eq(names_count(s, &most), s->count);
	query_set_free(&s);
}

START_TEST(names_of_many_labels)
{
	char directory[UNIT_PATH_MAX], path[UNIT_PATH_MAX];

	unit_directory_make(directory);
	thousand_write(path, directory);
	for (size_t i = 0; i < sizeof filled / sizeof *filled; i++)
		filled_check(&filled[i], path);
	unit_directory_remove(directory);
}
END_TEST

UNIT_MAIN("query_draw", shares_are_those_of_the_mix,
    distinct_queries_are_counted, popular_names_are_asked_more_often,
    names_that_are_not_there, names_of_many_labels)
