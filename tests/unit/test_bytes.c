/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The growing buffer: contents, alignment, sticky failure.
 */
#include "base/bytes.h"

#include <string.h>

#include "tests/unit/unit_run.h"

START_TEST(appends_return_offsets)
{
	struct bytes b = {0};

	ck_assert_uint_eq(bytes_append(&b, "abc", 3), 0);
	ck_assert_uint_eq(bytes_append(&b, "", 0), 3);
	ck_assert_uint_eq(bytes_append_zero(&b, 2), 3);
	ck_assert_uint_eq(bytes_append(&b, "d", 1), 5);
	ck_assert_uint_eq(b.len, 6);
	ck_assert_mem_eq(b.data, "abc\0\0d", 6);
	bytes_clear(&b);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_uint_eq(bytes_append(&b, "x", 1), 0);
	bytes_fini(&b);
	ck_assert_ptr_null(b.data);
	bytes_fini(&b);
}
END_TEST

START_TEST(grows_and_keeps_contents)
{
	struct bytes b;

	bytes_init(&b);
	for (unsigned i = 0; i < 100000; i++)
		bytes_append(&b, &i, sizeof i);
	ck_assert(!b.failed);
	ck_assert_uint_eq(b.len, 400000);
	for (unsigned i = 0; i < 100000; i++)
		ck_assert_mem_eq(b.data + 4 * i, &i, 4);
	bytes_fini(&b);
}
END_TEST

START_TEST(aligns_with_zeros)
{
	struct bytes b = {0};

	bytes_align(&b, 64);
	ck_assert_uint_eq(b.len, 0);
	bytes_append(&b, "x", 1);
	bytes_align(&b, 1);
	ck_assert_uint_eq(b.len, 1);
	bytes_align(&b, 64);
	ck_assert_uint_eq(b.len, 64);
	for (int i = 1; i < 64; i++)
		ck_assert_uint_eq(b.data[i], 0);
	bytes_align(&b, 64);
	ck_assert_uint_eq(b.len, 64);
	bytes_fini(&b);
}
END_TEST

START_TEST(prints_without_terminator)
{
	struct bytes b = {0};
	char lots[3001];

	memset(lots, 'y', 3000);
	lots[3000] = '\0';
	bytes_printf(&b, "%d-%s", 42, "x");
	bytes_printf(&b, "%s", "");
	bytes_printf(&b, "%s", lots);
	ck_assert_uint_eq(b.len, 3004);
	ck_assert_mem_eq(b.data, "42-xyyy", 7);
	bytes_fini(&b);
}
END_TEST

START_TEST(failure_is_sticky)
{
	struct bytes b = {0};

	bytes_append(&b, "abc", 3);
	ck_assert(!bytes_reserve(&b, SIZE_MAX));
	ck_assert(b.failed);
	ck_assert_uint_eq(bytes_append(&b, "d", 1), 3);
	bytes_append_zero(&b, 5);
	bytes_printf(&b, "x");
	bytes_align(&b, 64);
	ck_assert(!bytes_reserve(&b, 1));
	ck_assert_uint_eq(b.len, 3);
	ck_assert_mem_eq(b.data, "abc", 3);
	bytes_fini(&b);
	ck_assert(!b.failed);
}
END_TEST

START_TEST(reserve_keeps_its_word)
{
	struct bytes b = {0};

	ck_assert(bytes_reserve(&b, 0));
	ck_assert(bytes_reserve(&b, 1000));
	ck_assert_uint_ge(b.cap, 1000);
	memset(b.data, 1, 1000);
	b.len = 1000;
	ck_assert(bytes_reserve(&b, 1));
	ck_assert_uint_ge(b.cap, 1001);
	bytes_fini(&b);
}
END_TEST

UNIT_MAIN("bytes", appends_return_offsets, grows_and_keeps_contents,
    aligns_with_zeros, prints_without_terminator, failure_is_sticky,
    reserve_keeps_its_word)
