/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The set of quarantined messages: byte-exact but for the ID, for its time.
 */
#include "dataplane/guard/quarantine.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/unit_run.h"

static struct quarantine *
set_new(void)
{
	struct quarantine *q;
	struct err err;

	ck_assert_int_eq(quarantine_new(&q, &err), 0);
	return q;
}

START_TEST(only_the_very_octets_are_held)
{
	struct quarantine *q = set_new();
	uint8_t m[40] = "\1\2 a query of forty octets, nearly";

	ck_assert(!quarantine_is_active(NULL));
	ck_assert(!quarantine_is_active(q));
	ck_assert(!quarantine_holds(q, m, sizeof m));
	ck_assert_int_eq(quarantine_add(q, m, sizeof m, 100, NULL), 0);
	ck_assert(quarantine_is_active(q));
	m[0] ^= 0xff;
	m[1] ^= 0xff;
	ck_assert(quarantine_holds(q, m, sizeof m)); /* another ID */
	ck_assert(!quarantine_holds(q, m, sizeof m - 1));
	for (unsigned i = 2; i < sizeof m; i++) {
		m[i] ^= 0x20;
		ck_assert(!quarantine_holds(q, m, sizeof m));
		m[i] ^= 0x20;
	}
	ck_assert(!quarantine_holds(q, m, 2));
	ck_assert_int_eq(quarantine_add(q, m, 2, 100, NULL), ERR_USAGE);
	quarantine_free(&q);
}
END_TEST

START_TEST(time_passes)
{
	struct quarantine *q = set_new();
	uint8_t a[20] = "aa first", b[21] = "aa second";

	quarantine_add(q, a, sizeof a, 100, NULL);
	quarantine_add(q, b, sizeof b, 200, NULL);
	ck_assert_uint_eq(quarantine_expire(q, 99), 0);
	ck_assert_uint_eq(quarantine_expire(q, 100), 1);
	ck_assert(!quarantine_holds(q, a, sizeof a));
	ck_assert(quarantine_holds(q, b, sizeof b));
	quarantine_add(q, a, sizeof a, 300, NULL); /* crashed again */
	ck_assert(quarantine_holds(q, a, sizeof a));
	ck_assert_uint_eq(q->count, 2);
	ck_assert_uint_eq(quarantine_expire(q, 300), 2);
	ck_assert(!quarantine_is_active(q));
	quarantine_free(&q);
}
END_TEST

START_TEST(a_scan_says_what_is_there)
{
	struct quarantine *q = set_new();
	uint8_t unwritten[20] = "aa", kept[21] = "aa", gone[22] = "aa";

	quarantine_add(q, unwritten, sizeof unwritten, 100, NULL);
	quarantine_scan_begin(q);
	quarantine_add(q, kept, sizeof kept, 100, NULL);
	quarantine_add(q, gone, sizeof gone, 100, NULL);
	quarantine_scan_end(q);
	ck_assert_uint_eq(q->active, 3);
	quarantine_scan_begin(q);
	ck_assert(quarantine_holds(q, gone, sizeof gone));
	quarantine_add(q, kept, sizeof kept, 100, NULL);
	quarantine_scan_end(q);
	ck_assert(quarantine_holds(q, unwritten, sizeof unwritten));
	ck_assert(quarantine_holds(q, kept, sizeof kept));
	ck_assert(!quarantine_holds(q, gone, sizeof gone));
	quarantine_free(&q);
}
END_TEST

START_TEST(a_full_set_says_so)
{
	struct quarantine *q = set_new();
	struct err err;
	char m[32] = "aa";

	for (unsigned i = 0; i < QUARANTINE_MAX; i++) {
		memset(m + 2, 0, sizeof m - 2);
		snprintf(m + 2, sizeof m - 2, "%u", i);
		ck_assert_int_eq(
		    quarantine_add(q, (uint8_t *)m, sizeof m, 9, &err), 0);
	}
	ck_assert_int_eq(
	    quarantine_add(q, (uint8_t *)"aa more", 8, 9, &err), ERR_LIMIT);
	for (unsigned i = 0; i < QUARANTINE_MAX; i++) {
		memset(m + 2, 0, sizeof m - 2);
		snprintf(m + 2, sizeof m - 2, "%u", i);
		ck_assert(quarantine_holds(q, (uint8_t *)m, sizeof m));
	}
	quarantine_free(&q);
}
END_TEST

UNIT_MAIN("quarantine", only_the_very_octets_are_held, time_passes,
    a_scan_says_what_is_there, a_full_set_says_so)
