/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Loads, stores and cursors: byte order, bounds, sticky errors. Buffers are
 * exact heap blocks, so that ASan sees a step outside.
 */
#include "base/wire.h"

#include <stdlib.h>

#include "tests/unit/unit_run.h"

START_TEST(big_endian_at_any_alignment)
{
	uint8_t buf[8] = {0xee, 1, 2, 3, 4, 0xee, 0xee, 0xee};

	ck_assert_uint_eq(wire_load16(buf + 1), 0x0102);
	ck_assert_uint_eq(wire_load32(buf + 1), 0x01020304);
	wire_store16(buf + 3, 0xabcd);
	ck_assert_mem_eq(buf, "\xee\1\2\xab\xcd\xee", 6);
	wire_store32(buf + 1, 0xfffefdfc);
	ck_assert_mem_eq(buf, "\xee\xff\xfe\xfd\xfc\xee", 6);
}
END_TEST

START_TEST(reader_reads_to_the_last_byte)
{
	uint8_t *p = malloc(7);
	struct wire_reader r;

	ck_assert_ptr_nonnull(p);
	memcpy(p, "\1\2\3\4\5\6\7", 7);
	r = wire_reader_make(p, 7);
	ck_assert_uint_eq(wire_left(&r), 7);
	ck_assert_uint_eq(wire_read8(&r), 1);
	ck_assert_uint_eq(wire_read16(&r), 0x0203);
	ck_assert_uint_eq(wire_read32(&r), 0x04050607);
	ck_assert_uint_eq(wire_left(&r), 0);
	ck_assert_ptr_nonnull(wire_take_find(&r, 0));
	ck_assert(!r.failed);
	ck_assert_uint_eq(wire_read8(&r), 0);
	ck_assert(r.failed);
	free(p);
}
END_TEST

START_TEST(reader_error_is_sticky)
{
	uint8_t *p = malloc(3);
	struct wire_reader r;

	ck_assert_ptr_nonnull(p);
	memset(p, 0xff, 3);
	r = wire_reader_make(p, 3);
	ck_assert_uint_eq(wire_read32(&r), 0);
	ck_assert(r.failed);
	/* bytes are left, but nobody gets them */
	ck_assert_uint_eq(wire_left(&r), 3);
	ck_assert_uint_eq(wire_read8(&r), 0);
	ck_assert_uint_eq(wire_read16(&r), 0);
	ck_assert_ptr_null(wire_take_find(&r, 0));
	free(p);
}
END_TEST

START_TEST(reader_of_hostile_lengths)
{
	uint8_t p[4] = {0};
	struct wire_reader r = wire_reader_make(p, sizeof p);

	ck_assert_ptr_null(wire_take_find(&r, SIZE_MAX));
	ck_assert(r.failed);
	r = wire_reader_make(p, 0);
	ck_assert_uint_eq(wire_read8(&r), 0);
	ck_assert(r.failed);
}
END_TEST

START_TEST(writer_stops_at_the_end)
{
	uint8_t *p = malloc(7);
	struct wire_writer w;

	ck_assert_ptr_nonnull(p);
	w = wire_writer_make(p, 7);
	wire_write8(&w, 1);
	wire_write16(&w, 0x0203);
	wire_write32(&w, 0x04050607);
	ck_assert(!w.failed);
	ck_assert_mem_eq(p, "\1\2\3\4\5\6\7", 7);
	wire_write8(&w, 9);
	ck_assert(w.failed);

	w = wire_writer_make(p, 3);
	wire_write32(&w, 0);
	ck_assert(w.failed);
	wire_write8(&w, 9); /* it would fit; the error stays */
	ck_assert_mem_eq(p, "\1\2\3", 3);
	ck_assert_ptr_eq(w.at, p);
	free(p);
}
END_TEST

UNIT_MAIN("wire", big_endian_at_any_alignment, reader_reads_to_the_last_byte,
    reader_error_is_sticky, reader_of_hostile_lengths, writer_stops_at_the_end)
