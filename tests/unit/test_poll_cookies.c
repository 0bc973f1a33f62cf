/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What poll cores know of cookies: the time by the counter, and secrets that
 * are replaced while a reader still holds the old ones.
 */
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "dataplane/poll/cookie_keeper.h"
#include "tests/unit/unit_run.h"

#define S(seconds) ((int64_t)(seconds)*1000000000)

START_TEST(clock_goes_on_and_is_corrected)
{
	static const uint64_t rates[] = {1000000, 1999999999, 5200000000};
	static const uint64_t starts[] = {0, 12345, UINT64_MAX - 5};

	for (unsigned r = 0; r < 3; r++)
		for (unsigned s = 0; s < 3; s++) {
			uint64_t hz = rates[r], tsc = starts[s];
			struct wall_clock w = {0};

			wall_clock_init(&w, hz, tsc, S(1800000000) + 500000000);
			ck_assert_uint_eq(
			    wall_clock_seconds(&w, tsc), 1800000000);
			ck_assert_uint_eq(
			    wall_clock_seconds(&w, tsc + hz * 2), 1800000002);
			/* a week without a correction */
			ck_assert_uint_eq(
			    wall_clock_seconds(&w, tsc + hz * 604800),
			    1800604800);
			/* set forward a year, and back behind the start */
			wall_clock_set(&w, tsc, S(1831536000) + 250000000);
			ck_assert_uint_eq(
			    wall_clock_seconds(&w, tsc + hz / 4), 1831536000);
			wall_clock_set(&w, tsc, S(1700000000) + 500000000);
			ck_assert_uint_eq(
			    wall_clock_seconds(&w, tsc), 1700000000);
			ck_assert_uint_eq(
			    wall_clock_seconds(&w, tsc + hz), 1700000001);
			/* 32 bits come round (2106) */
			wall_clock_init(&w, hz, tsc, S(4294967295) + 500000000);
			ck_assert_uint_eq(
			    wall_clock_seconds(&w, tsc), UINT32_MAX);
			ck_assert_uint_eq(wall_clock_seconds(&w, tsc + hz), 0);
		}
}
END_TEST

START_TEST(a_reader_keeps_what_it_reads)
{
	struct cookie_secrets s = {.count = 1};
	const struct cookie_secrets *held;
	struct live *live;
	unsigned n = 0;
	struct err err;

	ck_assert_int_eq(live_new(&live, 1, &err), 0);
	ck_assert_ptr_null(live_secrets_read(live));
	live_reader_start(live, 0);
	ck_assert(live_publish_secrets(live, &s));
	live_reader_quiescent(live, 0);
	held = live_secrets_read(live);
	ck_assert_uint_eq(held->key[0][0], 0);
	/* as many as there are other places; then it has to wait */
	while (n < 2 * LIVE_SECRETS) {
		s.key[0][0] = n + 1;
		if (!live_publish_secrets(live, &s))
			break;
		n++;
		ck_assert_uint_eq(held->key[0][0], 0);
		ck_assert_uint_eq(live_secrets_read(live)->key[0][0], n);
	}
	ck_assert_uint_eq(n, LIVE_SECRETS - 1);
	live_reader_quiescent(live, 0);
	ck_assert(live_publish_secrets(live, &s));
	ck_assert_uint_eq(live_secrets_read(live)->key[0][0], n + 1);
	live_reader_stop(live, 0);
	live_free(&live);
}
END_TEST

START_TEST(kept_from_the_file)
{
	char dir[UNIT_PATH_MAX], path[UNIT_PATH_MAX], text[32], before[32];
	struct cookie_keeper k = {0};
	struct cookie_file f;
	struct live *live;
	struct err err;

	unit_directory_make(dir);
	unit_path(path, dir, "secrets");
	ck_assert_int_eq(live_new(&live, 1, &err), 0);
	cookie_keeper_look(&k, live); /* off */
	ck_assert_ptr_null(live_secrets_read(live));
	ck_assert_str_eq(cookie_keeper_text(&k, text), "off");
	k.path = path;
	cookie_keeper_look(&k, live);
	ck_assert_uint_eq(live_secrets_read(live)->count, 1);
	ck_assert_uint_eq(strlen(cookie_keeper_text(&k, before)), 8);
	ck_assert_int_eq(cookie_file_read(&f, path, &err), 0);
	memcpy(f.secrets[1], f.secrets[0], COOKIE_FILE_SECRET_BYTES);
	f.secrets[0][3] ^= 1;
	f.count = 2;
	ck_assert_int_eq(cookie_file_write(&f, path, true, &err), 0);
	cookie_keeper_look(&k, live);
	ck_assert_uint_eq(live_secrets_read(live)->count, 2);
	cookie_keeper_text(&k, text);
	ck_assert_uint_eq(strlen(text), 17);
	ck_assert_str_eq(text + 9, before);
	ck_assert_str_ne(text, before);
	/* a file that can't be used changes nothing */
	ck_assert_int_eq(truncate(path, 20), 0);
	cookie_keeper_look(&k, live);
	ck_assert_uint_eq(live_secrets_read(live)->count, 2);
	ck_assert_str_eq(cookie_keeper_text(&k, before), text);
	live_free(&live);
	unit_directory_remove(dir);
}
END_TEST

UNIT_MAIN("poll_cookies", clock_goes_on_and_is_corrected,
    a_reader_keeps_what_it_reads, kept_from_the_file)
