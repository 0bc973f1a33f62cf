/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of tools/record_text.c and tool_output.c: what people read.
 */
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "tests/unit/unit_run.h"
#include "tools/record_text.h"
#include "tools/tool_output.h"

static void
check_line(uint16_t type, const void *rdata, size_t bytes, const char *wanted)
{
	uint8_t apex[DNS_NAME_MAX + 1];
	struct zone_records *z;
	struct err err;
	char *line;

	ck_assert_int_gt(name_from_text(apex, "example.test.", &err), 0);
	z = zone_records_new(apex, &err);
	ck_assert_ptr_nonnull(z);
	ck_assert_int_eq(
	    zone_records_add(z, apex, type, 300, rdata, bytes, &err), 0);
	line = record_text_new(z, &z->records[0]);
	ck_assert_str_eq(line, wanted);
	free(line);
	zone_records_free(z);
}

START_TEST(test_known_types)
{
	check_line(DNS_TYPE_A, "\xc0\x00\x02\x01", 4,
	    "example.test. 300 IN A 192.0.2.1");
	check_line(DNS_TYPE_MX, "\x00\x0a\x02mx\x00", 6,
	    "example.test. 300 IN MX 10 mx.");
	check_line(DNS_TYPE_TXT,
	    "\x03"
	    "a\tb",
	    4, "example.test. 300 IN TXT \"a\\009b\"");
}
END_TEST

START_TEST(test_unknown_types)
{
	check_line(
	    65280, "\x01\xff", 2, "example.test. 300 IN TYPE65280 \\# 2 01ff");
	check_line(65280, "", 0, "example.test. 300 IN TYPE65280 \\# 0");
}
END_TEST

/* RDATA that is not of its type's shape is still shown. */
START_TEST(test_broken_rdata)
{
	check_line(
	    DNS_TYPE_A, "\x01", 1, "example.test. 300 IN TYPE1 \\# 1 01");
}
END_TEST

START_TEST(test_numbers)
{
	char text[32];

	ck_assert_str_eq(output_bytes(text, 1023), "1023 octets");
	ck_assert_str_eq(output_bytes(text, 1536), "1.5 KiB");
	ck_assert_str_eq(output_bytes(text, 3ull << 30), "3.0 GiB");
	ck_assert_str_eq(output_duration(text, 1500), "1.5 s");
	ck_assert_str_eq(output_duration(text, 61000), "1 min 1 s");
	ck_assert_str_eq(output_duration(text, 90000000), "1 d 1 h");
	ck_assert_str_eq(output_time(text, 0), "-");
	ck_assert_str_eq(output_time(text, 86400), "1970-01-02 00:00:00 UTC");
}
END_TEST

UNIT_MAIN("record_text", test_known_types, test_unknown_types,
    test_broken_rdata, test_numbers)
