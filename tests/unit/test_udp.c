/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of dataplane/sockets/udp.c: the cut of what the link can't carry.
 * The rest is in tests/system/test_sockets.py.
 */
#include <string.h>

#include "dataplane/sockets/udp.h"
#include "tests/unit/unit_run.h"

static const uint8_t response[] = {0x12, 0x34, 0x84, 0x00, 0, 1, 0, 1, 0, 0, 0,
    1, 3, 'w', 'w', 'w', 4, 't', 'e', 's', 't', 0, 0, 1, 0, 1,
    /* an answer, which goes */
    0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1};

START_TEST(test_cut_keeps_the_question)
{
	uint8_t m[sizeof response];

	memcpy(m, response, sizeof m);
	ck_assert_uint_eq(udp_cut(m, sizeof m), 26);
	ck_assert_uint_eq(m[2], 0x86); /* QR, AA and now TC */
	for (unsigned i = 6; i < 12; i++)
		ck_assert_uint_eq(m[i], 0);
	ck_assert_mem_eq(m + 12, response + 12, 14);
}
END_TEST

START_TEST(test_cut_refuses_what_has_no_question)
{
	uint8_t m[sizeof response];

	for (size_t bytes = 0; bytes < 26; bytes++) {
		memcpy(m, response, sizeof m);
		ck_assert_uint_eq(udp_cut(m, bytes), 0);
	}
	memcpy(m, response, sizeof m);
	m[5] = 0;
	ck_assert_uint_eq(udp_cut(m, sizeof m), 0);
	m[5] = 1;
	m[12] = 0xc0; /* a pointer where the name should be */
	ck_assert_uint_eq(udp_cut(m, sizeof m), 0);
}
END_TEST

UNIT_MAIN(
    "udp", test_cut_keeps_the_question, test_cut_refuses_what_has_no_question)
