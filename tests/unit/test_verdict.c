/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The verdict table: names are counter names, distinct, safe for any value.
 */
#include "dataplane/answer/verdict.h"

#include <ctype.h>
#include <string.h>

#include "tests/unit/unit_run.h"

START_TEST(names_are_distinct_words)
{
	for (int v = 0; v < VERDICT_COUNT; v++) {
		const char *name = verdict_name((enum verdict)v);

		ck_assert_uint_gt(strlen(name), 0);
		for (const char *p = name; *p; p++)
			ck_assert_msg(islower((unsigned char)*p) || *p == '_',
			    "%s", name);
		ck_assert_uint_gt(strlen(verdict_meaning((enum verdict)v)), 0);
		for (int w = 0; w < v; w++)
			ck_assert_str_ne(name, verdict_name((enum verdict)w));
	}
	ck_assert_str_eq(verdict_name(VERDICT_NXDOMAIN), "nxdomain");
}
END_TEST

START_TEST(other_values_are_no_verdicts)
{
	ck_assert_str_eq(verdict_name(VERDICT_COUNT), "?");
	ck_assert_str_eq(verdict_meaning((enum verdict) - 1), "?");
	ck_assert(verdict_is_sent(VERDICT_ANSWER));
	ck_assert(!verdict_is_sent(VERDICT_DROP_SHORT));
	ck_assert(!verdict_is_sent(VERDICT_DROP_RESPONSE));
}
END_TEST

UNIT_MAIN("verdict", names_are_distinct_words, other_values_are_no_verdicts)
