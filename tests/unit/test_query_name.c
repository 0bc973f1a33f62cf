/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Names of queries: scanning hostile bytes, vector code against its plain twin,
 * suffix hashes against whole names, the arithmetic of apex depths.
 */
#include <check.h>
#include <stdlib.h>

#include "dataplane/answer/name_lookup.h"

static uint32_t random_state = 1;

static unsigned
random_next(void)
{
	random_state = random_state * 1664525 + 1013904223;
	return random_state >> 8;
}

START_TEST(lower_is_the_plain_twin)
{
	uint8_t from[320], fast[320], plain[320];

	for (unsigned round = 0; round < 2000; round++) {
		unsigned n = 1 + random_next() % 255;

		for (unsigned i = 0; i < sizeof from; i++)
			from[i] = (uint8_t)random_next();
		query_name_lower(fast, from, n);
		query_name_lower_plain(plain, from, n);
		ck_assert_mem_eq(fast, plain, n);
	}
}
END_TEST

START_TEST(same_is_memcmp)
{
	uint8_t a[320], b[320];

	for (unsigned round = 0; round < 20000; round++) {
		unsigned n = random_next() % 250;

		for (unsigned i = 0; i < sizeof a; i++)
			a[i] = (uint8_t)(random_next() & 3);
		memcpy(b, a, sizeof b);
		/* a difference somewhere, inside or just outside */
		b[random_next() % (n + 3)] ^= (uint8_t)(random_next() & 1);
		ck_assert_int_eq(
		    query_name_same(a, b, n), memcmp(a, b, n) == 0);
	}
}
END_TEST

START_TEST(bucket_match_is_the_plain_twin)
{
	for (unsigned round = 0; round < 20000; round++) {
		struct bucket_d b;
		uint8_t *raw = (uint8_t *)&b;
		uint16_t tag = (uint16_t)(random_next() & 7);

		for (unsigned i = 0; i < sizeof b; i++)
			raw[i] = (uint8_t)random_next();
		for (unsigned i = 0; i < BUCKET_ENTRIES; i++)
			b.tag[i] = (uint16_t)(random_next() & 7);
		ck_assert_uint_eq(
		    bucket_match(&b, tag), bucket_match_plain(&b, tag));
	}
}
END_TEST

static const struct {
	const char *bytes;
	unsigned avail;
	int labels; /* -1: refused */
} scans[] = {
    {"", 1, 0},
    {"", 0, -1},
    {"\1a", 3, 1},
    {"\1a", 2, -1},
    {"\1a", 1, -1},
    {"\3www\7example\3com", 17, 3},
    {"\3www\7example\3com", 16, -1},
    {"\100", 70, -1},
    {"\300\14", 70, -1},
    {"\200", 70, -1},
    {"\1a\300\14", 70, -1},
};

START_TEST(scan_table)
{
	struct query_name n;
	uint8_t *exact = malloc(scans[_i].avail + 1);

	memset(exact, 0, scans[_i].avail + 1);
	memcpy(exact, scans[_i].bytes,
	    strlen(scans[_i].bytes) < scans[_i].avail ? strlen(scans[_i].bytes)
						      : scans[_i].avail);
	if (scans[_i].labels < 0) {
		ck_assert(!query_name_scan(&n, exact, scans[_i].avail));
	} else {
		ck_assert(query_name_scan(&n, exact, scans[_i].avail));
		ck_assert_int_eq(n.labels, scans[_i].labels);
	}
	free(exact);
}
END_TEST

START_TEST(scan_longest)
{
	struct query_name n;
	uint8_t name[300];

	/* 127 labels of one octet: 255 octets */
	for (unsigned i = 0; i < 127; i++) {
		name[2 * i] = 1;
		name[2 * i + 1] = 'a';
	}
	name[254] = 0;
	ck_assert(query_name_scan(&n, name, sizeof name));
	ck_assert_uint_eq(n.labels, 127);
	ck_assert_uint_eq(n.bytes, 255);
	/* 256 octets */
	name[252] = 2;
	name[255] = 0;
	name[254] = 'b';
	ck_assert(!query_name_scan(&n, name, sizeof name));
}
END_TEST

START_TEST(hashes_are_those_of_the_suffixes)
{
	static const uint8_t name[128] =
	    "\3WwW\24averyveryverylonglab\7Example\3com";
	const struct name_key key = {
	    {0x1234567890abcdefull, 0xfedcba0987654321}};
	struct query_name n;

	ck_assert(query_name_scan(&n, name, sizeof name));
	query_name_lower(n.lower, name, n.bytes);
	query_name_hash(&n, &key);
	for (unsigned d = 0; d <= n.labels; d++)
		ck_assert_uint_eq(n.hash[d],
		    name_hash(&key, n.lower + query_name_start(&n, d)));
}
END_TEST

START_TEST(depths_are_found_from_the_deepest)
{
	struct generation g = {
	    .depths = {1ull << 2 | 1ull << 63 | 1, 1ull << 5 | 1ull << 63}};
	static const int walk[] = {127, 69, 63, 2, 0, -1};
	int d = zone_depth_next(&g, 127);

	for (unsigned i = 0; i < sizeof walk / sizeof *walk; i++) {
		ck_assert_int_eq(d, walk[i]);
		if (d >= 0)
			d = zone_depth_next(&g, d - 1);
	}
	ck_assert_int_eq(zone_depth_next(&g, 68), 63);
	ck_assert_int_eq(zone_depth_next(&g, 62), 2);
	ck_assert_int_eq(zone_depth_next(&g, 1), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("query_name");
	TCase *t = tcase_create("all");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, lower_is_the_plain_twin);
	tcase_add_test(t, same_is_memcmp);
	tcase_add_test(t, bucket_match_is_the_plain_twin);
	tcase_add_loop_test(
	    t, scan_table, 0, (int)(sizeof scans / sizeof *scans));
	tcase_add_test(t, scan_longest);
	tcase_add_test(t, hashes_are_those_of_the_suffixes);
	tcase_add_test(t, depths_are_found_from_the_deepest);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
